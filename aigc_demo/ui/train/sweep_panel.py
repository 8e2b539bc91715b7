"""Tuning: choose what to vary, start a sweep, and watch it, whoever started it.

As for jobs nothing is kept in the page: a timer reads the sweep's folder and those of its runs while it works.
"""

from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.jobs.sweep import Sweep, SweepRequest, Sweeps
from aigc_demo.jobs.sweep.report import write_report
from aigc_demo.jobs.sweep.sweeps import run_name
from aigc_demo.jobs.sweep.tasks import SweepTask, tasks
from aigc_demo.schemas import check
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, QUICK, index_of
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.panels import LATEX, pick_list, source
from aigc_demo.ui.page.toasts import inform
from aigc_demo.ui.page.widgets import download
from aigc_demo.ui.train import sweep_view as view
from aigc_demo.ui.train.settings_panel import SettingsPanel
from aigc_demo.ui.train.sweep_form import SweepForm
from aigc_demo.ui.train.watch_panel import WatchPanel

SECONDS = 2.0
ORDERS = ("stop", "resume", "tidy", "delete")


class SweepPanel:
    """Components and handlers; `sweep` is the name of the chosen sweep, `picked` the place of a run in it."""

    def __init__(self, context: Context, settings: SettingsPanel, watch: WatchPanel) -> None:
        self.context, self.settings, self.watch = context, settings, watch
        self.form = SweepForm(context, settings)

    @property
    def sweeps(self) -> Sweeps:
        """Those of the visitor who asks."""
        return Sweeps(self.context.settings)

    def build_see(self) -> None:
        """Right: choose a sweep and see it; nothing where there is none."""
        words = self.context.words
        self.sweep = gr.Dropdown(
            [],
            value=None,
            label=words("sweep.sweep"),
            elem_id="sweep-choice",
            filterable=False,
            visible=False,
        )
        self.memory = gr.BrowserState("", storage_key="aigc_sweep", secret="the name of a sweep")
        self.seen, self.picked = gr.State({}), gr.State(None)
        self.timer = gr.Timer(SECONDS, active=False)
        self.head = gr.HTML("", elem_id="sweep-head")
        with gr.Row(elem_classes="small-buttons chips"):
            self.orders = {
                name: gr.Button(
                    words(f"sweep.order.{name}"), size="sm", visible=False, elem_id=f"sweep-{name}"
                )
                for name in ORDERS
            }
        self.result = gr.HTML("", elem_id="sweep-result")
        self.plot = gr.HTML("", elem_id="sweep-plot")
        self.table = pick_list("", "sweep-table")
        with gr.Row(elem_classes="small-buttons chips"):
            self.use = gr.Button(
                words("sweep.use"), size="sm", variant="primary", visible=False, elem_id="sweep-use"
            )
            self.take = gr.Button(words("sweep.take"), size="sm", visible=False, elem_id="sweep-take")
            self.files = [
                download(
                    self.context,
                    label,
                    f"sweep-save-{suffix}",
                    self.sweep,
                    self.writer(suffix),
                    visible=False,
                )
                for suffix, label in (("csv", "CSV"), ("json", "JSON"))
            ]

    def build_lesson(self) -> None:
        """Right, at the end: how to tune, with tasks that are buttons."""
        words = self.context.words
        with gr.Accordion(words("sweep.lesson"), open=False, elem_id="sweep-lesson"):
            gr.Markdown(
                words.both(*(source(f"ui/train/tuning.{lang}.md") for lang in ("en", "zh"))),
                latex_delimiters=LATEX,
                elem_classes="lesson",
            )
            with gr.Row(elem_classes="small-buttons chips"):
                self.tasks = {
                    task.id: gr.Button(
                        words.both(task.title.en, task.title.zh),
                        size="sm",
                        elem_id=f"sweep-task-{task.id}",
                    )
                    for task in tasks()
                }

    def writer(self, suffix: str) -> Any:
        """What writes the chosen sweep's table as a file."""

        def write(name: str, folder: Path, marking: Any) -> Path:
            folder.mkdir(parents=True, exist_ok=True)
            return write_report(self.sweeps.get(name), folder / f"{name}.{suffix}")

        return write

    def shown(self) -> list[Any]:
        """The components that `show` may update."""
        return [
            self.sweep, self.seen, self.timer, self.head, self.result, self.plot, self.table,
            *self.orders.values(), self.use, self.take, *self.files,
        ]  # fmt: skip

    def connect(self) -> None:
        """What happens inside the panel."""
        self.form.connect()
        chosen = {
            self.settings.data,
            self.settings.estimate,
            self.settings.proposed,
            *self.settings.fields.values(),
        }
        chosen |= self.form.inputs()
        begun = [
            self.memory,
            self.picked,
            *self.shown(),
            self.settings.fields["name"],
            self.settings.proposed,
        ]
        self.form.go.click(self.start, chosen, begun, **PRIVATE)
        for task in tasks():
            self.tasks[task.id].click(self.task(task), chosen, [*begun, self.form.fold], **PRIVATE)
        self.timer.tick(
            self.poll, [self.sweep, self.seen, self.picked], self.shown(), trigger_mode="once", **QUICK
        )
        when_chosen(self.sweep)(self.choose, self.sweep, [self.memory, self.picked, *self.shown()], **QUICK)
        self.table.select(self.pick, [self.sweep], [self.picked, self.use, self.take], **QUICK)
        for name in ORDERS:
            self.orders[name].click(self.order(name), self.sweep, [self.memory, *self.shown()], **PRIVATE)
        run = [self.sweep, self.picked]
        self.use.click(self.use_run, run, [self.watch.memory, *self.watch.shown()], **PRIVATE)
        self.take.click(self.take_settings, run, self.settings.fitted(), **PRIVATE)

    @polite
    def start(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """Write the sweep down, have its process begin, and watch it."""
        return self.begin(self.form.request(values), visitor)

    def begin(self, request: SweepRequest, visitor: gr.Request) -> dict[Any, Any]:
        """Start a sweep; updates that show it."""
        name, lang = self.sweeps.submit(request), self.context.lang(visitor)
        inform(self.context.words.say("sweep.started", lang, name=name))
        proposal = self.settings.free_name(request.base.family, request.base.data)
        return {
            self.memory: name,
            self.picked: None,
            **self.render(name, None, lang),
            self.settings.fields["name"]: proposal,
            self.settings.proposed: proposal,
        }

    def task(self, task: SweepTask) -> Any:
        """A handler that starts the sweep of a lesson's task."""

        def press(values: dict[Any, Any], visitor: gr.Request) -> Any:
            return self.start_task(task, visitor)

        return press

    @polite
    def start_task(self, task: SweepTask, visitor: gr.Request) -> dict[Any, Any]:
        """A task: its own data and settings, under a name that is free."""
        base = {**task.base, "name": self.settings.free_run(task.id)}
        base["data"] = task.data.say(self.context.lang(visitor))
        request = check(
            SweepRequest, {"base": base, "vary": task.vary, "runs": task.runs, "search": task.search}
        )
        return {**self.begin(request, visitor), self.form.fold: gr.update(open=True)}

    @polite
    def restore(self, remembered: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """The page was opened: the sweep that this browser watched last, else the one that runs, else the newest."""
        names = [sweep.name for sweep in self.sweeps.list()]
        name = remembered if remembered in names else (names[0] if names else None)
        return self.render(name, None, self.context.lang(visitor))

    @polite
    def choose(self, name: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """Another sweep was chosen."""
        return {
            self.memory: name or "",
            self.picked: None,
            **self.render(name, None, self.context.lang(visitor)),
        }

    @polite
    def poll(
        self, name: str | None, seen: dict[str, Any], picked: int | None, visitor: gr.Request
    ) -> dict[Any, Any]:
        """What has changed since the last look."""
        return self.show(name, seen, picked, self.context.lang(visitor))

    def render(self, name: str | None, picked: int | None, lang: str) -> dict[Any, Any]:
        """Updates that show the sweep `name`, and have the timer show it once more."""
        return {
            **self.show(name, {}, picked, lang),
            self.seen: {},
            self.timer: gr.Timer(active=name is not None),
        }

    def show(self, name: str | None, seen: dict[str, Any], picked: int | None, lang: str) -> dict[Any, Any]:
        """Updates that show the sweep `name`, of the parts that differ from what was `seen`."""
        every = self.sweeps.list()
        sweep = next((one for one in every if one.name == name), None)
        if sweep is None:
            return self.nothing()
        words = self.context.words
        choices = [
            (f"{one.name} · {words.say(f'sweep.state.{one.status.state}', lang)}", one.name) for one in every
        ]
        parts = {
            self.sweep: gr.update(choices=choices, value=name, visible=True),
            self.head: view.head_html(sweep, words, lang),
            self.result: view.result_html(sweep, words, lang),
            self.plot: view.plot(sweep, words, lang),
            self.table: view.table_html(sweep, picked, words, lang),
            **self._allowed(sweep),
        }
        now = {str(part._id): str(value) for part, value in parts.items()}
        changed = {
            part: value for part, value in parts.items() if seen.get(str(part._id)) != now[str(part._id)]
        }
        return {
            **changed,
            self.seen: now,
            self.timer: gr.Timer(active=sweep.active),
        }

    def nothing(self) -> dict[Any, Any]:
        """Updates for a page without a sweep."""
        hidden = [*self.orders.values(), self.use, self.take, *self.files]
        return {
            **{part: gr.update(visible=False) for part in hidden},
            **dict.fromkeys((self.head, self.result, self.plot, self.table), ""),
            self.sweep: gr.update(choices=[], value=None, visible=False),
            self.seen: {},
            self.timer: gr.Timer(active=False),
        }

    def _allowed(self, sweep: Sweep) -> dict[Any, Any]:
        """Buttons where they make sense."""
        usable = any(job and job.usable for job in sweep.jobs)
        others = sum(job is not None for job in sweep.jobs) > 1
        makes_sense = {
            "stop": sweep.active,
            "resume": sweep.can_resume,
            "tidy": sweep.status.state == "done" and others,
            "delete": not sweep.active,
        }
        return {
            **{self.orders[name]: gr.update(visible=allowed) for name, allowed in makes_sense.items()},
            self.use: gr.update(visible=usable),
            self.take: gr.update(visible=True),
            **{
                part: gr.update(visible=sweep.best() is not None or bool(sweep.result)) for part in self.files
            },
        }

    @polite
    def pick(self, name: str, event: gr.EventData, visitor: gr.Request) -> dict[Any, Any]:
        """A run of the table was picked."""
        sweep, place = self.sweeps.get(name), index_of(event)
        if not 0 <= place < len(sweep.points):
            return gr.skip()
        job = sweep.jobs[place]
        return {
            self.picked: place,
            self.use: gr.update(visible=bool(job and job.usable)),
            self.take: gr.update(visible=True),
        }

    def order(self, name: str) -> Any:
        """A handler that gives the sweep an order."""

        def give(sweep: str | None, visitor: gr.Request) -> Any:
            return self.give(name, sweep, visitor)

        return give

    @polite
    def give(self, order: str, name: str, visitor: gr.Request) -> dict[Any, Any]:
        """Give an order, and show what came of it."""
        getattr(self.sweeps, order)(name)
        lang = self.context.lang(visitor)
        inform(self.context.words.say(f"sweep.heard.{order}", lang, name=name))
        names = [sweep.name for sweep in self.sweeps.list()]
        shown = name if name in names else (names[0] if names else None)
        return {self.memory: shown or "", **self.render(shown, None, lang)}

    def run_of(self, name: str | None, picked: int | None) -> tuple[Sweep, int]:
        """The sweep, and the picked run of it, else the best; an InputError where there is neither."""
        sweep = self.sweeps.get(name or "")
        place = picked if picked is not None and 0 <= picked < len(sweep.points) else sweep.best()
        if place is None:
            raise InputError(
                en="No run has ended yet; pick one in the table, or wait.",
                zh="还没有训练结束；请在表中选一次，或稍候。",
            )
        return sweep, place

    @polite
    def use_run(self, name: str | None, picked: int | None, visitor: gr.Request) -> dict[Any, Any]:
        """Watch the run, where the buttons are that open it in other tabs."""
        sweep, place = self.run_of(name, picked)
        run = run_name(sweep.name, place)
        return {self.watch.memory: run, **self.watch.render_all(run, self.context.lang(visitor))}

    @polite
    def take_settings(self, name: str | None, picked: int | None, visitor: gr.Request) -> dict[Any, Any]:
        """Fill the form with a run's settings, to train by them on all that is held out or on other data."""
        sweep, place = self.run_of(name, picked)
        base, settings, lang = sweep.request.base, self.settings, self.context.lang(visitor)
        values = {
            **base.model_dump(),
            **sweep.points[place],
            "name": settings.free_name(base.family, base.data),
        }
        updates = settings.put(values, visitor)
        inform(self.context.words.say("sweep.taken", lang, run=run_name(sweep.name, place)))
        return updates
