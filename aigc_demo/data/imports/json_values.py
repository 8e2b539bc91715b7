"""The values in a JSON text of any layout: one a line, a list, an object that holds a list, or one behind the other."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, TextIO

from aigc_demo.data.imports.limits import MAX_LINE
from aigc_demo.data.imports.lines import BadLineError, Refusals, limited_lines

# an object begins, or a list of objects, lists or words; a poem in brackets does not
_BEGINS = re.compile(r'\s*(\[\s*)*(\{\s*["}]|\[\s*["\]])')
_SPACE = re.compile(r"[\s,]*")
_INNER = re.compile(r'"\s*:\s*\[\s*(?=\{)')
TRIED = 20  # lists
NO_JSON = BadLineError("it is no JSON object", "不是 JSON 对象")
NO_MORE = BadLineError(
    "from here on it is no JSON, and nothing more was read", "从这里起不是 JSON，其后的内容均未读取"
)
TOO_LONG = BadLineError(f"it has more than {MAX_LINE:,} characters", f"超过 {MAX_LINE:,} 个字符")

Judge = Callable[[Any], bool]


def begins_as_json(sample: str) -> bool:
    """Whether a text begins as JSON does."""
    return bool(_BEGINS.match(sample))


def json_values(file: TextIO, refusals: Refusals, is_entry: Judge) -> Iterator[tuple[int, Any]]:
    """(line, value) of a JSON text.

    Lists and objects around the values are taken off; an object or a list that `is_entry` is a value itself.
    """
    if _is_a_value_a_line(file):
        yield from _of_lines(file, refusals)
        return
    values = _of_document(file.read(), refusals, is_entry)
    if (first := next(values, None)) is None:
        return
    if is_entry([first[1]]) and not is_entry(first[1]):
        yield first[0], [first[1], *(value for _, value in values)]  # one conversation is the whole text
        return
    for line, value in chain([first], values):
        for inner in [value] if is_entry(value) else _unwrapped(value, is_entry):
            yield line, inner


def inner_value(sample: str) -> Any:
    """The first object in a list within the object that a text begins with, where the text is cut before its end."""
    for found in islice(_INNER.finditer(sample), TRIED):
        try:
            return json.JSONDecoder().raw_decode(sample, found.end())[0]
        except (ValueError, RecursionError):
            continue
    return None


def _is_a_value_a_line(file: TextIO) -> bool:
    """Whether each line is a value of its own, and not the whole text one; the file stands at its beginning after."""
    first = file.readline(MAX_LINE)
    while first.isspace():
        first = file.readline(MAX_LINE)
    more = file.read(1)
    file.seek(0)
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        whole = first.endswith(("\n", "\r"))  # else it is longer than a line may be, or the only one
        return whole and not first.startswith("[") and first.rstrip()[-1:] not in ("{", "[", ",")
    return bool(more)


def _of_lines(file: TextIO, refusals: Refusals) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(limited_lines(file), 1):
        try:
            if line is None:
                raise TOO_LONG
            if line.strip():
                value = json.loads(line)
                if not isinstance(value, dict | list):
                    raise NO_JSON
                yield number, value
        except BadLineError as reason:
            refusals.add(number, reason)
        except (ValueError, RecursionError):  # a number of millions of digits, brackets by the thousand
            refusals.add(number, NO_JSON)


def _of_document(text: str, refusals: Refusals, is_entry: Judge) -> Iterator[tuple[int, Any]]:
    """The elements of a list, or values one behind the other, up to where the text is no JSON."""
    decoder, place, seen, line = json.JSONDecoder(), 0, 0, 1
    listed = text.lstrip().startswith("[")
    if listed:
        place = text.index("[") + 1
    while True:
        place = _SPACE.match(text, place).end()  # type: ignore[union-attr]
        line, seen = line + text.count("\n", seen, place), place
        if place == len(text) or (listed and text[place] == "]"):
            return
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            refusals.add(line, NO_MORE)
            return
        if place - seen > MAX_LINE and (listed or is_entry(value)):
            refusals.add(line, TOO_LONG)
        else:
            yield line, value


def _unwrapped(value: Any, is_entry: Judge) -> Iterator[Any]:
    """What is in the lists of an object that only holds them, as {"data": [...]} or {"train": [...], "test": [...]}."""
    inner = list(value.values()) if isinstance(value, dict) else []
    lists = [part for part in inner if isinstance(part, list) and any(map(is_entry, part[:5]))]
    if lists:
        yield from chain.from_iterable(lists)
    elif inner and all(map(is_entry, inner)):
        yield from inner
    else:
        yield value
