"""Watching a job, whoever started it: how far it is, its curves, its samples through time, what the doctor says.

Nothing is kept in the page. A timer reads the run's folder while the chosen job is running or waiting, and says again
only what has changed; a reload or a second browser reads the same folder.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.jobs import Job
from aigc_demo.models.family import family
from aigc_demo.runtime.registry import all_cards
from aigc_demo.schemas.tasks import serving_tasks
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, QUICK
from aigc_demo.ui.page.film import film
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.toasts import inform
from aigc_demo.ui.page.widgets import download
from aigc_demo.ui.train import job_view
from aigc_demo.ui.train.samples import can_be_filmed, lent, samples_html, write_film

SECONDS = 1.5
ORDERS = ("stop", "resume", "save_now", "sample_now")


class WatchPanel:
    """Components and handlers; `job` is the name of the chosen job, `uses` the buttons that open other tabs."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def build(self) -> None:
        """Right: choose a job and see it."""
        words = self.context.words
        self.job = gr.Dropdown(
            [],
            value=None,
            label=words("train.job"),
            elem_id="train-job",
            filterable=False,
            visible=False,
        )
        self.memory = gr.BrowserState("", storage_key="aigc_job", secret="the name of a run")
        self.seen = gr.State({})
        self.timer = gr.Timer(SECONDS, active=False)
        self.head = gr.HTML(pictures.empty(words("train.empty")), elem_id="train-head")
        self._build_orders()
        self.doctor = gr.HTML("", elem_id="train-doctor")
        self.film = film("train-film")
        self.save_film = download(
            self.context,
            words("train.save_film"),
            "train-save-film",
            self.job,
            lambda name, folder, marking: write_film(self.context.jobs.get(name), folder, marking),
            visible=False,
        )
        self.charts = gr.HTML("", elem_id="train-charts")
        with gr.Accordion(
            words("train.card"), open=False, visible=False, elem_id="train-card"
        ) as self.card_fold:
            self.figures = gr.HTML("")
            self.card = gr.Markdown("", elem_classes="lesson")
        with gr.Accordion(
            words("train.log"), open=False, visible=False, elem_id="train-log"
        ) as self.log_fold:
            self.log = gr.HTML("")

    def _build_orders(self) -> None:
        """What may be done with the job; only what makes sense now is shown."""
        words = self.context.words
        with gr.Row(elem_classes="small-buttons chips"):
            self.orders = {
                name: gr.Button(
                    words(f"train.order.{name}"),
                    size="sm",
                    visible=False,
                    elem_id=f"train-{name.replace('_', '-')}",
                )
                for name in (*ORDERS, "delete")
            }
            self.confirm_delete = gr.Button(
                words("train.really"), size="sm", variant="stop", visible=False, elem_id="train-really"
            )
            self.uses = {
                task: gr.Button(
                    words(f"train.use.{task}"),
                    size="sm",
                    variant="primary",
                    visible=False,
                    elem_id=f"train-use-{task}",
                )
                for task in ("image", "walk", "text", "chat", "rewrite", "draw")
            }

    def shown(self) -> list[Any]:
        """The components that `poll_job` may update."""
        return [
            self.job, self.seen, self.timer, self.head, self.doctor, self.film, self.save_film, self.charts, self.card_fold,
            self.figures, self.card, self.log_fold, self.log, *self.orders.values(), self.confirm_delete, *self.uses.values(),
        ]  # fmt: skip

    def connect(self) -> None:
        """What happens inside the panel."""
        self.timer.tick(self.poll_job, [self.job, self.seen], self.shown(), trigger_mode="once", **QUICK)
        when_chosen(self.job)(self.choose_job, self.job, [self.memory, *self.shown()], **QUICK)
        for name in ORDERS:
            self.orders[name].click(self.order(name), self.job, self.shown(), **PRIVATE)
        self.orders["delete"].click(lambda: gr.update(visible=True), None, self.confirm_delete, **QUICK)
        self.confirm_delete.click(self.delete, self.job, [self.memory, *self.shown()], **PRIVATE)

    def jobs_now(self) -> list[Job]:
        """Every job: running, then queued, then ended ones."""
        return self.context.jobs.list()

    @polite
    def restore(self, remembered: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """The page was opened: the job that this browser watched last, else the running one, else the newest."""
        names = [job.name for job in self.jobs_now()]
        name = remembered if remembered in names else (names[0] if names else None)
        return self.render_all(name, self.context.lang(visitor))

    @polite
    def choose_job(self, name: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """Another job was chosen."""
        return {self.memory: name or "", **self.render_all(name, self.context.lang(visitor))}

    @polite
    def poll_job(self, name: str | None, seen: dict[str, Any], visitor: gr.Request) -> dict[Any, Any]:
        """What has changed since the last look."""
        return self.view(name, seen, self.context.lang(visitor))

    def render_all(self, name: str | None, lang: str) -> dict[Any, Any]:
        """Updates that show the job `name`, and have the timer show it once more.

        A look that was under way may arrive after them, and would leave the page half with what was before.
        """
        return {**self.view(name, {}, lang), self.seen: {}, self.timer: gr.Timer(active=name is not None)}

    def view(self, name: str | None, seen: dict[str, Any], lang: str) -> dict[Any, Any]:
        """Updates that show the job `name`, of the parts whose sources differ from what was `seen`."""
        jobs = self.jobs_now()
        job = next((job for job in jobs if job.name == name), None)
        choices = [(self.title(one, lang), one.name) for one in jobs]
        if job is None:
            return self.nothing(choices, lang)
        log, events, samples = job.log(), job.events(), job.samples()
        now = {
            "jobs": (choices, name),
            "head": (job.name, job.state, job.step, job.position, lang),
            "events": (job.name, len(events), lang),
            "film": (job.name, len(samples), str(samples[-1:]), lang),
            "charts": (job.name, len(log), lang),
            "state": (job.name, job.state, job.usable, job.step > 0, lang),
            "end": (job.name, lang, job.state, job.usable, job.folder.joinpath("figures.json").exists()),
        }
        changed = {part for part, value in now.items() if seen.get(part) != value}
        updates: dict[Any, Any] = {self.seen: now}
        if "jobs" in changed:
            updates[self.job] = gr.update(choices=choices, value=name, visible=True)
        if "head" in changed:
            updates[self.head] = job_view.head_html(job, self.context.words, lang)
        if "events" in changed:
            updates[self.doctor] = job_view.events_html(events, self.context.words, lang)
        if "film" in changed:
            updates[self.film] = samples_html(job.name, self.lent(job, samples), self.context.words, lang)
            updates[self.save_film] = gr.update(visible=can_be_filmed(samples))
        if "charts" in changed:
            updates |= self._curves(job, log, lang)
        if "state" in changed:
            updates |= self._allowed(job, lang)
        if "end" in changed:
            updates |= self._end(job, lang)
        return updates

    def lent(self, job: Job, samples: Sequence[Path]) -> Sequence[Path]:
        """The samples where the browser may have them: a visitor's in the folder of what is written for them."""
        return lent(samples, job.name, self.context.folder()) if self.context.settings.visitor else samples

    def nothing(self, choices: Sequence[tuple[str, str]], lang: str) -> dict[Any, Any]:
        """Updates for a page without a job to show."""
        hidden = {
            part: gr.update(visible=False)
            for part in (*self.orders.values(), self.confirm_delete, self.save_film, *self.uses.values())
        }
        return {
            **hidden,
            self.job: gr.update(choices=list(choices), value=None, visible=bool(choices)),
            self.seen: {},
            self.timer: gr.Timer(active=False),
            self.head: pictures.empty(self.context.words.say("train.empty", lang)),
            **dict.fromkeys((self.doctor, self.film, self.charts, self.figures, self.card, self.log), ""),
            self.card_fold: gr.update(visible=False),
            self.log_fold: gr.update(visible=False),
        }

    def title(self, job: Job, lang: str) -> str:
        """A job in the pick list."""
        return f"{job.name} · {self.context.words.say(f'train.state.{job.state}', lang)}"

    def _curves(self, job: Job, log: Sequence[job_view.Line], lang: str) -> dict[Any, Any]:
        """Curves and the log under them."""
        return {
            self.charts: job_view.charts_html(job.request.family, log, job.steps, self.context.words, lang),
            self.log: job_view.log_html(job, log),
            self.log_fold: gr.update(visible=True),
        }

    def _allowed(self, job: Job, lang: str) -> dict[Any, Any]:
        """The timer runs while the job does; a button is shown where it makes sense. What never began is tried again."""
        running = job.state == "running"
        makes_sense = {
            "stop": job.active, "resume": job.can_resume and (job.step > 0 or job.state != "done"), "save_now": running, "sample_now": running,
            "delete": not running,
        }  # fmt: skip
        usable = self.used_in(job) if job.usable else ()
        resume = "train.order.resume" if job.step or job.usable else "train.try_again"
        shown = {name: gr.update(visible=allowed) for name, allowed in makes_sense.items()}
        shown["resume"]["value"] = self.context.words.say(resume, lang)
        return {
            self.timer: gr.Timer(active=job.active),
            **{self.orders[name]: update for name, update in shown.items()},
            self.confirm_delete: gr.update(visible=False),
            **{button: gr.update(visible=task in usable) for task, button in self.uses.items()},
        }

    def used_in(self, job: Job) -> Sequence[str]:
        """The tabs that a run can be used in; of an adapter, those that its base serves while it is on this disk."""
        row, adapts = family(job.request.family), job.request.way == "lora"
        bases = [card for card in all_cards(self.context.settings) if card.id == job.request.start]
        served = {ability for card in bases for ability in card.tasks} if adapts else set(row.tasks)
        return [
            task.name
            for task in serving_tasks()
            if task.ability in served and (task.takes_adapter or not adapts)
        ]

    def _end(self, job: Job, lang: str) -> dict[Any, Any]:
        """What was measured, and the model's card."""
        card = job_view.card_text(job)
        return {
            self.figures: job_view.figures_html(job.figures(), lang),
            self.card: card,
            self.card_fold: gr.update(visible=bool(card)),
        }

    def order(self, name: str) -> Any:
        """A handler that gives the job an order: stop, resume, save now, sample now."""

        def give(job: str | None, visitor: gr.Request) -> Any:
            return self.give(name, job, visitor)

        return give

    @polite
    def give(self, order: str, name: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """Give an order and say that it was heard."""
        getattr(self.context.jobs, order)(self.known(name))
        lang = self.context.lang(visitor)
        inform(self.context.words.say(f"train.heard.{order}", lang))
        return {self.seen: {}, self.timer: gr.Timer(active=True)}  # what comes of it, the next look shows

    @polite
    def delete(self, name: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """Delete the job and its folder, after the second press; the newest of the others is shown."""
        self.context.jobs.delete(self.known(name))
        names = [job.name for job in self.jobs_now()]
        shown = names[0] if names else None
        return {self.memory: shown or "", **self.render_all(shown, self.context.lang(visitor))}

    def known(self, name: str | None) -> str:
        """The chosen job; an InputError where none is."""
        if not name:
            raise InputError(
                en="No run is chosen; choose one above.", zh="还没有选择训练记录；请在上方选择。"
            )
        return name
