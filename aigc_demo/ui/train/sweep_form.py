"""What to vary in a sweep, over what, and how to search: the form under the training's own settings."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from aigc_demo.core.words import label_of
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.sweep import SweepRequest
from aigc_demo.jobs.sweep.request import SweepPlan
from aigc_demo.jobs.sweep.space import MOST, tunable
from aigc_demo.models.family import families, trained
from aigc_demo.schemas import check
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import QUICK
from aigc_demo.ui.page.widgets import field
from aigc_demo.ui.train.settings_panel import SettingsPanel

RATES = {"texts": "0.005, 0.02, 0.08", "pictures": "0.0003, 0.001, 0.003"}  # by what the family learns from
PROPOSED = ("learning_rate", "batch_size")
BATCHES = "8, 16"
PROPOSALS = frozenset({*RATES.values(), BATCHES})


def proposal(family: str, name: str) -> str:
    """Values to begin with."""
    return {"learning_rate": RATES.get(families()[family].reads, ""), "batch_size": BATCHES}.get(name, "")


class SweepForm:
    """Components and handlers; `vary` are pairs of a setting and its values, `fields` those of a SweepPlan."""

    def __init__(self, context: Context, settings: SettingsPanel) -> None:
        self.context, self.settings = context, settings

    def build(self) -> None:
        """Left: what to vary and how to search."""
        words = self.context.words
        with gr.Accordion(words("sweep.title"), open=False, elem_id="train-sweep") as self.fold:
            gr.Markdown(words("sweep.help"), elem_classes="note")
            self.vary = []
            for row in range(MOST):
                chosen = PROPOSED[row] if row < len(PROPOSED) else ""
                with gr.Row(equal_height=True, elem_classes="vary"):
                    name = gr.Dropdown(
                        self.choices(trained()[0].name), value=chosen, label=words("sweep.setting"),
                        elem_id=f"sweep-setting-{row + 1}", filterable=False, min_width=120, scale=2,
                    )  # fmt: skip
                    values = gr.Textbox(
                        proposal(trained()[0].name, chosen), label=words("sweep.values"), placeholder="1, 2, 4",
                        elem_id=f"sweep-values-{row + 1}", min_width=120, scale=3, max_lines=1,
                    )  # fmt: skip
                self.vary.append((name, values))
            self.fields = {
                "search": field(self.context, "sweep", SweepPlan, "search"),
                "runs": field(self.context, "sweep", SweepPlan, "runs"),
            }
            with gr.Row(equal_height=True):
                for name in ("minutes", "draw_seed"):
                    self.fields[name] = gr.Number(
                        SweepPlan.model_fields[name].default, label=words(f"sweep.{name}"), info=None,
                        precision=0 if name == "draw_seed" else None, elem_id=f"sweep-{name}".replace("_", "-"), min_width=110,
                    )  # fmt: skip
            self.go = gr.Button(words("sweep.go"), elem_id="sweep-go")

    def connect(self) -> None:
        """What happens inside the form; starting is the panel's."""
        family = self.settings.fields["family"]
        every = [part for row in self.vary for part in row]
        family.change(self.offer, {family, *every}, every, **QUICK)
        for name, values in self.vary:
            name.input(self.propose, [family, name, values], values, **QUICK)

    def inputs(self) -> set[Any]:
        """The components that `request` reads, beside the training's own."""
        return {part for row in self.vary for part in row} | set(self.fields.values())

    def choices(self, family: str) -> list[tuple[Any, str]]:
        """(shown, name) of the settings that a family can be tuned by, and none."""
        words = self.context.words
        return [(words("sweep.none"), ""), *((words(f"train.{name}"), name) for name in tunable(family))]

    @polite
    def offer(self, values: dict[Any, Any], visitor: gr.Request) -> dict[Any, Any]:
        """Another family: its settings."""
        family, lang = values[self.settings.fields["family"]], self.context.lang(visitor)
        if "full" not in families()[family].trains:
            return gr.skip()
        say, known = self.context.words.say, tunable(family)
        choices = [
            (say("sweep.none", lang), ""),
            *((label_of(TrainRequest, name).say(lang), name) for name in known),
        ]
        updates: dict[Any, Any] = {}
        for part, text in self.vary:
            name = values[part] if values[part] in known else ""
            updates[part] = gr.update(choices=choices, value=name)
            if not name or values[text] in PROPOSALS:
                updates[text] = proposal(family, name)
        return updates

    def propose(self, family: str, name: str, values: str) -> Any:
        """Values for a setting that was just chosen, where none of one's own are written."""
        return proposal(family, name) if not values.strip() or values in PROPOSALS else gr.skip()

    def request(self, values: Mapping[Any, Any]) -> SweepRequest:
        """What the widgets ask for."""
        base = self.settings.asked(dict(values))
        vary = {values[name]: values[text] or "" for name, text in self.vary if values[name]}
        plan = {name: values[part] for name, part in self.fields.items() if values[part] is not None}
        return check(SweepRequest, {**plan, "base": base, "vary": vary})
