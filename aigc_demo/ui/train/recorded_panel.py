"""Where nobody may train: recordings of real runs, with their curves, their samples to play and the doctor's words.

A recording is a run folder under recorded/, as training left it, with its samples as small pictures and without weights.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo.jobs.folder import JobFolder, find_folders
from aigc_demo.jobs.job import Job, look
from aigc_demo.models.family import family
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import QUICK
from aigc_demo.ui.page.film import film
from aigc_demo.ui.train import job_view
from aigc_demo.ui.train.samples import lent, samples_html

RECORDED = Path(__file__).with_name("recorded")
SHOWN = 2  # recordings a language: one of pictures, one of texts


class RecordedPanel:
    """Components and handlers; `runs` are the recordings by language."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.runs = {lang: recorded(lang) for lang in ("en", "zh")}

    def build(self) -> None:
        """Two buttons, the recording, how to train oneself."""
        words = self.context.words
        gr.Markdown(words("train.recorded_help"), elem_id="train-not-here", elem_classes="recorded-note")
        with gr.Row(elem_classes="small-buttons chips"):
            self.buttons = [
                gr.Button(
                    words.both(*(self._label(self.runs[lang][at], lang) for lang in ("en", "zh"))),
                    size="sm",
                    elem_id=f"train-recorded-{at}",
                )
                for at in range(SHOWN)
            ]
        self.head = gr.HTML("", elem_id="train-head")
        self.film = film("train-film")
        self.doctor = gr.HTML("", elem_id="train-doctor")
        self.charts = gr.HTML("", elem_id="train-charts")
        gr.Markdown(words("train.recorded_yourself"), elem_id="train-yourself", elem_classes="recorded-note")
        with gr.Accordion(words("train.recorded_more"), open=False, elem_id="train-elsewhere"):
            gr.Markdown(words("publish.train_away"), elem_classes="lesson")

    def _label(self, job: Job, lang: str) -> str:
        title = f"{family(job.request.family).title.say(lang)}, {job.request.data}"
        return self.context.words.say("train.recorded_run", lang, title=title)

    def connect_page(self, page: gr.Blocks) -> None:
        """The first recording is there as the page opens; each button shows its own."""
        shown = [self.head, self.film, self.doctor, self.charts]
        page.load(self.handler(0), None, shown, **QUICK)
        for at, button in enumerate(self.buttons):
            button.click(self.handler(at), None, shown, **QUICK)

    def handler(self, at: int) -> Any:
        """What shows the recording of this place."""

        def show(visitor: gr.Request) -> Any:
            return self.show(at, visitor)

        return show

    @polite
    def show(self, at: int, visitor: gr.Request) -> tuple[str, str, str, str]:
        """Head, samples, the doctor's words and curves of a recording."""
        lang, words = self.context.lang(visitor), self.context.words
        job = self.runs[lang][at]
        log = job.log()
        badge = words.say("train.recorded", lang)
        return (
            job_view.head_html(job, words, lang, badge),
            samples_html(job.name, self.lent(job), words, lang),
            job_view.events_html(job.events(), words, lang),
            job_view.charts_html(job.request.family, log, job.steps, words, lang),
        )

    def lent(self, job: Job) -> Sequence[Path]:
        """The samples where the browser of who asks may have them."""
        return lent(job.samples(), job.name, self.context.folder())


def recorded(lang: str) -> list[Job]:
    """The recordings for readers of a language: pictures first, then texts in their own language."""
    folders = [folder for folder in find_folders(RECORDED) if folder.name.endswith(("-all", f"-{lang}"))]
    jobs = [job for folder in folders if (job := snapshot(folder))]
    return sorted(jobs, key=lambda job: family(job.request.family).reads)


def snapshot(folder: JobFolder) -> Job | None:
    """A recording as the job that it was."""
    request = folder.request()
    return look(folder, request, folder.state()) if request else None
