"""The Evaluate tab: choose models and data, see figures with intervals, pairs side by side, failures; vote blind; look at traps."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo.actions.evaluate import EvaluateResult, can_evaluate, evaluate
from aigc_demo.actions.evaluate.features import ENCODING, PIXELS
from aigc_demo.actions.evaluate.figures import figures
from aigc_demo.actions.save_report import write_report
from aigc_demo.data import catalogue
from aigc_demo.data.imports import own as own_sets
from aigc_demo.provenance.marking import PLAIN, Marking
from aigc_demo.runtime.registry import all_cards, cards_for, find_card
from aigc_demo.schemas import check
from aigc_demo.schemas.evaluate import EvaluateRequest
from aigc_demo.ui.evaluate.blind_panel import BlindPanel
from aigc_demo.ui.evaluate.table_view import confusion_html, failures_html, pairs_html, table_html
from aigc_demo.ui.evaluate.trap_cards import TrapCards
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import COMPUTES, PRIVATE, QUICK
from aigc_demo.ui.page.generation_tab import GenerationTab
from aigc_demo.ui.page.gradio_gaps import download_when_pressed
from aigc_demo.ui.page.panels import CodePanel, Memory, place_lesson
from aigc_demo.ui.page.progress import BackgroundWork
from aigc_demo.ui.page.toasts import inform

EXAMPLES: dict[str, dict[str, Any]] = {
    "digits": {"model": "gan-digits", "against": ["vae-digits"], "count": 200},
    "fashion": {"model": "gan-fashion", "against": ["vae-fashion"], "count": 200},
    "poems": {"model": "gpt-poems", "count": 48},
    "austen": {"model": "gpt-austen", "count": 32},
}
LESSON = ("ui/evaluate/lesson", "metrics/intervals.py")  # the lesson, and the source beside it


class EvaluateTab(GenerationTab):
    """Components and handlers of the tab."""

    task = "evaluate"
    title = "tab.evaluate"
    request_type = EvaluateRequest
    model_is_all = False
    no_model = None  # what it does without a model of one kind it does with one of another

    def __init__(self, context: Context) -> None:
        self.context = context
        parts = {"ask": self._build_ask, "see": self._build_see, "look": self._build_look}
        with (
            gr.Tab(context.words(self.title), id=self.task, elem_id="tab-evaluate") as self.tab,
            gr.Row(equal_height=False, elem_classes=["place", "place-evaluate"]),
        ):
            for part, build in parts.items():
                with gr.Column(min_width=280, elem_classes=part):
                    build()
        self._connect()

    def _build_ask(self) -> None:
        """Models, data, how many; the button; examples; the rest under More."""
        context, words = self.context, self.context.words
        models = self.models()
        self.model = gr.Dropdown(
            models, value=next((m for m in models if m == "gan-digits"), models[0] if models else None),
            label=words("shell.model"), elem_id="evaluate-model", filterable=False,
        )  # fmt: skip
        self.against = gr.Dropdown(
            models, value=[], multiselect=True, max_choices=3, label=words("evaluate.against"),
            info=words("evaluate.against.help"), elem_id="evaluate-against",
        )  # fmt: skip
        self.data = gr.Dropdown(
            self.data_choices(),
            value="",
            label=words("evaluate.data"),
            elem_id="evaluate-data",
            filterable=False,
        )
        count = self._field("count", step=4)
        self._run_buttons("action.evaluate")
        here = {card.id for card in all_cards(context.settings)}
        names = [
            name for name, values in EXAMPLES.items() if {values["model"], *values.get("against", [])} <= here
        ]
        self.examples = self._example_buttons(names, "example.evaluate")
        with gr.Accordion(words("shell.more"), open=False, elem_id="evaluate-more"):
            with gr.Row():
                seeds, seed = self._field("seeds"), self._field("seed", info=None)
            self.features = gr.Dropdown(
                self.feature_choices(), value="", label=words("evaluate.features"),
                info=words("evaluate.features.help"), elem_id="evaluate-features", filterable=False,
            )  # fmt: skip
        self.fields = {
            "model": self.model,
            "against": self.against,
            "data": self.data,
            "count": count,
            "seeds": seeds,
            "seed": seed,
            "features": self.features,
        }

    def _build_see(self) -> None:
        """The table, files, pairs, failures, people."""
        words = self.context.words
        self.result = gr.State(None)
        self.note = gr.HTML("", elem_id="evaluate-note")
        self.table = gr.HTML(pictures.empty(words("empty.evaluate")), elem_id="evaluate-table")
        self.saves = gr.Row(elem_classes="small-buttons")
        self.confusion = gr.HTML("", elem_id="evaluate-confusion")
        with gr.Accordion(
            words("evaluate.pairs"), open=True, elem_id="evaluate-pairs-fold", visible=False
        ) as self.pairs_fold:
            self.pairs = gr.HTML("", elem_id="evaluate-pairs")
        with gr.Accordion(
            words("evaluate.failures"), open=False, elem_id="evaluate-failures-fold", visible=False
        ) as self.failures_fold:
            self.failures = gr.HTML("", elem_id="evaluate-failures")
        self.blind = BlindPanel(self.context)
        with self.saves:
            for kind in ("md", "json"):
                download_when_pressed(
                    words(f"save.{kind}"), f"evaluate-save-{kind}", self.saving(f".{kind}"),
                    [self.result, self.blind.votes], **PRIVATE,
                )  # fmt: skip

    def _build_look(self) -> None:
        """Traps, how it works, the code."""
        self.traps = TrapCards(self.context)
        place_lesson(self.context, "evaluate-lesson", *LESSON)
        self.code = CodePanel.build(self.context, "evaluate-code")

    def _connect(self) -> None:
        run = {
            "fn": self.run,
            "inputs": {*self.fields.values(), self.blind.votes},
            "outputs": self.seen(),
            **COMPUTES,
        }
        self.runs = [(self.go.click(**run), self.result)]
        for name, button in self.examples.items():
            self._run_after(button.click(self.example(name), None, self.settable(), **PRIVATE))
        self.halt.click(self.stop, **QUICK)
        self.blind.connect(self.result, self.runs[0][0])
        self.traps.connect(self.model, self.data)
        choosers = [self.model, self.against, self.data, self.features]
        self.tab.select(self.refresh, choosers, choosers, **PRIVATE)

    def seen(self) -> list[Any]:
        """What a run updates."""
        folds = [self.pairs_fold, self.failures_fold, self.pairs, self.failures, self.confusion]
        return [self.result, self.note, self.table, *folds, *self.blind.parts(), *vars(self.code).values()]

    def models(self) -> list[str]:
        """The models that can be measured."""
        return [card.id for card in all_cards(self.context.settings) if can_evaluate(card)]

    def data_choices(self, lang: str | None = None) -> list[tuple[Any, str]]:
        """The model's own data, then those of the catalogue that are here or need no network, then one's own."""
        settings, words = self.context.settings, self.context.words
        trained = words("evaluate.own_data") if lang is None else words.say("evaluate.own_data", lang)
        known = [
            name
            for name, card in catalogue().items()
            if card.here(settings.data_dir) or not card.needs_network
        ]
        return [
            (trained, ""),
            *((name, name) for name in [*known, *(own.name for own in own_sets(settings.own_data_dir))]),
        ]

    def feature_choices(self, lang: str | None = None) -> list[tuple[Any, str]]:
        """What pictures can be looked at through."""
        words = self.context.words
        best = words("evaluate.best_features") if lang is None else words.say("evaluate.best_features", lang)
        seen = [
            card.id
            for ability in ENCODING
            for card in cards_for(ability, self.context.settings)
            if not card.kind
        ]
        return [(best, ""), *((name, name) for name in dict.fromkeys([*seen, PIXELS]))]

    @polite
    def refresh(
        self, model: str, against: list[str], data: str, features: str, visitor: gr.Request
    ) -> dict[Any, Any]:
        """Offer what is here now; what was chosen stays where it is still here."""
        lang, models = self.context.lang(visitor), self.models()
        choices, seen = self.data_choices(lang), self.feature_choices(lang)
        return {
            self.model: gr.update(
                choices=models, value=model if model in models else next(iter(models), None)
            ),
            self.against: gr.update(choices=models, value=[name for name in against or [] if name in models]),
            self.data: gr.update(
                choices=choices, value=data if data in [value for _, value in choices] else ""
            ),
            self.features: gr.update(
                choices=seen, value=features if features in [value for _, value in seen] else ""
            ),
        }

    def settable(self) -> list[Any]:
        """What `show` sets."""
        return list(self.fields.values())

    def show(self, request: EvaluateRequest, lang: str) -> dict[Any, Any]:
        """A request's settings in the widgets; InputError where its models are not here."""
        for name in (request.model, *request.against):
            find_card(name, self.context.settings)
        updates = {part: gr.update(value=getattr(request, name)) for name, part in self.fields.items()}
        models = self.models()
        updates[self.model] = gr.update(choices=models, value=request.model)
        updates[self.against] = gr.update(choices=models, value=list(request.against))
        choices, seen = self.data_choices(lang), self.feature_choices(lang)
        if request.data not in [value for _, value in choices]:
            choices.append((request.data, request.data))
        updates[self.data] = gr.update(choices=choices, value=request.data)
        updates[self.features] = gr.update(choices=seen, value=request.features)
        return updates

    def kept(self) -> dict[str, Any]:
        """The widgets, and the votes."""
        return {**super().kept(), "votes": self.blind.votes}

    def recall(self, values: Mapping[str, Any], lang: str) -> dict[Any, Any]:
        """As it was left, with the votes that were given."""
        here, asked = self.models(), {name: value for name, value in values.items() if name in self.fields}
        if isinstance(asked.get("against"), list):
            asked["against"] = [name for name in asked["against"] if name in here]
        votes = values.get("votes")
        given = {self.blind.votes: votes} if isinstance(votes, str) and len(votes) < 2000 else {}
        return {**super().recall(asked, lang), **given}

    def example(self, name: str) -> Any:
        """A handler that fills in an example."""

        def fill(visitor: gr.Request) -> dict[Any, Any]:
            return self.show(check(EvaluateRequest, EXAMPLES[name]), self.context.lang(visitor))

        return fill

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Measure; meanwhile say how far it is and how long it still takes."""
        asked = check(EvaluateRequest, {**self.given(values), "against": values[self.against] or []})
        stop, lang, votes = (
            self.context.begin(visitor, self.task),
            self.context.lang(visitor),
            values[self.blind.votes],
        )
        name, recent = self.context.visitor_name(visitor), self.context.recent
        if (known := recent.find(name, asked)) is None:
            cache = self.context.cache
            work = BackgroundWork(lambda report: evaluate(asked, cache, stop, report))
            yield from work.updates(self.note, self.context.words, lang)
            known = work.result, work.seconds
            recent.keep(name, asked, known)
        yield stop.newest(self.shown(*known, votes, visitor))

    def shown(
        self, result: EvaluateResult, seconds: float, votes: str, visitor: gr.Request
    ) -> dict[Any, Any]:
        """Updates that show a finished evaluation."""
        words, lang = self.context.words, self.context.lang(visitor)
        took = words.say("evaluate.took", lang, seconds=f"{seconds:.1f}", data=result.data)
        pairs = pairs_html(result, words, lang) if result.kind != "classify" else ""
        return {
            self.result: result,
            self.note: f'<p class="note">{took}</p>',
            self.table: table_html(result, words, lang),
            self.confusion: confusion_html(result, words, lang),
            self.pairs: pairs,
            self.pairs_fold: gr.update(visible=bool(pairs)),
            self.failures: failures_html(result, words, lang),
            self.failures_fold: gr.update(visible=any(result.failures)),
            **self.blind.shown(result, votes or "", lang),
            **self.code.show(result.request, visitor),
        }

    def saving(self, suffix: str) -> Any:
        """A handler that writes the report in one format."""

        def write(result: EvaluateResult | None, votes: str, visitor: gr.Request) -> Any:
            return self.save(suffix, result, votes, visitor)

        return write

    def save(self, suffix: str, result: EvaluateResult | None, votes: str, visitor: gr.Request) -> Any:
        """The report, with the votes once they are complete."""
        if result is None:
            inform(self.context.words.say("toast.nothing", self.context.lang(visitor)))
            return gr.skip()
        marking: Marking = self.context.marking(visitor) or PLAIN
        path: Path = write_report(
            result, self.context.folder(visitor), suffix, marking, self.blind.cast(result, votes)
        )
        return str(path)

    def memory(self, result: EvaluateResult, lang: str) -> Memory:
        """For the history: the models, and the first figure."""
        first: Sequence[Any] = [row for row in result.rows if row.figure == result.figures[0]]
        words = figures()[result.figures[0]]
        told = "; ".join(f"{row.model} {words.told(row.interval.point)}" for row in first)
        names = ", ".join(card.id for card in result.cards)
        return Memory(result.request, names, words=f"{words.title.say(lang)}: {told}")
