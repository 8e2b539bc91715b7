"""What to train and how: family, start, size, steps and the rest, with a sentence for each; plan, then start."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.data import catalogue
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.checks import adaptable
from aigc_demo.jobs.recipes import DataFacts, facts_of, recipe_for
from aigc_demo.jobs.request import optional_fields, uses
from aigc_demo.jobs.sweep.folder import SWEEPS
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import families, trained
from aigc_demo.runtime.registry import all_cards
from aigc_demo.schemas import check
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, QUICK
from aigc_demo.ui.page.widgets import field, seed_field
from aigc_demo.ui.train.data_panel import DataPanel
from aigc_demo.ui.train.presets_panel import PresetsPanel

KEPT = ("family", "name", "start", "seed")  # what other data do not reset
OFTEN = ("batch_size", "learning_rate")  # what most trainings ask for
FOLDED = (
    *OFTEN,
    *(name for name in optional_fields() if name not in ("size", "trigger", *OFTEN)),
    "save_every",
)
# Numbers without a slider.
FREE = frozenset(
    {
        "steps",
        "batch_size",
        "learning_rate",
        "save_every",
        "kl_weight",
        "adversarial_weight",
        "gradient_penalty",
        "lora_alpha",
        "resolution",
    }
)


class SettingsPanel:
    """Components and handlers; `fields` are the widgets by request field, all but `data`, which is chosen beside."""

    def __init__(self, context: Context, data: DataPanel) -> None:
        self.context = context
        self.data_panel, self.data = data, data.choice

    def build(self) -> None:
        """Left, under the data: the family, the button, and why these settings."""
        words = self.context.words
        first = trained()[0].name
        self.fields = {"family": self._field("family", value=first, info=None)}
        with gr.Row(elem_classes="actions"):
            self.go = gr.Button(words("train.go"), variant="primary", elem_id="train-go", scale=2)
            self.plan = gr.Button(words("train.plan"), elem_id="train-plan", scale=1, min_width=80)
        self.why = gr.HTML("", elem_id="train-why")
        self.planned = gr.HTML("", elem_id="train-planned")
        self.accept = gr.Button(words("train.accept"), size="sm", visible=False, elem_id="train-accept")
        self.estimate = gr.State(None)

    def build_more(self) -> None:
        """Left, at the end: everything that has a good value already, and what can go wrong."""
        words = self.context.words
        first = trained()[0].name
        with gr.Accordion(words("shell.more"), open=False, elem_id="train-more"):
            self.fields["start"] = gr.Dropdown(
                self.starts(first), value="", label=words("train.start"), info=words("train.start.help"),
                elem_id="train-start", filterable=False,
            )  # fmt: skip
            self.fields["size"] = self._field("size")
            self.cost = gr.HTML("", elem_id="train-cost", elem_classes="card-lines")
            with gr.Row(equal_height=True):
                self.fields["steps"] = self._field("steps", min_width=110, info=None)
                self.fields["name"] = self._field(
                    "name",
                    value=self.free_name(first, self.data.value or ""),
                    min_width=150,
                    info=None,
                    max_lines=1,
                )
            self.proposed = gr.State(self.fields["name"].value)
            self.fields["trigger"] = self._field("trigger", visible=False, max_lines=1)
            for item in FOLDED:
                self.fields[item] = self._field(item, visible=uses(first, "full", item))
            self.fields["seed"] = seed_field(self.context, "train", TrainRequest)
        self.presets = PresetsPanel(self)
        self.presets.build()

    def _field(self, name: str, **changes: Any) -> Any:
        words, default = self.context.words, TrainRequest.model_fields[name].default
        if name not in FREE:
            return field(self.context, "train", TrainRequest, name, **changes)
        options = {
            "label": words(f"train.{name}"), "info": words(f"train.{name}.help"), "value": default,
            "precision": 0 if isinstance(default, int) else None, "elem_id": f"train-{name}".replace("_", "-"),
        }  # fmt: skip
        return gr.Number(**{**options, **changes})

    def connect(self) -> None:
        """What happens inside the panel; starting is the tab's."""
        family, start, size = (self.fields[key] for key in ("family", "start", "size"))
        chosen = {self.data, self.proposed, *self.fields.values()}
        self.data_panel.chosen(self.choose_data, chosen, self.fitted(), **QUICK)
        family.input(self.choose_family, chosen, self.fitted(), **QUICK)
        for changed in (self.data_panel.imported, self.data_panel.deleted):
            changed.success(self.choose_data, chosen, self.fitted(), **QUICK)
        rank = self.fields["lora_rank"]
        size.change(self.say_cost, [family, size, start, rank], self.cost, **QUICK)
        begun = [family, size, start, rank]
        start.change(self.show_fields, begun, [self.cost, *self._optional()], **QUICK)
        self.presets.connect()
        self.plan.click(
            self.make_plan,
            {self.data, *self.fields.values()},
            [self.planned, self.estimate, self.accept],
            concurrency_id="plan",
            concurrency_limit=1,
            **PRIVATE,
        )
        self.accept.click(self.use_suggestion, self.estimate, [*self.fields.values(), self.accept], **PRIVATE)

    def _optional(self) -> list[Any]:
        """The widgets that only some trainings have."""
        return [self.fields[name] for name in optional_fields()]

    def starts(self, family: str) -> list[tuple[Any, str]]:
        """(shown, id) of what a run of this family may begin with: random weights, or a model of the family."""
        found = [(card.id, card.id) for card in self.bases(family)]
        if not from_nothing(family):
            return found or [(self.context.words("train.no_base"), "")]
        return [(self.context.words("train.from_scratch"), ""), *found]

    def bases(self, family: str) -> list[ModelCard]:
        """The models of a family that a run may go on from: own ones, and pretrained ones that take an adapter."""
        mine = [card for card in all_cards(self.context.settings) if card.family == family and not card.base]
        return [card for card in mine if not card.kind or adaptable(card)]

    def base(self, family: str, start: str) -> ModelCard | None:
        """The pretrained model that an adapter would be trained for; None where all weights are trained."""
        return next((card for card in self.bases(family) if card.id == start and card.kind), None)

    def way(self, family: str, start: str) -> str:
        """How these train: "lora" beside a pretrained model, else "full"."""
        return "lora" if not from_nothing(family) or self.base(family, start) else "full"

    def free_name(self, family: str, data: str) -> str:
        """A name for a run of this family and data that no run has yet."""
        return self.free_run(f"{families()[family].run_stem or family}-{data}")

    def free_run(self, wish: str) -> str:
        """A name like `wish` that no run and no sweep has yet."""
        stem = re.sub(r"[^\w.-]+", "-", wish).strip(".-")[:50] or "run"
        runs = self.context.settings.own_runs_dir
        names = (stem, *(f"{stem}-{i}" for i in range(2, 10_000)))
        return next(name for name in names if not ((runs / name).exists() or (runs / SWEEPS / name).exists()))

    def fitted(self) -> list[Any]:
        """The components that `fit` updates."""
        return [
            self.data,
            self.cost,
            self.why,
            self.proposed,
            self.planned,
            self.accept,
            *self.fields.values(),
        ]

    @polite
    def choose_data(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """Other data were chosen: the family and the settings that suit them."""
        facts = facts_of(values[self.data] or "", self.context.settings)
        if facts is None:
            return gr.skip()
        recipe, family = recipe_for(facts), values[self.fields["family"]]
        if recipe is not None:
            family = recipe.settings["family"]
        elif families()[family].reads != facts.reads:
            family = next(row.name for row in trained() if row.reads == facts.reads)
        return self._with_cost(self.fit(family, facts, values, visitor), visitor)

    @polite
    def choose_family(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """Another family was chosen: data that it learns from, and the settings that suit both."""
        family = values[self.fields["family"]]
        reads = families()[family].reads
        facts = facts_of(values[self.data] or "", self.context.settings)
        if facts is None or facts.reads != reads:
            lang = self.context.lang(visitor)
            name = self.data_panel.first(reads, lang) or self.data_panel.first(reads)
            facts = facts_of(name or "", self.context.settings)
        if facts is None:
            raise InputError(**{name: self.context.words.say("train.no_data", name) for name in ("en", "zh")})
        return self._with_cost(self.fit(family, facts, values, visitor), visitor)

    def fit(
        self, family: str, facts: DataFacts, values: Mapping[Any, Any], visitor: gr.Request
    ) -> dict[Any, Any]:
        """Updates that choose data and family, and put in the settings of their recipe, or else the defaults."""
        lang, fields = self.context.lang(visitor), self.fields
        recipe = recipe_for(facts, family)
        wanted = {name: self.default(name) for name in fields if name not in KEPT}
        wanted |= recipe.settings if recipe else {}
        start = values.get(fields["start"]) or ""
        starts = self.starts(family)
        start = start if start in dict(map(reversed, starts)) else starts[0][1]
        updates: dict[Any, Any] = {fields[name]: gr.update(value=value) for name, value in wanted.items()}
        for component, shown in self.visible(family, start).items():
            updates[component] = {**updates.get(component, {}), **shown}
        updates |= {
            self.data: self.data_panel.update(lang, facts.name),
            fields["family"]: family,
            fields["start"]: gr.update(choices=self.said_starts(family, visitor), value=start),
            self.why: self._why(recipe.why.say(lang)) if recipe and not self.base(family, start) else "",
            self.planned: "",  # it was for other settings
            self.accept: _seen(False),
        }
        given = values.get(fields["name"])
        if not given or given == values.get(self.proposed):
            name = self.free_name(family, facts.name)
            updates |= {fields["name"]: name, self.proposed: name}
        return updates

    def put(self, values: Mapping[str, Any], visitor: gr.Request) -> dict[Any, Any]:
        """Updates that choose the data of a training and put all its settings in, its name too."""
        family, start, fields = values["family"], values["start"], self.fields
        shown = self.visible(family, start)
        updates = {
            part: {**gr.update(value=values[name]), **shown.get(part, {})} for name, part in fields.items()
        }
        return {
            **updates,
            self.data: self.data_panel.update(self.context.lang(visitor), values["data"]),
            fields["start"]: gr.update(choices=self.said_starts(family, visitor), value=start),
            self.cost: self.say_cost(family, values["size"], start, values["lora_rank"], visitor),
            self.proposed: values["name"],
            self.why: "",
            self.planned: "",
            self.accept: _seen(False),
        }

    def _with_cost(self, updates: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """`updates` of `fit`, with how large the models are; that waits for torch, so the page's opening goes without."""
        names = ("size", "start", "lora_rank")
        size, start, rank = (updates[self.fields[name]]["value"] for name in names)
        return updates | {
            self.cost: self.say_cost(updates[self.fields["family"]], size, start, rank, visitor)
        }

    def _why(self, words: str) -> str:
        return f'<p class="note">{escape(words)}</p>'

    def visible(self, family: str, start: str) -> dict[Any, Any]:
        """Updates that show the fields of this training alone."""
        way = self.way(family, start)
        return {self.fields[name]: gr.update(visible=uses(family, way, name)) for name in optional_fields()}

    @polite
    def show_fields(
        self, family: str, size: str, start: str, rank: int, visitor: gr.Request
    ) -> dict[Any, Any]:
        """Another start was chosen: a pretrained one has other settings than one of our own."""
        return {self.cost: self.say_cost(family, size, start, rank, visitor), **self.visible(family, start)}

    def said_starts(self, family: str, visitor: gr.Request) -> list[tuple[str, str]]:
        """`starts` with the words in the visitor's language."""
        lang, say = self.context.lang(visitor), self.context.words.say
        words = {"": say("train.from_scratch" if from_nothing(family) else "train.no_base", lang)}
        return [(words.get(name, name), name) for _, name in self.starts(family)]

    def say_cost(self, family: str, size: str, start: str, rank: int, visitor: gr.Request) -> str:
        """How many parameters each size has, or what an adapter is learned beside."""
        from aigc_demo.jobs.estimate import sizes

        say, lang = self.context.words.say, self.context.lang(visitor)
        if base := self.base(family, start):
            return (
                f"<p>{say('train.adapter_cost', lang, base=f'{base.parameters / 1e6:,.0f}', rank=rank)}</p>"
            )
        if not from_nothing(family):
            return ""
        said = [f"{say(f'choice.{name}', lang)} {count / 1e6:.1f} M" for name, count in sizes(family).items()]
        return f"<p>{say('train.cost', lang, sizes=escape(' · '.join(said)))}</p>"

    def asked(self, values: dict[Any, Any]) -> TrainRequest:
        """The request of the widgets; fields that the family does not use stay at their defaults."""
        given = {name: values[component] for name, component in self.fields.items()}
        family, way = given["family"], self.way(given["family"], given["start"] or "")
        used = {name: value for name, value in given.items() if uses(family, way, name) and value is not None}
        return check(TrainRequest, {**used, "data": values[self.data] or ""})

    @polite
    def make_plan(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """A few measured steps: does it fit, and how long will it take?"""
        from aigc_demo.jobs.estimate import estimate

        asked, lang = self.asked(values), self.context.lang(visitor)
        self.context.jobs.check(asked)
        yield {
            self.planned: f'<p class="note" role="status">{escape(self._planning(asked.data, lang))}</p>',
            self.accept: _seen(False),
        }
        try:
            found = estimate(asked, self.context.settings, self.context.begin(visitor, "plan"))
        except Exception:
            yield {self.planned: ""}
            raise
        verdict = found.verdict.replace(" ", "-")
        lines = "".join(f"<p>{escape(line)}</p>" for line in found.words(lang).splitlines() if line.strip())
        changes = self._changes(asked, found.suggestion, lang) if found.suggestion else ""
        yield {
            self.planned: f'<div class="plan {verdict}">{lines}{changes}</div>',
            self.estimate: (asked, found),
            self.accept: _seen(found.suggestion is not None),
        }

    def _planning(self, data: str, lang: str) -> str:
        """What is being done until the plan is there: data that are not here yet come first."""
        card, say = catalogue().get(data), self.context.words.say
        if card is None or card.ready(self.context.settings.data_dir):
            return say("train.planning", lang)
        return say("train.fetch_then_plan", lang, megabytes=f"{card.megabytes:.0f}")

    def _changes(self, asked: TrainRequest, wiser: TrainRequest, lang: str) -> str:
        """What a suggestion changes, in the words of the fields."""
        said = [
            f"{self.context.words.say(f'train.{name}', lang)}: {getattr(asked, name)} → {value}"
            for name, value in wiser
            if value != getattr(asked, name)
        ]
        return f"<p><b>{escape(' · '.join(said))}</b></p>"

    def use_suggestion(self, planned: Any) -> dict[Any, Any]:
        """Put the suggested settings into the widgets."""
        if not planned or planned[1].suggestion is None:
            return {self.accept: _seen(False)}
        updates = {self.fields[name]: value for name, value in planned[1].suggestion if name in self.fields}
        return {**updates, self.accept: _seen(False)}

    def expected_seconds(self, planned: Any, asked: TrainRequest) -> float:
        """What the plan of this very request measured; 0 where there was none."""
        return planned[1].seconds if planned and planned[0] == asked else 0.0

    def default(self, name: str) -> Any:
        """What a field is without a recipe."""
        return TrainRequest.model_fields[name].get_default()


def from_nothing(name: str) -> bool:
    """Whether a family is trained from random weights here; else it only adapts a model of others."""
    return "full" in families()[name].trains


def _seen(visible: bool) -> Any:
    return gr.update(visible=visible)
