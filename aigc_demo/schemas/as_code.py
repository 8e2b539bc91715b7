"""The code that makes the same result: Python and command line for a request, and its recipe as a link."""

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from aigc_demo.core.errors import InputError
from aigc_demo.schemas import REQUESTS, Request, check, task_of
from aigc_demo.schemas.base import own_fields

LONGEST = 200_000  # characters of a recipe: a conversation may be long
ABSENT = "picture"  # in place of the path of a picture that is not here


def command_line(request: Request) -> str:
    """One shell command; values that equal the defaults are left out."""
    task = task_of(request).name
    return " ".join([*_words(task, request), "--out", "out.mp4" if task == "walk" else "out"])


def train_command(request: BaseModel) -> str:
    """The command that starts the same training run; values that equal the defaults are left out."""
    return " ".join(_words("train", request))


def _words(command: str, request: BaseModel) -> list[str]:
    """The command and a flag for each field that is required or changed."""
    words = ["python", "-m", "aigc_demo", command]
    for name, value in _changed(request).items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words.append(flag if value else f"--no-{flag[2:]}")
            continue
        text = _list(value) if isinstance(value, list) else str(value)
        joint = "=" if text.startswith("-") else " "  # or the value would be read as a flag
        words.append(f"{flag}{joint}{shlex.quote(text)}")
    return words


def python(request: Request) -> str:
    """A program that makes the result and writes its labelled file."""
    task, kind = task_of(request), type(request)
    fields = ", ".join(f"{name}={value!r}" for name, value in _changed(request).items())
    call = f"actions.{task.verb}(request, ModelCache(settings_from({{}})))"
    ending = ", '.mp4'" if task.name == "walk" else ""
    return "\n".join(
        [
            "from pathlib import Path",
            "",
            "from aigc_demo import actions",
            "from aigc_demo.core.settings import settings_from",
            "from aigc_demo.runtime.cache import ModelCache",
            f"from {kind.__module__} import {kind.__name__}",
            "",
            f"request = {kind.__name__}({fields})",
            f"for result in {call}:\n    pass" if task.streams else f"result = {call}",
            f"path = actions.{task.writer}(result, Path('out'){ending})",
            "print(path)",
        ]
    )


def link(request: Request) -> str:
    """The query that opens the page with these settings: /?recipe=..."""
    return "?recipe=" + quote(json.dumps(recipe(request), ensure_ascii=False, separators=(",", ":")))


def recipe(request: Request) -> dict[str, Any]:
    """Task, model and the fields that are not the defaults, as `read_link` takes them."""
    return {"task": task_of(request).name, **_changed(request)}


def read_link(text: str) -> tuple[str, dict[str, object]]:
    """Task and field values of a link's recipe; an InputError where it is none. The values are still unchecked."""
    try:
        values = json.loads(text[:LONGEST])
        task = values.pop("task")
        if task not in REQUESTS:
            raise ValueError(task)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(
            en="The link's recipe cannot be read; copy the whole link again.",
            zh="无法读取链接中的配方；请重新复制完整链接。",
        ) from error
    return task, values


def request_of(task: str, values: Mapping[str, object]) -> Request:
    """The request of a recipe, checked. No recipe holds the picture that was worked on: ABSENT stands in its place."""
    kind = REQUESTS[task]
    picture = kind.model_fields.get("image")
    absent = {"image": ABSENT} if picture is not None and picture.is_required() else {}
    return check(kind, {**absent, **kind.of_recipe(values)})


def lacks_picture(request: Request) -> bool:
    """Whether the picture that the request works on has to be given again."""
    return getattr(request, "image", "") == ABSENT


def _list(values: list[Any]) -> str:
    """A list as the command line reads it: JSON for objects, else with commas."""
    if values and isinstance(values[0], dict):
        return json.dumps(values, ensure_ascii=False)
    return ",".join(map(str, values))


def _changed(request: BaseModel) -> dict[str, Any]:
    """The model, what has to be given, what models have a default of their own for, and what is not as by default, as plain data."""
    fields, plain = type(request).model_fields, request.model_dump()
    named = {"model", *own_fields(type(request))}
    return {
        name: plain[name]
        for name, value in request
        if name in named or fields[name].is_required() or value != fields[name].default
    }
