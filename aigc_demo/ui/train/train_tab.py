"""The Fine-tune tab: bring data, choose what to train, watch it learn, use it in the other tabs.

No training happens in a page event. The tab writes a request for a job (aigc_demo/jobs), which is a process of its own
with its truth on the disk, and watches that.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.jobs import Job, TrainRequest
from aigc_demo.jobs.export import export_run, import_run
from aigc_demo.jobs.recipes import FirstTraining, facts_of, first_trainings, recipe_for
from aigc_demo.language.writers import ANSWERED
from aigc_demo.models.family import families, trained
from aigc_demo.publish import publish_zip
from aigc_demo.schemas import REQUESTS, Request, check, fitting
from aigc_demo.schemas.as_code import train_command
from aigc_demo.ui.page.code_block import code_block
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, QUICK
from aigc_demo.ui.page.generation_tab import PageTab
from aigc_demo.ui.page.panels import Lesson
from aigc_demo.ui.page.toasts import inform
from aigc_demo.ui.page.widgets import download
from aigc_demo.ui.train.compare_panel import ComparePanel
from aigc_demo.ui.train.data_panel import DataPanel
from aigc_demo.ui.train.recorded_panel import RecordedPanel
from aigc_demo.ui.train.settings_panel import SettingsPanel
from aigc_demo.ui.train.sweep_panel import SweepPanel
from aigc_demo.ui.train.watch_panel import WatchPanel

SHOW_RUN = (
    "() => document.querySelector('#train-head').scrollIntoView({block: 'nearest', behavior: 'smooth'})"
)
GREETING = Text("Hello!", "你好！")


class TrainTab(PageTab):
    """Components and handlers of the tab; its panels stand in files of their own."""

    task = "train"

    def __init__(self, context: Context) -> None:
        self.context = context
        self.allowed = context.settings.may_train
        words = context.words
        with gr.Tab(words("tab.train"), id=self.task, elem_id="tab-train") as self.tab:
            if not self.allowed:
                self.recorded = RecordedPanel(context)
                self.recorded.build()
                return
            self.data = DataPanel(context)
            self.watch, self.compare = WatchPanel(context), ComparePanel(context)
            with gr.Row(equal_height=False):
                with gr.Column(scale=1, min_width=300):
                    self._build_firsts()
                    self.data.build_ask()
                    self.settings = SettingsPanel(context, self.data)
                    self.settings.build()
                    self.data.build_bring()
                    self.settings.build_more()
                    self.sweep = SweepPanel(context, self.settings, self.watch)
                    self.sweep.form.build()
                with gr.Column(scale=2, min_width=320):
                    self._build_see()
        self._connect()

    def _build_firsts(self) -> None:
        """Left, on top: trainings that one press starts."""
        words = self.context.words
        gr.Markdown(words("train.first"), elem_classes="note", elem_id="train-first-title")
        with gr.Row(elem_classes="small-buttons chips"):
            self.firsts = {
                entry.id: gr.Button(
                    words.both(*(self._first_label(entry, lang) for lang in ("en", "zh"))),
                    size="sm",
                    elem_id=f"train-first-{entry.id}",
                )
                for entry in first_trainings()
            }

    def _first_label(self, entry: FirstTraining, lang: str) -> str:
        key = "train.first_minute" if entry.seconds == 60 else "train.first_seconds"
        return self.context.words.say(key, lang, title=entry.title.say(lang), seconds=entry.seconds)

    def _build_see(self) -> None:
        """Right: see, look inside, how it works, take away."""
        words = self.context.words
        self.data.build_see()
        self.sweep.build_see()
        self.watch.build()
        self.compare.build()
        with gr.Row(elem_classes="small-buttons chips"):
            self.export = download(
                self.context,
                words("train.export"),
                "train-export",
                self.watch.job,
                lambda job, folder, marking: self.write_zip(job, folder),
                visible=False,
            )
            self.publish = download(
                self.context,
                words("publish.button"),
                "train-publish",
                self.watch.job,
                lambda job, folder, marking: publish_zip(
                    self.context.jobs.get(job).model, folder, self.context.settings
                ),
                visible=False,
            )
            self.open_zip = gr.UploadButton(
                words("train.import_run"),
                size="sm",
                elem_id="train-import-run",
                type="filepath",
                file_types=[".zip"],
                visible=self.context.settings.rules.checkpoint_upload,
            )
        self.lesson = Lesson(self.context, [row.name for row in trained()], trained()[0].name, "train-lesson")
        self.sweep.build_lesson()
        with gr.Accordion(words("panel.code"), open=False, elem_id="train-code"):
            gr.Markdown(words("train.code_help"), elem_classes="note")
            self.command = code_block("", words("panel.shell"))

    def _connect(self) -> None:
        data, settings, watch = self.data, self.settings, self.watch
        for panel in (data, settings, watch, self.sweep):
            panel.connect()
        self.compare.connect(watch.job)
        family = settings.fields["family"]
        family.change(self.lesson.show, family, list(self.lesson.groups.values()), **QUICK)
        for changed in (watch.job.change, watch.head.change):  # what can be taken away changes as it trains
            changed(self.about, watch.job, [self.command, self.export, self.publish], **QUICK)
        begun = [watch.memory, *watch.shown(), data.preview_fold]
        chosen = {data.choice, settings.estimate, settings.proposed, *settings.fields.values()}
        starts = [
            settings.go.click(
                self.start, chosen, [*begun, settings.fields["name"], settings.proposed], **PRIVATE
            )
        ]
        for entry in first_trainings():
            press = self.firsts[entry.id].click(
                self.first(entry), chosen, [*begun, *settings.fitted()], **PRIVATE
            )
            starts.append(press)
        for started in starts:  # on a phone the run is below
            started.success(None, None, None, js=SHOW_RUN)
        self.open_zip.upload(
            self.read_zip, self.open_zip, [watch.memory, *watch.shown()], concurrency_id="import", **PRIVATE
        )

    def kept(self) -> dict[str, Any]:
        """What is chosen and set; the runs themselves are on the disk."""
        return {"data": self.data.choice, **self.settings.fields} if self.allowed else {}

    def recall(self, values: Mapping[str, Any], lang: str) -> dict[Any, Any]:
        """Updates that put the settings back; data and models that are gone stay as they are now."""
        parts, found = self.kept(), fitting(TrainRequest, values)
        starts = self.settings.starts(found.family) if found.family in families() else []
        offered = {"data": self.data.choices(), "start": starts}
        known = {name: [value for _, value in choices] for name, choices in offered.items()}
        good = {name: getattr(found, name) for name in values if name in parts}
        return {
            parts[name]: value for name, value in good.items() if name not in known or value in known[name]
        }

    def connect_page(self, page: gr.Blocks) -> None:
        """As the page opens: the job that was being watched, and the data and models that are there now."""
        if not self.allowed:
            self.recorded.connect_page(page)
            return
        page.load(self.watch.restore, self.watch.memory, self.watch.shown(), **QUICK)
        page.load(self.sweep.restore, self.sweep.memory, self.sweep.shown(), **QUICK)
        self.fresh = [self.data.choice, self.settings.fields["start"], self.settings.cost]
        inputs = [self.settings.fields[name] for name in ("family", "size", "start", "lora_rank")]
        self.tab.select(self.refresh, inputs, self.fresh, **QUICK)
        settings = self.settings
        chosen = {self.data.choice, settings.proposed, *settings.fields.values()}
        page.load(self.propose, chosen, [*settings.fitted(), self.data.preview_fold], **QUICK)
        page.load(self.data.show, self.data.choice, self.data.seen(), **PRIVATE)

    @polite
    def propose(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """The page was opened: the first data that are here, with what suits them; shown where no run is."""
        facts = facts_of(self.data.first() or "", self.context.settings)
        if facts is None:
            return gr.skip()
        recipe = recipe_for(facts)
        family = recipe.settings["family"] if recipe else values[self.settings.fields["family"]]
        shown = gr.update(open=not self.context.jobs.list())
        return {**self.settings.fit(family, facts, values, visitor), self.data.preview_fold: shown}

    @polite
    def refresh(self, family: str, size: str, start: str, rank: int, visitor: gr.Request) -> Any:
        """The tab was opened: data sets and models as they are now."""
        cost = self.settings.say_cost(
            family, size, start, rank, visitor
        )  # first: it may have to wait for torch
        starts = gr.update(choices=self.settings.said_starts(family, visitor))
        return self.data.update(self.context.lang(visitor)), starts, cost

    @polite
    def start(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """Hand the request to the jobs, and watch what becomes of it."""
        asked = self.settings.asked(values)
        name = self.context.jobs.submit(
            asked, self.settings.expected_seconds(values[self.settings.estimate], asked)
        )
        lang = self.context.lang(visitor)
        inform(self.context.words.say("train.started", lang, name=name))
        proposal = self.settings.free_name(asked.family, asked.data)
        return {
            self.watch.memory: name,
            **self.watch.render_all(name, lang),
            self.data.preview_fold: gr.update(open=False),
            self.settings.fields["name"]: proposal,
            self.settings.proposed: proposal,
        }

    def first(self, entry: FirstTraining) -> Any:
        """A handler that starts a first training."""

        def press(values: dict[Any, Any], visitor: gr.Request) -> Any:
            return self.start_first(entry, values, visitor)

        return press

    @polite
    def start_first(
        self, entry: FirstTraining, values: dict[Any, Any], visitor: gr.Request
    ) -> dict[Any, Any]:
        """Choose the data of a first training and the settings that suit them, and start."""
        lang, settings = self.context.lang(visitor), self.settings
        facts = facts_of(entry.data.say(lang), self.context.settings)
        recipe = recipe_for(facts)
        family = recipe.settings["family"]
        name = settings.free_name(family, facts.name)
        asked = check(TrainRequest, {**recipe.settings, "data": facts.name, "name": name})
        self.context.jobs.submit(asked, float(entry.seconds))
        inform(self.context.words.say("train.started", lang, name=name))
        fresh = dict.fromkeys((settings.fields["name"], settings.fields["start"]))
        return {
            **settings.fit(family, facts, {**values, **fresh}, visitor),
            self.watch.memory: name,
            **self.watch.render_all(name, lang),
            self.data.preview_fold: gr.update(open=False),
        }

    def about(self, name: str | None) -> Any:
        """The command that starts the chosen run, and whether there is something to take away."""
        job = next((job for job in self.context.jobs.list() if job.name == name), None)
        local = self.context.settings.mode == "local"
        command = train_command(job.request) if job else ""
        usable = job is not None and job.usable
        return command, gr.update(visible=usable), gr.update(visible=usable and local)

    def write_zip(self, name: str, folder: Path) -> Path:
        """The run as one file for another machine."""
        folder.mkdir(parents=True, exist_ok=True)
        return export_run(self.context.jobs.get(name).folder, folder / f"{name}.zip")

    @polite
    def read_zip(self, path: str | None, visitor: gr.Request) -> Any:
        """A run that another machine exported."""
        if not path:
            return gr.skip()
        name = self.settings.free_run(Path(path).stem)
        if not self.context.settings.rules.checkpoint_upload:
            raise InputError(
                en="Models cannot be uploaded to this public page; open the zip in the app on your own computer.",
                zh="此公开网页不能上传模型；请在自己电脑上的应用中打开该 zip。",
            )
        import_run(Path(path), self.context.settings.own_runs_dir, name)
        return {self.watch.memory: name, **self.watch.render_all(name, self.context.lang(visitor))}

    def uses(self) -> dict[str, gr.Button]:
        """The buttons that open another tab with the watched run, by the tab's task."""
        return self.watch.uses if self.allowed else {}

    def first_use(self, task: str, name: str | None, lang: str) -> Request:
        """A request of another tab that any run can serve: class 0 is always there."""
        job = self.context.jobs.get(self.watch.known(name))
        if not job.usable:
            raise InputError(
                en=f"{job.name} has no model yet; wait for its first save, or press Save now.",
                zh=f"{job.name} 还没有模型；请等到第一次保存，或点“立即保存”。",
            )
        if job.request.method == "lora":
            return check(
                REQUESTS[task],
                {"model": job.request.start, "adapter": job.model, **first_words(task, job, lang)},
            )
        ends = {"from_label": "0", "to_label": "0"} if task == "walk" else {}
        return check(REQUESTS[task], {"model": job.model, **ends})


def first_words(task: str, job: Job, lang: str) -> dict[str, Any]:
    """What an adapter is asked first: its trigger word, the question that its samples answer, or a greeting."""
    if task == "draw":
        return {"prompt": job.request.trigger}
    if task != "chat":
        return {"prompt": ""}
    question, *answer = json.loads(job.samples()[-1].read_text(encoding="utf-8"))[0].split(ANSWERED)
    return {"messages": [{"role": "user", "content": question if answer else GREETING.say(lang)}]}
