"""The three statements about a file, as types. What is read from a file is untrusted: all is bounded here."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from aigc_demo import __version__
from aigc_demo.core.words import Text

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
PRODUCER = "aigc-demo"
MAX_JSON = 60_000  # characters of one label or recipe, so that an XMP packet fits the 64 KB of a JPEG segment
MAX_DEPTH = 8
TEXTS = ("text", "Markdown", "JSON")  # formats of documents

Short = Annotated[str, StringConstraints(max_length=1000)]


class Label(BaseModel):
    """The AIGC object of GB 45438-2025, Annex E, with the standard's own field names: seven strings.

    Label is "1" for AI-made ("2" may be, "3" suspected: set by platforms, never here). Reading is lenient,
    since other producers leave fields out; `new` writes the strict form that every reader takes: printable
    ASCII, the propagator of a fresh file being its producer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    Label: Annotated[str, StringConstraints(pattern=r"^[123]$")]
    ContentProducer: Short = ""
    ProduceID: Short = ""
    ReservedCode1: Short = ""
    ContentPropagator: Short = ""
    PropagateID: Short = ""
    ReservedCode2: Short = ""

    @classmethod
    def new(cls) -> "Label":
        """A label for one new file, under a number that no other file has."""
        number = uuid4().hex
        return cls(
            Label="1",
            ContentProducer=PRODUCER,
            ProduceID=number,
            ContentPropagator=PRODUCER,
            PropagateID=number,
        )


class Source(BaseModel):
    """What a picture that a visitor brought for the request's field `field` said of itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    field: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
    label: Label | None = None
    source_type: Annotated[str, StringConstraints(max_length=300)] | None = None
    model: Annotated[str, StringConstraints(max_length=200)] = ""


class Recipe(BaseModel):
    """What it takes to make the file again. The request is checked by its own model before it is used.

    `weights` is the sha256 of the weights, whole or its first digits, empty where there is none. `sources` are
    the pictures that went in and were labelled themselves.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    app: Literal["aigc-demo"] = "aigc-demo"
    version: Annotated[str, StringConstraints(max_length=40)] = __version__
    task: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
    model: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
    weights: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{6,64})?$")] = ""
    request: dict[str, Any] = Field(default_factory=dict)
    made_at: datetime | None = None
    sources: Annotated[tuple[Source, ...], Field(max_length=8)] = ()

    @field_validator("request")
    @classmethod
    def _bounded(cls, request: dict[str, Any]) -> dict[str, Any]:
        if _depth(request) > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        try:
            length = len(json.dumps(request, allow_nan=False))
        except TypeError as error:
            raise ValueError(f"no JSON: {error}") from None
        if length > MAX_JSON:
            raise ValueError(f"longer than {MAX_JSON} characters of JSON")
        return request


Words = Annotated[str, StringConstraints(max_length=20_000)]
MAX_FACTS = 24  # further settings of another program that are told


class Statement(BaseModel):
    """What another generator's file says of its making, in our fields' names; the rest of its settings as they are."""

    model_config = ConfigDict(frozen=True)

    program: Short
    prompt: Words = ""
    negative_prompt: Words = ""
    seed: int | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    more: Annotated[tuple[tuple[Short, Short], ...], Field(max_length=MAX_FACTS)] = ()

    @classmethod
    def of(cls, program: str, fields: Mapping[str, Any]) -> "Statement | None":
        """The statement of settings as they were found, each cut, left out where it is of no use; None where none is left."""
        own = {name: _said(fields.get(name), part) for name, part in OWN_KINDS.items()}
        others = [
            (str(name)[:100], str(value)[:300])
            for name, value in fields.items()
            if name not in own and isinstance(value, str | int | float) and str(value).strip()
        ]
        kept = {name: value for name, value in own.items() if value not in (None, "")}
        if not kept and not others:
            return None
        return cls(program=program[:60], **kept, more=tuple(others[:MAX_FACTS]))

    def settings(self) -> dict[str, Any]:
        """What of it a request for pictures of words has a field for."""
        return {name: getattr(self, name) for name in OWN_KINDS if getattr(self, name) not in (None, "")}


OWN_KINDS = {
    "prompt": str, "negative_prompt": str, "seed": int, "num_inference_steps": int, "guidance_scale": float,
}  # fmt: skip


def _said(value: Any, kind: type) -> Any:
    """A value as `kind`, None where it is none; numbers are finite and no larger than 64 bits."""
    if value is None or isinstance(value, bool | list | dict):
        return None
    if kind is str:
        return "".join(char for char in str(value)[:20_000] if char >= " " or char in "\n\t").strip()
    try:
        number = float(str(value)[:40])
        whole = (
            int(str(value)[:40]) if kind is int and str(value)[:40].strip("-").isdecimal() else kind(number)
        )
    except (ValueError, OverflowError):
        return None
    return whole if math.isfinite(number) and abs(number) < 1 << 64 else None


class Provenance(BaseModel):
    """What is known about a file. None and the empty string mean that the file says nothing."""

    model_config = ConfigDict(frozen=True)

    format: str = ""
    label: Label | None = None
    source_type: Annotated[str, StringConstraints(max_length=300)] | None = None
    recipe: Recipe | None = None
    statement: Statement | None = None
    notes: tuple[Text, ...] = ()

    @classmethod
    def new(cls, recipe: Recipe) -> "Provenance":
        """The provenance of one new file made by `recipe`."""
        return cls(label=Label.new(), source_type=SOURCE_TYPE, recipe=recipe)

    @property
    def ai_generated(self) -> bool:
        """Whether the file states that AI made it; False means only that it does not say so.

        A generator's settings say so, too, but in a text they are about something else.
        """
        by_label = self.label is not None and self.label.Label == "1"
        by_program = self.statement is not None and self.format not in TEXTS
        return by_label or by_program or (self.source_type or "").lower().endswith("trainedalgorithmicmedia")

    def label_json(self) -> str:
        """The label as the value that goes under the key AIGC: printable ASCII."""
        return to_ascii_json(self.label)

    def recipe_json(self) -> str:
        """The recipe as ASCII JSON, free of the characters that XML escapes."""
        return to_ascii_json(self.recipe)


def to_ascii_json(value: BaseModel | None) -> str:
    r"""`value` as compact JSON in ASCII, with <, > and & written \u003c, \u003e, \u0026: safe in XML."""
    plain = None if value is None else value.model_dump(mode="json", exclude_none=True)
    if plain and not plain.get("sources", True):
        del plain["sources"]
    text = json.dumps(plain, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def parse_json(text: bytes | str, limit: int = 6 * MAX_JSON) -> Any:
    """Parse untrusted JSON of at most `limit` bytes or characters; ValueError where anything is wrong."""
    if len(text) > limit:
        raise ValueError(f"longer than {limit}")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _depth(value: Any, reached: int = 0) -> int:
    """How deeply dicts and lists are nested; counting ends just above MAX_DEPTH."""
    if not isinstance(value, dict | list) or reached > MAX_DEPTH:
        return reached
    inner = value.values() if isinstance(value, dict) else value
    return max((_depth(item, reached + 1) for item in inner), default=reached + 1)
