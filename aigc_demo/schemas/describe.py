"""A request's fields as a program's author needs them: name, type, default, what values are taken, what it does."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from aigc_demo.core.words import FieldLabel, label_of
from aigc_demo.schemas.base import own_fields

# JSON schema's key for a bound, and how the bound reads in a table
BOUNDS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "above {}"),
    ("maximum", "at most {}"),
    ("multipleOf", "a multiple of {}"),
    ("minLength", "length at least {}"),
    ("maxLength", "length at most {}"),
    ("minItems", "length at least {}"),
    ("maxItems", "length at most {}"),
    ("pattern", "matches {}"),
)


@dataclass(frozen=True)
class FieldFacts:
    """One field of a request; `own`: where it is left out, the model has a value for it."""

    name: str
    type: str
    required: bool
    default: Any
    limits: str
    words: FieldLabel
    own: bool = False


def describe(kind: type[BaseModel]) -> list[FieldFacts]:
    """Every field of a request, required ones first, as in the signature of its endpoint."""
    properties = kind.model_json_schema()["properties"]
    facts = [
        FieldFacts(
            name,
            "string" if "enum" in properties[name] else properties[name]["type"],
            field.is_required(),
            None if field.is_required() or name in own_fields(kind) else field.default,
            limits(properties[name]),
            label_of(kind, name),
            name in own_fields(kind),
        )
        for name, field in kind.model_fields.items()
    ]
    return sorted(facts, key=lambda fact: not fact.required)


def limits(schema: dict[str, Any]) -> str:
    """What values a field takes, in words, from its JSON schema; empty where every value of its type is taken."""
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    return ", ".join(words.format(schema[key]) for key, words in BOUNDS if key in schema)


def docstring(kind: type[BaseModel]) -> str:
    """A request's docstring with its fields under "Args:", as tools read it that show functions to a language model."""
    lines = [(kind.__doc__ or "").strip(), "", "Args:"]
    for fact in describe(kind):
        about = f"{fact.words.en}. {fact.words.help.en}".strip()
        lines.append(f"    {fact.name}: {about}" + (f" ({fact.limits})" if fact.limits else ""))
    return "\n".join(lines)
