"""Text from given facts by rules: templates with slots, word lists, expansions with weights, agreement and conditions.

What is called template-based generation (Reiter and Dale 1997; FoG, Goldberg et al. 1994). A model is one file of rules,
rules.yaml: nothing is learnt, every choice has the odds that the file gives it, and no text is false to its facts.
Prompt templates for chat models are something else (actions/prompt_templates).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.family import Family

if TYPE_CHECKING:
    from aigc_demo.families.templates.model import RuleWriter

FAMILY = Family(
    "templates",
    Text("Rules with slots", "规则与槽位"),
    tasks=("text",),
    pipeline_tag="text-generation",
    limits=Text(
        "Says what its rules foresee and nothing else; whoever writes the rules decides what can be said.",
        "只会说规则预见到的话；能说什么，由写规则的人决定。",
    ),
    losses="families/templates/expand.py",
    markable=False,
)


def load(folder: Path, device: str) -> "RuleWriter":
    """The rules of a model folder; an InputError where they are missing or not sound. They need no device."""
    from aigc_demo.families.templates.model import RuleWriter

    return RuleWriter.load(folder)
