"""One end of a walk: a seed with a class or a sentence, or for a model that encodes, a picture drawn or opened."""

from typing import Any, Literal

import gradio as gr

from aigc_demo.actions import resolve_labels
from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import ModelCard
from aigc_demo.schemas import WalkRequest
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.draw_pad import DrawPad
from aigc_demo.ui.page.events import QUICK
from aigc_demo.ui.page.widgets import class_choices, class_names, field, has_classes, seed_field

SHORT = 40  # characters of a sentence under a picture


Source = Literal["seed", "picture"]


def sources(card: ModelCard) -> tuple[Source, ...]:
    """What a point of the model's latent space can come from. An autoencoder's own noise decodes to nothing."""
    if card.kind == "autoencoder":
        return ("picture",)
    return ("seed", "picture") if "reconstruct" in card.tasks else ("seed",)


def takes_words(card: ModelCard) -> bool:
    """Whether an end is a sentence, and the seed only its noise."""
    return "draw" in card.tasks


def class_of(label: str, seed: int, card: ModelCard) -> int:
    """The one class of an end point; of several, as "all" is, the seed takes one. A model without classes has class 0."""
    if not has_classes(card):
        return 0
    labels = resolve_labels(label, {lang: class_names(card, lang) for lang in ("en", "zh")})
    return labels[seed % len(labels)]


def kept_label(label: str | None, card: ModelCard) -> str:
    """The value of a class chooser once it offers the classes of `card`: counted round, so that two ends stay two."""
    return str(int(label or 0) % len(class_names(card, "en")))


class EndPoint:
    """Components of one end; `side` is "from" (A) or "to" (B), `fields` are its widgets by request field; `seed` is the first one."""

    def __init__(self, context: Context, side: str, card: ModelCard, seed: int) -> None:
        self.context, self.side = context, side
        words, defaults = context.words, WalkRequest.model_fields
        found = sources(card)
        with gr.Group():
            self.source = gr.Radio(
                [(words(f"walk.by_{kind}"), kind) for kind in ("seed", "picture")],
                value=found[0],
                label=words(f"walk.{side}"),
                visible=len(found) > 1,
                elem_id=f"walk-{side}-source",
                elem_classes="source",
            )
            self.prompt = field(
                context,
                "walk",
                WalkRequest,
                f"{side}_prompt",
                info=None,
                lines=2,
                max_lines=4,
                visible=takes_words(card),
            )
            with gr.Row(elem_classes="end", visible=found[0] == "seed") as self.chance:
                self.label = gr.Dropdown(
                    class_choices(context, card),
                    value=kept_label(defaults[f"{side}_label"].default, card),
                    label=words(f"walk.{side}_label"),
                    visible=has_classes(card),
                    elem_id=f"walk-{side}-label",
                    filterable=False,
                    min_width=100,
                )
                self.seed = seed_field(context, "walk", WalkRequest, f"{side}_seed", value=seed)
            with gr.Column(visible=found[0] == "picture") as self.drawn:
                self.pad = DrawPad(context, f"walk-{side}-pad")
        self.fields = {
            f"{side}_seed": self.seed,
            f"{side}_label": self.label,
            f"{side}_image": self.pad.path,
            f"{side}_prompt": self.prompt,
        }
        self.source.input(
            self.choose_source,
            self.source,
            [self.chance, self.drawn],
            **QUICK,
        )

    def settable(self) -> list[Any]:
        """The components that `show` and `for_model` may update."""
        return [self.source, self.chance, self.drawn, *self.fields.values()]

    def choose_source(self, source: str) -> dict[Any, Any]:
        """Updates that show what belongs to a seed or to a picture."""
        return {
            self.chance: gr.update(visible=source == "seed"),
            self.drawn: gr.update(visible=source == "picture"),
        }

    def read(self, values: dict[Any, Any], card: ModelCard) -> dict[str, Any]:
        """The end's request fields from the page's values; an InputError where a picture is asked for and none is there."""
        fields = {name: values[component] for name, component in self.fields.items()}
        if not takes_words(card):
            fields[f"{self.side}_prompt"] = ""
        if values[self.source] == "seed":
            fields[f"{self.side}_image"] = ""
        elif not fields[f"{self.side}_image"]:
            raise InputError(
                en="There is no picture yet to start from or to go to; draw one, open a file, or choose a seed.",
                zh="还没有作为起点或终点的图片；请画一幅、打开一个文件，或改用种子。",
            )
        return fields

    def show(self, request: WalkRequest, card: ModelCard, lang: str) -> dict[Any, Any]:
        """Updates that put the end of a request into the widgets. A picture stays only if it is still on the pad."""
        seed, label = getattr(request, f"{self.side}_seed"), getattr(request, f"{self.side}_label")
        found = sources(card)
        source = "picture" if getattr(request, f"{self.side}_image") else found[0]
        return {
            **self.for_model(card, str(class_of(label, seed, card)), lang),
            **self.choose_source(source),
            self.source: gr.update(value=source, visible=len(found) > 1),
            self.prompt: gr.update(value=getattr(request, f"{self.side}_prompt"), visible=takes_words(card)),
            self.seed: seed,
        }

    def for_model(self, card: ModelCard, label: str | None, lang: str) -> dict[Any, Any]:
        """Updates for another model: its classes, sentences where it draws them, pictures where it encodes."""
        choices, found = class_choices(self.context, card, lang), sources(card)
        updates = {
            self.label: gr.update(choices=choices, value=kept_label(label, card), visible=has_classes(card)),
            self.prompt: gr.update(visible=takes_words(card)),
        }
        if len(found) > 1:
            return {**updates, self.source: gr.update(visible=True)}
        return {
            **updates,
            **self.choose_source(found[0]),
            self.source: gr.update(value=found[0], visible=False),
        }

    def caption(self, request: WalkRequest, card: ModelCard, lang: str) -> str:
        """What this end is, in words: its class or sentence and its seed, or the visitor's own picture."""
        end = {"from": "A", "to": "B"}[self.side]
        name = f"{end} · {self.short(request, card, lang)}"
        if getattr(request, f"{self.side}_image"):
            return name
        return f"{name} · {self.context.words.say('walk.seed', lang)} {getattr(request, f'{self.side}_seed')}"

    def short(self, request: WalkRequest, card: ModelCard, lang: str) -> str:
        """The class or the sentence of this end."""
        if getattr(request, f"{self.side}_image"):
            return self.context.words.say("walk.own", lang)
        if takes_words(card):
            prompt = getattr(request, f"{self.side}_prompt")
            return prompt if len(prompt) <= SHORT else prompt[:SHORT] + "…"
        seed, label = getattr(request, f"{self.side}_seed"), getattr(request, f"{self.side}_label")
        return class_names(card, lang)[class_of(label, seed, card)]
