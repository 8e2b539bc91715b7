"""Header, tabs, history and restoring: what stands around the tabs and connects them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo import actions, provenance
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text, label_of
from aigc_demo.provenance.schema import Statement
from aigc_demo.runtime.registry import all_cards
from aigc_demo.schemas import REQUESTS, DrawRequest, Request, as_code, fitting
from aigc_demo.schemas.base import LONGEST_PROMPT
from aigc_demo.schemas.tasks import serving_tasks, task_of, tasks_on
from aigc_demo.ui.page.arrivals import Arrivals
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.footer import build_footer
from aigc_demo.ui.page.gradio_gaps import progress_in_one_place
from aigc_demo.ui.page.toasts import inform
from aigc_demo.ui.page.widgets import model_choices


class Shell:
    """Components and handlers around the tabs."""

    def __init__(self, context: Context, tab_types: Mapping[str, Sequence[Callable[..., Any]]]) -> None:
        self.context = context
        self.tab_types = tab_types

    def build(self, page: gr.Blocks) -> None:
        """Place everything and connect it."""
        words = self.context.words
        self.header = gr.HTML(header_html(words("shell.tagline")), elem_id="header")
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as self.tabs:
            self.by_task = {tab.task: tab for tab in self._build_tabs()}
        self.makers = {task.name: task.ability for task in serving_tasks() if task.name in self.by_task}
        self.arrivals = Arrivals(self.context, self)
        self.arrivals.build()
        with gr.Row(elem_classes="small-buttons chips"):
            self.file = gr.UploadButton(
                words("shell.restore"), size="sm", elem_id="restore-file", type="filepath"
            )
        build_footer(self.context, page)
        self.device = gr.HTML(words("shell.loading"), elem_id="device", elem_classes="note")
        self._connect(page)

    def _build_tabs(self) -> Iterator[Any]:
        """Each tab, in the order of the page; `pages` are those that hold ways of working, by these ways' tasks."""
        self.pages: dict[str, SubtabPage] = {}
        for name, kinds in self.tab_types.items():
            if len(tasks_on(name)) < 2:
                yield from (kind(self.context) for kind in kinds)
                continue
            page = SubtabPage(self.context, name, kinds)
            self.pages |= dict.fromkeys((tab.task for tab in page.inner), page)
            yield from page.inner

    def openings(self, lang: str) -> dict[str, str]:
        """By task the button that a visitor's first look at its tab presses."""
        return {name: tab.opening[lang] for name, tab in self.by_task.items() if lang in tab.opening}

    def places(self) -> list[gr.Tabs]:
        """The components that say which tab is open."""
        return [self.tabs, *(page.subtabs for page in dict.fromkeys(self.pages.values()))]

    def opened(self, task: str) -> dict[Any, Any]:
        """Updates that open the tab of a task."""
        page = self.pages.get(task)
        if page is None:
            return {self.tabs: gr.update(selected=task)}
        return {self.tabs: gr.update(selected=page.name), **page.open(task)}

    def _connect(self, page: gr.Blocks) -> None:
        page.load(self.device_line, None, self.device, **PRIVATE)
        self._connect_changes(page)
        page.unload(self.leave)
        self.arrivals.connect(page)
        said = self.arrivals.said
        self.arrivals.follow(self.file.upload(self.restore_file, self.file, self.filled(), **PRIVATE))
        for tab in (self.by_task[task] for task in ("image", "draw") if task in self.by_task):
            self._connect_send(tab)
        for tab in self.by_task.values():
            self._connect_doors(tab)
        if "models" in self.by_task:
            self.by_task["models"].connect_tabs(self, self.makers)
        if "verify" in self.by_task:
            verify = self.by_task["verify"]
            self.arrivals.follow(verify.restore.click(self.restore_recipe, verify.recipe, said, **PRIVATE))
            self.arrivals.follow(
                verify.use.click(self.use_statement, verify.statement, self.filled(), **PRIVATE)
            )
            verify.connect_latest()
        if "start" in self.by_task:
            self.by_task["start"].connect_page(self)
        if "train" in self.by_task:
            self._connect_train(self.by_task["train"], page)
        progress_in_one_place(page, self.header)

    def _connect_changes(self, page: gr.Blocks) -> None:
        """Models that are new: only where there are any does an event with many outputs run."""
        offered = gr.State(self.offered())
        for opened in (page.load, *(place.select for place in self.places())):
            opened(self.offered, None, offered, **PRIVATE)
        offered.change(self.refresh_models, set(self.pickers()), self.refreshed(), **PRIVATE)

    def _connect_doors(self, tab: Any) -> None:
        """From a tab without a model to those that work; a button to one that this page lacks is not shown."""
        if not tab.no_model:
            return
        tab.no_model.button.visible = "models" in self.by_task
        for name, button in tab.no_model.doors.items():
            button.visible = name in self.by_task
            if button.visible:
                button.click(lambda name=name: self.opened(name), None, self.places(), **PRIVATE)

    def _connect_train(self, train: Any, page: gr.Blocks) -> None:
        """A run is used in another tab."""
        train.connect_page(page)
        for task, button in train.uses().items():
            if task in self.by_task:
                used = button.click(self.use(train, task), train.watch.job, self.arrivals.said, **PRIVATE)
                self.arrivals.follow(used)

    def _connect_send(self, tab: Any) -> None:
        """A picture becomes an end of a walk, or is enlarged; a button to a tab that this page lacks is not shown."""
        latent, upscale = self.by_task.get("walk"), self.by_task.get("upscale")
        for button, side in ((tab.send_a, "from"), (tab.send_b, "to")):
            if latent is None:
                button.visible = False
                continue
            inputs = {tab.result, tab.picked, *latent.choosers}
            places = [*self.places(), *latent.settable(), self.arrivals.said]
            self.arrivals.follow(button.click(self.send(tab, latent, side), inputs, places, **PRIVATE))
        if upscale is None:
            tab.send_upscale.visible = False
            return
        places = [*self.places(), upscale.picture, self.arrivals.said]
        sent = tab.send_upscale.click(self.enlarge(tab, upscale), {tab.result, tab.picked}, places, **PRIVATE)
        self.arrivals.follow(sent)

    def pickers(self) -> list[gr.Dropdown]:
        """The model pickers of the tabs that make something."""
        return [self.by_task[task].fields["model"] for task in self.makers]

    def refreshed(self) -> list[Any]:
        """What changes with the models on the disk: the pickers, and where `model_is_all` what hangs on the model."""
        found = self.pickers()
        for tab in self.by_task.values():
            found += tab.settable() if tab.model_is_all else []
            found += tab.no_model.parts() if tab.no_model else []
        return list(dict.fromkeys(found))

    def offered(self) -> list[str]:
        """The models that can be chosen now."""
        return [card.id for card in all_cards(self.context.settings)]

    @polite
    def refresh_models(self, chosen: dict[Any, str], visitor: gr.Request) -> dict[Any, Any]:
        """Offer the models that are on the disk now: one may have been trained or fetched since the page was opened."""
        lang, updates = self.context.lang(visitor), {}
        for task, kind in self.makers.items():
            tab = self.by_task[task]
            picker, choices = tab.fields["model"], model_choices(self.context, kind, lang)
            gone = chosen[picker] not in [model_id for _, model_id in choices]
            value = choices[0][1] if choices else None
            if gone and value and tab.model_is_all:
                updates |= tab.for_model(value, lang)
            updates[picker] = gr.update(choices=choices, **({"value": value} if gone else {}))
            if tab.no_model:
                updates |= tab.no_model.show(not choices)
        return updates

    def use(self, train: Any, task: str) -> Any:
        """A handler that opens the tab of `task` with the run that is being watched."""

        def open_there(name: str | None, visitor: gr.Request) -> Any:
            return self.use_run(train, task, name, visitor)

        return open_there

    @polite
    def use_run(self, train: Any, task: str, name: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """Open a tab with a run as its model, though it was trained after the page was opened, and use it."""
        return self.arrivals.message(train.first_use(task, name, self.context.lang(visitor)))

    def device_line(self, visitor: gr.Request) -> str:
        """What computes, with the reason for it, once torch is there and the device is known."""
        lang, say = self.context.lang(visitor), self.context.words.say
        actions.sweep(self.context.settings.outputs_dir)
        try:
            device = self.context.cache.device()
        except InputError as error:
            return f"<b>{error.say(lang)}</b>"
        import torch

        threads = (
            f" · {say('shell.threads', lang, count=torch.get_num_threads())}" if device.name == "cpu" else ""
        )
        return f"<b>{device.name.upper()} · {device.dtype}{threads}</b> · {device.reason.say(lang)}"

    def leave(self, visitor: gr.Request) -> None:
        """The visitor closed or reloaded the page: nothing computes on for them."""
        self.context.stop(visitor)

    def show(self, request: Request, visitor: gr.Request) -> dict[Any, Any]:
        """Updates that open the right tab with a request's settings; InputError where this page has none for it."""
        tab = self.tab_for(request)
        tab.interrupt(visitor)
        return {**self.opened(tab.task), **tab.show(request, self.context.lang(visitor))}

    def tab_of(self, task: str) -> Any:
        """The tab that shows what is made by this task; None where the page lacks it."""
        return next((tab for tab in self.by_task.values() if task in (tab.tasks or (tab.task,))), None)

    def tab_for(self, request: Request) -> Any:
        """The tab that brings a request back; InputError where this page has none for it."""
        task = task_of(request).name
        tab = self.tab_of(task)
        if tab is None:
            raise InputError(
                en=f"This page has no tab that brings back the task {task}; "
                "python -m aigc_demo verify FILE shows what it was made with.",
                zh=f"本页面没有可还原任务 {task} 的标签页；可用 python -m aigc_demo verify 文件 查看它的设置。",
            )
        return tab

    @polite
    def restore_file(self, path: str | None, visitor: gr.Request) -> Any:
        """Restore the settings that a generated file carries."""
        if not path:
            return gr.skip()
        found = provenance.read(path)
        name = Path(path).name
        if found.recipe is None and found.statement and found.statement.settings():
            return self._fill(found.statement, visitor)
        if found.recipe is None or found.recipe.task not in REQUESTS:
            raise InputError(
                en=f"{name} carries no recipe of this app; drop a file that was saved here.",
                zh=f"{name} 不含本应用的配方；请拖入在这里保存的文件。",
            )
        asked = as_code.request_of(found.recipe.task, found.recipe.request)
        arriving, lang = self.arrivals.message(asked), self.context.lang(visitor)
        words = self.context.words.say("shell.restored", lang, name=name)
        inform(
            words + (self.context.words.say("shell.picture", lang) if as_code.lacks_picture(asked) else "")
        )
        return arriving

    @polite
    def restore_recipe(self, recipe: tuple[str, dict[str, Any]], visitor: gr.Request) -> Any:
        """Restore the settings of what the Verify tab looked at."""
        if not recipe:
            return gr.skip()
        task, values = recipe
        return self.arrivals.message(as_code.request_of(task, values))

    @polite
    def use_statement(self, statement: Statement | None, visitor: gr.Request) -> Any:
        """Offer the settings that another generator wrote into what the Verify tab looked at."""
        return self._fill(statement, visitor) if statement else gr.skip()

    def filled(self) -> list[Any]:
        """The components that a restored file or statement may update."""
        draw = self.by_task.get("draw")
        return [self.arrivals.said, *self.places(), *(draw.settable() if draw else [])]

    def _fill(self, statement: Statement, visitor: gr.Request) -> dict[Any, Any]:
        """Updates that open the tab that draws from words with another generator's settings, which wait there for the hand."""
        draw, words, lang = self.by_task.get("draw"), self.context.words, self.context.lang(visitor)
        if draw is None:
            raise InputError(
                en=f"The file has the settings of {statement.program}; this page has no tab that draws from words.",
                zh=f"该文件带有 {statement.program} 的设置；本页面没有由文字绘图的标签页。",
            )
        values, left = as_asked(statement)
        names = Text(", ", "、").say(lang).join(label_of(DrawRequest, name).say(lang) for name in left)
        inform(
            words.say("shell.offered", lang, program=statement.program)
            + (words.say("shell.not_taken", lang, names=names) if left else "")
        )
        return {**self.opened(draw.task), **self.arrivals.filled(draw.task), **draw.with_values({}, values)}

    def send(self, tab: Any, latent: Any, side: str) -> Any:
        """A handler that opens the Latent space tab with the picked picture as the end `side`."""

        def open_there(values: dict[Any, Any], visitor: gr.Request) -> Any:
            return self.send_to_walk(tab, latent, side, values, visitor)

        return open_there

    @polite
    def send_to_walk(
        self, tab: Any, latent: Any, side: str, values: dict[Any, Any], visitor: gr.Request
    ) -> Any:
        """Open the Latent space tab with the model, the seed and the class or sentence of the picked picture."""
        lang = self.context.lang(visitor)
        if values[tab.result] is None:
            inform(self.context.words.say("toast.nothing_to_send", lang))
            return gr.skip()
        point = tab.end_point(values[tab.result], values[tab.picked])
        here = {**self.opened(latent.task), **self.arrivals.pressed(latent.task)}
        return {**here, **latent.receive(side, point, values, lang)}

    def enlarge(self, tab: Any, upscale: Any) -> Any:
        """A handler that opens the tab that enlarges, with the picked picture in it."""

        def open_there(values: dict[Any, Any], visitor: gr.Request) -> Any:
            return self.send_to_upscale(tab, upscale, values, visitor)

        return open_there

    @polite
    def send_to_upscale(self, tab: Any, upscale: Any, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """Open the tab that enlarges, with the picked picture as a labelled file."""
        if values[tab.result] is None:
            inform(self.context.words.say("toast.nothing_to_send", self.context.lang(visitor)))
            return gr.skip()
        path = tab.file_of(values[tab.result], values[tab.picked])
        here = {**self.opened(upscale.task), **self.arrivals.pressed(upscale.task)}
        return {**here, **upscale.receive(path)}


def as_asked(statement: Statement) -> tuple[dict[str, Any], list[str]]:
    """What of another generator's settings fits a request, prompts cut to what it takes; the fields that do not fit whole."""
    told = statement.settings()
    cut = {name: value[:LONGEST_PROMPT] if isinstance(value, str) else value for name, value in told.items()}
    fit = fitting(DrawRequest, cut)
    kept = {name: value for name, value in cut.items() if getattr(fit, name) == value}
    return kept, [name for name, value in told.items() if kept.get(name) != value]


def header_html(tagline: Any) -> str:
    """Name, what it is, and the choice of language, of which the style sheet marks the present one."""
    marks = {"zh": "中文", "en": "EN"}
    links = " | ".join(
        f'<a href="?lang={key}" lang="{key}" data-lang="{key}">{mark}</a>' for key, mark in marks.items()
    )
    return (
        f'<div class="bar"><span><span class="seal" aria-hidden="true">生成</span><h1>AIGC Demo</h1></span>'
        f'<span class="tagline">{tagline}</span><span class="facts">{links}</span></div>'
    )


class SubtabPage:
    """One tab of the page; each of `kinds` builds a tab inside it, and is one of the shell's tabs like any other."""

    def __init__(self, context: Context, name: str, kinds: Sequence[type]) -> None:
        with (
            gr.Tab(context.words(f"tab.{name}"), id=name, elem_id=f"tab-{name}"),
            gr.Tabs(elem_id=f"{name}-modes", elem_classes="modes", overflow_behavior="wrap") as self.subtabs,
        ):
            self.inner = [kind(context) for kind in kinds]
        self.name = name

    def open(self, task: str) -> dict[Any, Any]:
        """Updates that show the way of working called `task`."""
        return {self.subtabs: gr.update(selected=task)}
