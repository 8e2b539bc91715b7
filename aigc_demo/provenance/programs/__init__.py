"""What other generators write about their making into pictures and films: their own settings, a statement, no proof.

infotext.py    lines of words: AUTOMATIC1111 and all that took its form (Forge, SD.Next, Civitai, Fooocus)
graphs.py      graphs of nodes: ComfyUI
objects.py     JSON: InvokeAI, NovelAI, Fooocus, SwarmUI
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aigc_demo.provenance.programs import graphs, infotext, objects
from aigc_demo.provenance.schema import Statement

LONGEST = 1 << 20  # characters of one text; a large graph takes half of it
# Keywords of PNG text, keys of MP4, that generators write under.
KEYWORDS = (
    "parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream", "fooocus_scheme",
    "Software", "Source", "Description", "comment", "negative_prompt", "seed", "num_inference_steps", "guidance_scale",
)  # fmt: skip
COMMENT, DESCRIPTION, MAKE, MODEL, MAKER_NOTE = (
    "UserComment",
    "ImageDescription",
    "Make",
    "Model",
    "MakerNote",
)


def find(said: Mapping[str, str]) -> Statement | None:
    """The statement in texts by the keyword or the EXIF field that they stood under; None where there is none."""
    short = {name: text for name, text in said.items() if len(text) <= LONGEST}
    for program, fields in _found(short):
        if statement := Statement.of(program, fields):
            return statement
    return None


def _found(said: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(program, settings) of each form that is there, the surest first."""
    for name in ("invokeai_metadata", "sd-metadata"):
        yield from _named("InvokeAI", objects.settings(parsed(said.get(name, ""))))
    yield from _named("InvokeAI", infotext.dream(said.get("Dream", "")))
    scheme = said.get("fooocus_scheme", "") or said.get(MAKER_NOTE, "")
    for name in ("parameters", COMMENT, "Comment", "comment", "text"):
        yield from _of_text(said.get(name, ""), scheme, said.get("Software", ""))
    for graph in _graphs(said):
        yield from _named("ComfyUI", graphs.settings(graph))
    if "prompt" in said and ("seed" in said or "num_inference_steps" in said):
        yield "Easy Diffusion", objects.settings(dict(said))


def _named(program: str, fields: Mapping[str, Any] | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if fields:
        yield program, fields


def _of_text(text: str, scheme: str, software: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What one text says, as an object or in words."""
    content = parsed(text)
    if isinstance(content, dict):
        if program := objects.program_of(content, scheme, software):
            yield from _named(program, objects.settings(content))
    elif fields := infotext.settings(text):
        yield infotext.program_of(fields, scheme), fields


def _graphs(said: Mapping[str, str]) -> Iterator[Any]:
    """ComfyUI's graphs: under their keywords, in EXIF as "prompt:{...}", or both in one comment."""
    places = [said.get(name, "") for name in ("prompt", "workflow", MAKE, MODEL, DESCRIPTION)]
    yield from (
        parsed(text[text.find("{") :] if text[:9].lower().startswith(("prompt:", "workflow:")) else text)
        for text in places
    )
    for name in ("comment", "Comment", COMMENT):
        both = parsed(said.get(name, ""))
        if isinstance(both, dict):
            yield from (
                parsed(part) if isinstance(part, str) else part
                for part in (both.get("prompt"), both.get("workflow"))
            )


def parsed(text: str) -> Any:
    """The JSON of a text, None where it is none; NaN, which some write, is null."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text, parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return None
