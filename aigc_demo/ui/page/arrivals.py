"""How a result arrives at its place, and how a tab comes back as it was left: one way for both.

The browser (assets/keep.js) holds what is to be shown, a recipe or what the widgets held, and presses the hidden button
`arrive-<task>`, whose handler here answers with the tab's updates; then the browser presses the button that starts, and
scrolls to the result. Nothing is computed for a link that is only fetched, and the visitor's limits hold as for a click.

To have something arrive: a link `<a href="?recipe=..." data-arrive>` (`as_code.link` writes the query) works in any
markup of the page; a handler puts `Arrivals.message(request)` into the component `said`, or `Arrivals.pressed(task)`
where its own updates have filled the widgets already, and calls `Arrivals.follow` on its event.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

import gradio as gr

from aigc_demo.actions.save import PATHS
from aigc_demo.core.errors import InputError
from aigc_demo.schemas import Request, as_code
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, QUICK
from aigc_demo.ui.page.panels import Memory

LONGEST = 200_000  # characters of what a browser may give back of one tab
HISTORY = """const begin = () => window.aigcKeep ? aigcKeep.showHistory() : requestAnimationFrame(begin);
begin();
watch('value', () => { if (props.value) aigcKeep.remember(props.value); });"""


class Arrivals:
    """The hidden components, and what they do. `shell` has the tabs."""

    def __init__(self, context: Context, shell: Any) -> None:
        self.context, self.shell = context, shell

    def build(self) -> None:
        """Place the history, and what nobody sees."""
        template = '<div hidden><p class="note"></p><div class="history"></div></div>'
        self.history = gr.HTML(None, html_template=template, js_on_load=HISTORY, elem_id="history")
        self.given, self.said = (gr.Textbox(visible=False, elem_id=name) for name in ("arrival", "arrived"))
        self.buttons = {
            task: gr.Button(visible="hidden", elem_id=f"arrive-{task}", elem_classes=self._inside(tab))
            for tab in self.shell.by_task.values()
            for task in (tab.tasks or (tab.task,))
        }

    def _inside(self, tab: Any) -> list[str]:
        """The class that names the page which holds the tab, where one does."""
        page = self.shell.pages.get(tab.task)
        return [f"in-{page.name}"] if page else []

    def connect(self, page: gr.Blocks) -> None:
        """What arrives at each tab, and what is kept of each."""
        for tab in self.shell.by_task.values():
            outputs = list(
                dict.fromkeys([self.said, *self.shell.places(), *tab.settable(), *tab.kept().values()])
            )
            for task in tab.tasks or (tab.task,):
                came = self.buttons[task].click(
                    self.handler(tab), self.given, outputs, js="() => [aigcKeep.outgoing()]", **PRIVATE
                )
                came.then(None, self.said, None, js="(text) => aigcKeep.came(text)", **QUICK)
            self._keep(tab, page)

    def _keep(self, tab: Any, page: gr.Blocks) -> None:
        """Tell the browser what the tab's widgets hold: as the page opens, as they change, and when a result is asked for."""
        parts = list(tab.kept().values())
        told = f"'{tab.task}', {json.dumps(list(tab.kept()))}, values"
        if parts:
            page.load(None, parts, None, js=f"(...values) => aigcKeep.opened({told})", **QUICK)
            gr.on(
                [part.change for part in parts],
                None,
                parts,
                None,
                js=f"(...values) => aigcKeep.draft({told})",
                **QUICK,
            )
        names = {part: name for name, part in tab.kept().items()}
        for ran, result in tab.runs:
            run = page.fns[ran["id"]]
            starts = [str(page.blocks[target].elem_id) for target, _ in run.targets]
            way = next(
                (start[:-3] for start in starts if start.endswith("-go")), tab.task
            )  # a panel's is another
            asked = json.dumps([names.get(part, "") for part in run.inputs])
            run.js = (
                f"(...values) => {{ aigcKeep.ask('{tab.task}', {asked}, values, '{way}'); return values; }}"
            )
            done = [f"aigcKeep.done('{tab.task}', {well}, '{way}')" for well in ("false", "true")]
            ran.failure(None, None, None, js=f"() => {done[0]}", **QUICK)
            told_done = f"(result) => {{ {done[1]}; return [result]; }}"
            ran.success(self.remember(tab), result, self.history, js=told_done, **PRIVATE)

    def handler(self, tab: Any) -> Any:
        """What answers when something arrives at `tab`."""

        def answer(text: str, visitor: gr.Request) -> dict[Any, Any]:
            return self.arrive(tab, text, visitor)

        return answer

    @polite
    def arrive(self, tab: Any, text: str, visitor: gr.Request) -> dict[Any, Any]:
        """Updates for a recipe, which opens its tab, or for what the tab's widgets held; `said` becomes the number of the arrival."""
        given = parsed(text)
        number = {self.said: str(given.get("id"))}
        if "recipe" not in given:
            values = given.get("values")
            return {
                **number,
                **tab.recall(values if isinstance(values, dict) else {}, self.context.lang(visitor)),
            }
        try:
            task, values = as_code.read_link(str(given["recipe"]))
            request = as_code.request_of(task, values)
            if self.shell.tab_of(task) not in (tab, None):
                return gr.skip()  # forged: the page presses the button of the recipe's own task
            updates = self.shell.show(request, visitor)
        except InputError:
            if given.get(
                "kept"
            ):  # as of a model that is gone since: the rest of what is kept stands for itself
                return gr.skip()
            raise
        if given.get("kept"):
            updates = {part: update for part, update in updates.items() if part not in self.shell.places()}
        still = {self.said: f"{given.get('id')} still"} if as_code.lacks_picture(request) else number
        return {**still, **updates}

    def remember(self, tab: Any) -> Any:
        """A handler that tells the browser of a tab's new result."""

        def tell(result: Any, visitor: gr.Request) -> Any:
            if result is None:
                return gr.skip()
            memory: Memory = tab.memory(result, self.context.lang(visitor))
            entry = {"about": memory.about, "thumbnail": memory.thumbnail, "words": memory.words}
            recipe = {
                name: value for name, value in as_code.recipe(memory.request).items() if name not in PATHS
            }
            alone = not any(
                getattr(memory.request, name, "") for name in PATHS
            )  # whether the recipe makes it again
            return json.dumps(
                {"tab": tab.task, "alone": alone, "recipe": recipe, **entry}, ensure_ascii=False
            )

        return tell

    def message(self, request: Request) -> dict[Any, Any]:
        """An update after which the page shows what `request` makes; InputError where it has no tab for it."""
        self.shell.tab_for(request)
        return self._message({"recipe": as_code.recipe(request)})

    def pressed(self, task: str) -> dict[Any, Any]:
        """An update after which the button that starts is pressed in a tab whose widgets were filled."""
        return self._message({"task": task})

    def filled(self, task: str) -> dict[Any, Any]:
        """An update after which a tab whose widgets were filled waits for the hand."""
        return self._message({"task": task, "still": True})

    def _message(self, said: Mapping[str, Any]) -> dict[Any, Any]:
        # said twice it is two messages
        return {self.said: json.dumps({**said, "number": secrets.token_hex(4)}, ensure_ascii=False)}

    def follow(self, event: Any) -> None:
        """Once the handler of `event` has answered, what it said is done. `said` has to be among its outputs."""
        event.success(None, self.said, None, js="(text) => aigcKeep.told(text)", **QUICK)


def parsed(text: str) -> dict[str, Any]:
    """What a browser gives back; nothing where it cannot be read."""
    try:
        given = json.loads(text[:LONGEST])
    except (ValueError, TypeError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}
