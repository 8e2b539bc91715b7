"""What a picture that a visitor brought said of itself, kept where it goes on.

A copy (the picture scaled or re-encoded, nothing made) keeps the picture's label; this app enters itself as who passed
it on, as GB 45438-2025 has it. A work (something made from the picture) has a label of its own, and its recipe quotes
the picture's.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

from aigc_demo.core.errors import InputError
from aigc_demo.provenance.reader import read
from aigc_demo.provenance.schema import PRODUCER, Provenance, Source

NOTHING = Provenance()


def carried(path: str | Path) -> Provenance:
    """The statements that a copy of the file has to make; none where the file makes none."""
    found = _read(path)
    label = found.label
    if label:
        label = label.model_copy(update={"ContentPropagator": PRODUCER, "PropagateID": uuid4().hex})
    return found.model_copy(update={"format": "", "label": label, "notes": ()})


def sources(files: Mapping[str, str]) -> Iterator[Source]:
    """What those of the files (request field: path) that say something said."""
    for name, path in files.items():
        found = _read(path)
        if found.label or found.source_type or found.statement:
            program = found.statement.program if found.statement else ""
            model = found.recipe.model if found.recipe else program
            yield Source(field=name, label=found.label, source_type=found.source_type, model=model)


def _read(path: str | Path) -> Provenance:
    """What the file says; nothing where it is gone or cannot be read."""
    try:
        return read(path)
    except InputError:
        return NOTHING
