"""The Models tab: what is here, what the catalogue and the hub have, one model's card, and fetching it.

Nothing is fetched without a press on a button that says how much. A download belongs to the app, not to the page: a
timer reads how it stands, so that a reload and a second browser show the same.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo import hub
from aigc_demo.core.errors import InputError
from aigc_demo.schemas import check
from aigc_demo.ui.models.audit_panel import AuditPanel
from aigc_demo.ui.models.chosen_panel import ChosenPanel
from aigc_demo.ui.models.find_panel import FindPanel
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, QUICK, index_of
from aigc_demo.ui.page.generation_tab import PageTab
from aigc_demo.ui.page.no_model import first_choice
from aigc_demo.ui.page.widgets import chosen_model

FIRST_CLASS = {"from_label": "0", "to_label": "0"}  # the one that every model of the Latent space tab has
SHOW_CARD = """() => {
  const card = document.getElementById('models-card');
  if (card.getBoundingClientRect().top > innerHeight * 0.6) card.scrollIntoView({ block: 'start' });
}"""  # on a phone it stands below the list


class ModelsTab(PageTab):
    """Components and handlers of the tab; its panels stand in files of their own."""

    task = "models"

    def __init__(self, context: Context) -> None:
        self.context = context
        with (
            gr.Tab(context.words("tab.models"), id=self.task, elem_id="tab-models") as self.tab,
            gr.Row(equal_height=False),
        ):
            with gr.Column(scale=1, min_width=300):
                self.find = FindPanel(context)
                self.find.build()
            with gr.Column(scale=2, min_width=320):
                self.chosen = ChosenPanel(context, hub.Downloads(context.settings))
                self.chosen.build()
                self.probe = AuditPanel(context)
                self.probe.build()
        self._connect()

    def _connect(self) -> None:
        find, chosen = self.find, self.chosen
        find.connect(chosen.model)
        chosen.connect()
        self.probe.connect(chosen.model)
        asking = {**PRIVATE, "concurrency_id": "hub"}
        find.list.select(self.pick_model, find.ids, chosen.shown(), trigger_mode="always_last", **asking)
        find.list.select(None, None, None, js=SHOW_CARD, **QUICK)
        now = {chosen.model, *find.asked()}
        chosen.deleted.success(find.search, now, find.shown(), **asking)
        chosen.came.change(find.search, now, find.shown(), **asking)
        self.tab.select(self.refresh, now, [*find.shown(), *chosen.shown()], **asking)
        if find.any_model:
            gr.on(
                [find.look_up.click, find.other.submit],
                self.show_named,
                find.other,
                [find.other, *chosen.shown()],
                **asking,
            )

    def connect_tabs(self, shell: Any, tasks: Mapping[str, str]) -> None:
        """Buttons between this tab and the others; `tasks` says what the models of a tab do."""
        for tab in shell.by_task.values():
            if tab.no_model:
                shown = [*shell.places(), *self.find.asked(), *self.find.shown(), *self.chosen.shown()]
                # Gradio may lose the choice of a tab among so many updates, as long as that tab is being built
                tab.no_model.button.click(fn=None, js=f"() => aigcPlace.go('{self.task}')")
                tab.no_model.button.click(
                    self.open_for(shell, tasks[tab.task]), None, shown, **PRIVATE, concurrency_id="hub"
                )
        for name, button in self.chosen.uses.items():
            if name not in tasks:
                continue
            other = shell.by_task[name]
            shown = [*shell.places(), *other.settable(), shell.arrivals.said]
            used = button.click(self.use_in(shell, other, tasks[name]), self.chosen.model, shown, **PRIVATE)
            shell.arrivals.follow(used)

    def open_for(self, shell: Any, task: str) -> Any:
        """A handler that opens this tab at the model to get for a task, and begins to convert what a package holds."""

        def open_here(visitor: gr.Request) -> Iterator[dict[Any, Any]]:
            lang, model = self.context.lang(visitor), first_choice(task)
            carried = isinstance(model, hub.Carried)
            asked = ("packages" if carried else "catalogue", "", task, "any", "any", False)
            filled = {
                part: gr.update(value=value) for part, value in zip(self.find.asked(), asked, strict=True)
            }
            chosen = model.id if model else ""
            yield {**shell.opened(self.task), **filled, **self.find.found(asked, chosen, lang)}
            if carried and model.path() and self.context.settings.may_download:
                yield {**self.chosen.begin_convert(model.id, visitor), self.chosen.model: model.id}
            if model:
                yield from self.chosen.show(model.id, lang)

        return open_here

    def use_in(self, shell: Any, other: Any, task: str) -> Any:
        """A handler that opens another tab with the chosen model."""

        def open_there(model: str, visitor: gr.Request) -> dict[Any, Any]:
            lang = self.context.lang(visitor)
            if not other.model_is_all:
                return shell.arrivals.message(check(other.request_type, {"model": model, **FIRST_CLASS}))
            picked = {other.fields["model"]: chosen_model(self.context, task, model, lang)}
            run = shell.arrivals.pressed(other.task) if other.runs_as_it_is else {}
            return {**shell.opened(other.task), **other.for_model(model, lang), **picked, **run}

        return open_there

    @polite
    def refresh(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """The tab was opened: models as they are now, the first one chosen, a download under way, whoever began it."""
        lang, model = self.context.lang(visitor), values[self.chosen.model]
        listed = {} if values[self.find.place] == "hub" else self.find.search(values, visitor)
        if not model and listed.get(self.find.ids) and values[self.find.place] == "here":
            model = listed[self.find.ids][0]
            asked = [values[part] for part in self.find.asked()]
            first = next(self.chosen.show(model, lang))
            return {**self.find.found(asked, model, lang), **first, **self.chosen.progress_now(lang)}
        return {**listed, **self.chosen.render_all(model, lang)}

    @polite
    def pick_model(
        self, ids: list[str], event: gr.EventData, visitor: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        """A model of the list was chosen."""
        if 0 <= index_of(event) < len(ids):
            yield from self.chosen.show(ids[index_of(event)], self.context.lang(visitor))

    @polite
    def show_named(self, text: str, visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Any model of the hub by its id, or a folder of this computer, which is checked and offered at once."""
        if not self.context.settings.rules.any_model:
            raise InputError(
                en="Only the person at this computer may name other models.",
                zh="只有在本机运行时才能指定其他模型。",
            )
        text, lang = (text or "").strip(), self.context.lang(visitor)
        folder = Path(text.strip("\"'“”")).expanduser()
        if text and (folder.is_absolute() or text.startswith(".")):
            text = hub.add_folder(folder, self.context.settings).id
        for updates in self.chosen.show(text, lang):
            yield {self.find.other: "", **updates}
