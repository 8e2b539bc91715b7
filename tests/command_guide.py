"""The guide to the command line, from its own parsers in both languages: `python -m tests.readme` rewrites it."""

import argparse

from aigc_demo.cli.commands import build_parser

Parsers = dict[str, argparse.ArgumentParser]


def parsers(lang: str = "en") -> Parsers:
    """The parser of each command by its name, as "image" or "jobs list", and of those that hold others."""
    return dict(below("", build_parser(lang)))


def below(name: str, parser: argparse.ArgumentParser):
    """The commands of a parser, each before those inside it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner, child in action.choices.items():
                full = f"{name} {inner}".strip()
                yield full, child
                yield from below(full, child)


def flags(parser: argparse.ArgumentParser) -> set[str]:
    """The flags that a command takes."""
    return {flag for action in parser._actions for flag in action.option_strings}


def described(en: argparse.Action, zh: argparse.Action) -> str:
    """One argument: how it is written, and what it is in both languages."""
    shown = "" if en.nargs == 0 else f" {en.metavar or en.dest.upper()}"
    choices = " ({})".format("|".join(en.choices)) if en.choices else ""
    name = ", ".join(f"`{flag}{shown}`" for flag in en.option_strings) or f"`{shown.strip()}`"
    return f"- {name}{choices}: {' / '.join(dict.fromkeys((plain(en), plain(zh))))}"


def plain(action: argparse.Action) -> str:
    """The words of an argument's help."""
    return (action.help or "").replace("%%", "%")


def arguments(en: argparse.ArgumentParser, zh: argparse.ArgumentParser, settings: bool) -> list[str]:
    """The arguments of a command: its settings, or the others; --help and --json, which all have, are left out."""
    found = []
    for group, twin in zip(en._action_groups, zh._action_groups, strict=True):
        if group.title != "help" and (group.title == "settings") == settings:
            found += map(described, group._group_actions, twin._group_actions)
    return [line for line in found if not line.startswith("- `--json`")]


def section(name: str, en: argparse.ArgumentParser, zh: argparse.ArgumentParser) -> str:
    """One command: what it does and what it takes."""
    lines = [f"## {name}", "", f"{en.description} / {zh.description}", "", *arguments(en, zh, False)]
    return "\n".join(lines).rstrip()


def guide() -> str:
    """All commands, then the settings that each of them takes."""
    english, chinese = parsers("en"), parsers("zh")
    sections, seen = [], set()
    for name, parser in english.items():
        if parser not in seen and flags(parser) > {"-h", "--help"}:  # an alias is the same parser again
            sections.append(section(name, parser, chinese[name]))
        seen.add(parser)
    shared = arguments(english["models"], chinese["models"], True)
    return "\n\n".join(
        [*sections, "\n".join(["## Settings of every command / 各命令通用的设置", "", *shared])]
    )
