"""Side by side: a finished run and the model it started from, asked the same with the same seeds."""

from collections import deque
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.actions import draw, make_images, write_text
from aigc_demo.core.errors import InputError
from aigc_demo.jobs import Job
from aigc_demo.models.family import family
from aigc_demo.schemas import DrawRequest, ImageRequest, TextRequest
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import COMPUTES, QUICK

PICTURES, TOKENS = 16, 120
DRAWN = 2  # pictures of a text-to-image model


class ComparePanel:
    """Components and handlers; the fold is there for runs that went on from a model."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def build(self) -> None:
        """A fold with one button."""
        words = self.context.words
        with gr.Accordion(
            words("train.compare"), open=False, visible=False, elem_id="train-compare"
        ) as self.fold:
            gr.Markdown(words("train.compare_help"), elem_classes="note")
            self.go = gr.Button(words("train.compare_go"), size="sm", elem_id="train-compare-go")
            self.pair = gr.HTML("", elem_id="train-pair")

    def connect(self, job: gr.Dropdown) -> None:
        """The button asks both models; another job clears what was shown."""
        self.go.click(self.run, job, self.pair, **COMPUTES)
        job.change(self.clear, job, [self.fold, self.pair], **QUICK)

    def clear(self, name: str | None) -> Any:
        """The fold is there where there is something to compare with."""
        found = [job for job in self.context.jobs.list() if job.name == name and job.request.start]
        return gr.update(visible=bool(found)), ""

    @polite
    def run(self, name: str, visitor: gr.Request) -> str:
        """Ask both, and show both."""
        job, lang = self.context.jobs.get(name), self.context.lang(visitor)
        if not (job.usable and job.request.start):
            raise InputError(
                en="This run has no model yet, or started from none; wait for its first save.",
                zh="这次训练还没有模型，或没有起点模型；请等到第一次保存。",
            )
        stop = self.context.begin(visitor, "compare")
        halves = [self._ask(model, job, stop) for model in (job.request.start, job.model)]
        titles = [self.context.words.say(f"train.{key}", lang) for key in ("before", "after")]
        columns = "".join(
            f"<section><h4>{title} · {escape(model)}</h4>{half}</section>"
            for title, model, half in zip(titles, (job.request.start, job.model), halves, strict=True)
        )
        return f'<div class="columns">{columns}</div>'

    def _ask(self, model: str, job: Job, stop: Any) -> str:
        """One model's answer as HTML; an adapter's is that of its base with it."""
        asked = {"model": model, "seed": job.request.seed}
        if job.request.method == "lora" and model == job.model:
            asked |= {"model": job.request.start, "adapter": model}
        if family(job.request.family).reads == "texts":
            wish = TextRequest(**asked, prompt="", count=2, max_new_tokens=TOKENS)
            result = deque(write_text(wish, self.context.cache, stop), maxlen=1).pop()
            return "".join(f"<p>{escape(text)}</p>" for text in result.full_texts())
        if job.request.way == "lora":
            wanted = DrawRequest(**asked, prompt=job.request.trigger, count=DRAWN)
            drawn = deque(draw(wanted, self.context.cache, stop), maxlen=1).pop()
        else:
            drawn = make_images(ImageRequest(**asked, count=PICTURES), self.context.cache, stop)
        names = [str(seed) for seed in drawn.seeds]
        return pictures.sheet(list(drawn.pictures), min(4, len(names)), [""] * len(names), names)
