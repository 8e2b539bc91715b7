"""A grid between four corners: every picture is a mixture of four, the nearer a corner the more of it."""

from html import escape
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import GridResult, grid
from aigc_demo.models.cards import ModelCard
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import MAX_SEED, GridRequest, check
from aigc_demo.ui.latent.end_point import class_of, kept_label
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import COMPUTES, PRIVATE, index_of
from aigc_demo.ui.page.live import LIVE, Rest, is_quick, live
from aigc_demo.ui.page.panels import CodePanel, Memory, pick_list
from aigc_demo.ui.page.widgets import class_choices, class_names, download, field

CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")


def makes_grids(card: ModelCard) -> bool:
    """Whether a grid is worth offering: dozens of pictures at once, from seeds. Pretrained models take too long, or no seeds."""
    return not card.kind


class GridPanel:
    """Components and handlers of the panel. Model, path and truncation are the tab's own (`shared`, by request field)."""

    def __init__(self, context: Context, card: ModelCard, shared: dict[str, Any], code: CodePanel) -> None:
        self.context, self.shared, self.code = context, shared, code
        words = context.words
        seeds = GridRequest.model_fields["seeds"].default
        labels = GridRequest.model_fields["labels"].default
        with gr.Accordion(
            words("panel.grid"), open=False, visible=makes_grids(card), elem_id="walk-grid"
        ) as self.fold:
            gr.Markdown(words("grid.help"), elem_classes="note")
            self.labels: list[gr.Dropdown] = []
            self.seeds: list[gr.Number] = []
            for pair in ((0, 1), (2, 3)):
                with gr.Row():
                    for i in pair:
                        self._corner(i, labels[i], seeds[i], card)
            with gr.Row(equal_height=True):
                self.size = field(context, "grid", GridRequest, "size", scale=2)
                self.others = gr.Button(words("grid.others"), size="sm", elem_id="grid-others", min_width=100)
                self.go = gr.Button(words("grid.make"), variant="primary", elem_id="grid-go", min_width=120)
            self.result, self.hand = gr.State(None), Rest("grid-rest")
            self.film = Rest("grid-follow", "#grid-sheet .sheet", wait=0)
            with gr.Row():
                with gr.Column(scale=3, min_width=300):
                    self.view = pick_list(pictures.empty(words("empty.grid")), "grid-sheet")
                with gr.Column(scale=2, min_width=200):
                    self.inside = gr.HTML("", elem_id="grid-inside")
                    self.note = gr.HTML("", elem_id="grid-note")
                    with gr.Row(elem_classes="small-buttons"):
                        download(context, words("save.png"), "grid-save", self.result, actions.write_sheet)
        self._connect()

    def _corner(self, index: int, label: str, seed: int, card: ModelCard) -> None:
        words, corner = self.context.words, CORNERS[index].replace("_", "-")
        with gr.Column(min_width=220), gr.Row(elem_classes="end"):
            chooser = gr.Dropdown(
                class_choices(self.context, card),
                value=kept_label(label, card),
                label=words(f"grid.{CORNERS[index]}"),
                elem_id=f"grid-label-{corner}",
                filterable=False,
                min_width=90,
            )
            number = gr.Number(
                seed,
                precision=0,
                label=words("grid.seed"),
                elem_id=f"grid-seed-{corner}",
                min_width=70,
            )
        self.labels.append(chooser)
        self.seeds.append(number)

    def _connect(self) -> None:
        asked = {*self.shared.values(), *self.labels, *self.seeds, self.size}
        code, shown = [*vars(self.code).values()], [self.result, self.view, self.inside]
        ran = self.go.click(self.run, asked, [*shown, *code], **COMPUTES)
        moved = [self.fold.expand, self.size.input, *(label.input for label in self.labels)]
        moved += [seed.change for seed in self.seeds]
        answered = [gr.on(moved, self.answer, asked, shown, **LIVE)]
        rested = self.hand.after(*answered)(self.rest, self.result, code, **PRIVATE)
        self.runs = [(ran, self.result), (rested, self.result)]
        throw = f"() => [0, 1, 2, 3].map(() => Math.floor(Math.random() * {MAX_SEED}))"
        self.others.click(None, None, self.seeds, js=throw)
        self.view.select(self.pick_picture, self.result, self.inside, **PRIVATE)

    def follow(self, film: Any) -> None:
        """Path or truncation moved and `film` answered: the grid that is there follows."""
        asked = {*self.shared.values(), *self.labels, *self.seeds, self.size}
        self.hand.after(
            self.film.after(film)(self.answer, asked, [self.result, self.view, self.inside], **LIVE)
        )

    def settable(self) -> list[Any]:
        """The components that `show` and `for_model` may update, besides the shared ones."""
        return [self.fold, *self.labels, *self.seeds, self.size]

    def show(self, request: GridRequest, card: ModelCard, lang: str) -> dict[Any, Any]:
        """Updates that put a request's settings into the widgets and open the panel."""
        labels = [
            str(class_of(label, seed, card))
            for label, seed in zip(request.labels, request.seeds, strict=True)
        ]
        return {
            **self.for_model(card, labels, lang),
            **dict(zip(self.seeds, request.seeds, strict=True)),
            **{component: getattr(request, name) for name, component in self.shared.items()},
            self.size: request.size,
            self.fold: gr.update(open=True, visible=True),
        }

    def for_model(self, card: ModelCard, labels: list[str], lang: str) -> dict[Any, Any]:
        """Updates for another model: its classes, and no panel for one that cannot."""
        choices = class_choices(self.context, card, lang)
        return {
            self.fold: gr.update(visible=makes_grids(card)),
            **{
                component: gr.update(choices=choices, value=kept_label(label, card))
                for component, label in zip(self.labels, labels, strict=True)
            },
        }

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """Make the grid and show it."""
        shown = self._made(values, visitor)
        return {**shown, **self.code.show(shown[self.result].request, visitor)}

    @live
    def answer(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """The panel is opened, or a corner changes: the grid follows, where the model is quick."""
        card = find_card(values[self.shared["model"]] or "", self.context.settings, "latent")
        return self._made(values, visitor) if is_quick(card) else gr.skip()

    @polite
    def rest(self, result: GridResult | None, visitor: gr.Request) -> Any:
        """The hand rests: the code of the grid that is seen."""
        return self.code.show(result.request, visitor) if result else gr.skip()

    def _made(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """The grid of the widgets, as updates."""
        asked = check(
            GridRequest,
            {
                **{name: values[component] for name, component in self.shared.items()},
                "labels": [values[component] for component in self.labels],
                "seeds": [values[component] for component in self.seeds],
                "size": values[self.size],
            },
        )
        stop = self.context.begin(visitor, "grid")
        result = grid(asked, self.context.cache, stop)
        lang = self.context.lang(visitor)
        names = [self.mixture(result, i, lang) for i in range(len(result.pictures))]
        sheet = pictures.sheet(list(result.pictures), asked.size, [""] * len(names), names)
        return stop.newest(
            {self.result: result, self.view: sheet, self.inside: self.inside_html(result, 0, lang)}
        )

    @polite
    def pick_picture(self, result: GridResult | None, event: gr.EventData, visitor: gr.Request) -> Any:
        """A picture of the grid was chosen: show it large and say what it mixes."""
        if result is None or not 0 <= index_of(event) < len(result.pictures):
            return gr.skip()
        return self.inside_html(result, index_of(event), self.context.lang(visitor))

    def inside_html(self, result: GridResult, index: int, lang: str) -> str:
        """One picture large, and in words how much of each corner it has."""
        mixed = f"<p>{escape(self.mixture(result, index, lang))}</p>"
        why = f"<p>{self.context.words.say('grid.why', lang)}</p>"
        figure = pictures.figure(result.pictures[index], "")
        return f'{figure}<div class="words">{mixed}{why}</div>'

    def mixture(self, result: GridResult, index: int, lang: str) -> str:
        """The share of each corner in one picture; corners without a share are left out."""
        request, size = result.request, result.request.size
        v, u = index // size / (size - 1), index % size / (size - 1)
        shares = ((1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v)
        names = [
            class_names(result.card, lang)[class_of(label, seed, result.card)]
            for label, seed in zip(request.labels, request.seeds, strict=True)
        ]
        parts = [f"{share:.0%} {name}" for share, name in zip(shares, names, strict=True) if share >= 0.005]
        return self.context.words.say(
            "grid.mixture", lang, row=index // size + 1, column=index % size + 1, parts=" + ".join(parts)
        )

    def memory(self, result: GridResult, lang: str) -> Memory:
        """The result for the history."""
        size = result.request.size
        corners = [result.pictures[i] for i in (0, size - 1, size * (size - 1))]
        about = f"{result.card.id} · {self.context.words.say('grid.short', lang, size=size)}"
        return Memory(result.request, about, pictures.sprite(corners))
