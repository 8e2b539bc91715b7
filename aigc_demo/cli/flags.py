"""Flags from the fields of a pydantic model: `max_new_tokens` is `--max-new-tokens`, with its words as help."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args, get_origin

from pydantic import BaseModel

from aigc_demo.core.encodings import read_text
from aigc_demo.core.errors import InputError, no_file
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text, label_of
from aigc_demo.provenance.marking import Marking
from aigc_demo.provenance.policy import marking_for
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import Request, check

AnyRequest = TypeVar("AnyRequest", bound=Request)
METAVARS = {int: "N", float: "X", bool: None}
GROUPS = {
    "fields": Text("what to make", "生成内容"),
    "output": Text("output", "输出"),
    "settings": Text("settings", "设置"),
    "help": Text("help", "帮助"),
}


@dataclass(frozen=True)
class Asked:
    """One call of the command line: its parsed flags, the settings and the reader's language."""

    flags: argparse.Namespace
    settings: Settings
    lang: str

    @cached_property
    def cache(self) -> ModelCache:
        """The models of this process."""
        return ModelCache(self.settings)

    @property
    def marking(self) -> Marking:
        """How the files of this call are marked."""
        return marking_for(self.settings)

    def request(self, kind: type[AnyRequest]) -> AnyRequest:
        """The checked request; fields whose flags were not given have their defaults."""
        return check(kind, values_of(kind, self.flags))


@dataclass(frozen=True)
class Answer:
    """What a command has to say: `data` for --json, else `words`."""

    data: dict[str, Any] = field(default_factory=dict)
    words: str = ""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are InputErrors, so that they read like all others; flags are never shortened."""

    def __init__(self, **options: Any) -> None:
        def wide(prog: str) -> argparse.HelpFormatter:
            return argparse.HelpFormatter(prog, max_help_position=30, width=110)

        super().__init__(**options, add_help=False, allow_abbrev=False, formatter_class=wide)

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise InputError(
            en=f"Command line: {message}; see {self.prog} --help.",
            zh=f"命令行有误：{message}；请运行 {self.prog} --help 查看说明。",
        )


def spoken_language(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """ "zh" or "en": --lang, AIGC_LANG, LANG. Needed before the flags are parsed, for the help itself."""
    return _language(_flag("--lang", arguments), environment.get("AIGC_LANG"), environment.get("LANG"))


def add_help(parser: argparse.ArgumentParser, lang: str) -> None:
    """`-h`, in the reader's language."""
    words = Text("print this help and leave", "显示此帮助并退出")
    group(parser, "help", lang).add_argument("-h", "--help", action="help", help=words.say(lang))


def group(parser: argparse.ArgumentParser, name: str, lang: str) -> Any:
    """A titled part of the help."""
    return parser.add_argument_group(GROUPS[name].say(lang))


def add_fields(parser: Any, kind: type[BaseModel], lang: str) -> None:
    """A flag for each field of `kind`; one that is not given reads None."""
    properties = kind.model_json_schema()["properties"]
    for name, info in kind.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        words = describe(label_of(kind, name), properties[name], lang)
        if info.annotation is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=words)
        else:
            parser.add_argument(flag, metavar=METAVARS.get(info.annotation, name.upper()), help=words)


def describe(words: Text, schema: Mapping[str, Any], lang: str) -> str:
    """Label, help, choices or limits, and the default, as argparse wants it."""
    own = Text("default: the model's own", "默认：模型自带的值").say(lang)
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    limits = [
        "|".join(schema.get("enum", ())),
        f"{low} … {high}" if high is not None else "",
        own
        if schema.get("own")
        else f"= {_plain(schema['default'])}"
        if schema.get("default") not in (None, "")
        else "",
    ]
    said = ": ".join(part for part in (words.say(lang), words.help.say(lang)) if part)
    fits = ", ".join(part for part in limits if part)
    return (f"{said} [{fits}]" if fits else said).replace("%", "%%")


def values_of(kind: type[BaseModel], flags: argparse.Namespace) -> dict[str, Any]:
    """The fields of `kind` that were given as flags; lists are taken apart at their commas, lists of objects are JSON."""
    given = {name: getattr(flags, name, None) for name in kind.model_fields}
    return {name: _read(kind, name, value) for name, value in given.items() if value is not None}


def _read(kind: type[BaseModel], name: str, value: Any) -> Any:
    wanted = kind.model_fields[name].annotation
    if get_origin(wanted) is not list:
        return value
    (item,) = get_args(wanted)
    if isinstance(item, type) and issubclass(item, BaseModel):
        return _read_json(name, value)
    return value.replace("，", ",").split(",")


def _read_json(name: str, value: str) -> Any:
    """JSON that stands in the command itself, or in the file that it names."""
    inline = value.lstrip().startswith("[")
    if not inline and not Path(value).exists():
        raise no_file(value)
    try:
        return json.loads(value if inline else read_text(Path(value)))
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            en=f"--{name} is neither a JSON list nor a file that holds one ({error}).",
            zh=f"--{name} 既不是 JSON 列表，也不是内容为 JSON 列表的文件（{error}）。",
        ) from error


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _flag(flag: str, arguments: Sequence[str]) -> str | None:
    """The value of `--flag value` or `--flag=value` among raw arguments."""
    for argument, following in zip(arguments, [*arguments[1:], None], strict=False):
        if argument == flag:
            return following
        if argument.startswith(f"{flag}="):
            return argument.removeprefix(f"{flag}=")
    return None


def _language(*wishes: str | None) -> str:
    """The first wish that is one of a language decides."""
    said = next((wish.lower() for wish in wishes if wish and wish.lower() != "auto"), "en")
    return "zh" if said.startswith("zh") else "en"
