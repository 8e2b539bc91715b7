"""The generated parts of README and the handbook: `python -m tests.readme` rewrites them, a test compares.

A part stands between `<!-- models -->` and `<!-- /models -->`. The table of models takes each card, the floors and the
map take each module's first docstring line. README's front matter is that of the whole app as `publish` writes it.
The guide to the HTTP API (api_guide.py) is a page of its own.
"""

import ast
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import yaml

from aigc_demo.cli.modes import shown
from aigc_demo.core.modes import RULES, rule_names, words_of_rule
from aigc_demo.core.settings import Settings
from aigc_demo.models.cards import find_cards
from aigc_demo.publish.plan import plan_for
from aigc_demo.publish.readme import front_matter
from tests import api_guide, command_guide
from tests.test_architecture import FLOORS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "aigc_demo"
HANDBOOK = PACKAGE / "docs"
README = ROOT / "README.md"


def written() -> list[Path]:
    """README and the handbook's pages, but for the one that is generated as a whole."""
    return [README, *sorted(path for path in HANDBOOK.glob("*.md") if path != api_guide.GUIDE)]


def phrase(path: Path) -> str:
    """What a file is for, in one line; a picture and recorded data do not say."""
    if path.suffix not in (".py", ".md", ".yaml", ".css", ".js"):
        return ""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        text = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0].replace("\n", " ")
        return re.split(r"\. (?=[A-Z])", text)[0].rstrip(".")
    if path.suffix == ".md":
        lesson = {"en": "the lesson, in English", "zh": "the lesson, in Chinese"}
        return lesson.get(path.stem.rpartition(".")[2]) or text.splitlines()[0].lstrip("# ")
    first = text.splitlines()[0]
    return first.strip("#/* ").split(". ")[0].rstrip(".") if first[0] in "#/" else ""


def tree() -> str:
    """The package, a file a line."""
    lines = [f"{'app.py':<28}{phrase(ROOT / 'app.py')}", "aigc_demo/"]
    files = [path for path in PACKAGE.iterdir() if path.is_file()]
    lines += [row(path, 1) for path in sorted(files) if path.suffix == ".py" and path.name != "__init__.py"]
    folders = sorted(path for path in PACKAGE.rglob("*") if path.is_dir() and "__pycache__" not in path.parts)
    for folder in folders:
        depth = len(folder.relative_to(PACKAGE).parts)
        about = phrase(folder / "__init__.py") if (folder / "__init__.py").exists() else ""
        lines.append(f"{'  ' * depth + folder.name + '/':<28}{about}".rstrip())
        inside = (path for path in folder.iterdir() if path.is_file() and path.name != "__init__.py")
        if folder.name != "samples":  # of a recorded run: a file a moment
            lines += [row(path, depth + 1) for path in sorted(inside) if path.suffix not in (".pyc",)]
    lines += ["weights/<id>/               config.json, model.safetensors, README.md (the model card)"]
    lines += ["tests/                      mirrors the package; tests/ui drives a real browser"]
    return fenced(lines)


def row(path: Path, depth: int) -> str:
    """One file of the tree."""
    return f"{'  ' * depth + path.name:<28}{phrase(path)}".rstrip()


def fenced(lines: list[str]) -> str:
    """Lines whose spaces count."""
    return "```\n" + "\n".join(lines) + "\n```"


def floors() -> str:
    """The rooms from the ground up, with what each is for."""
    return fenced([f"{room + '/':<12}{phrase(PACKAGE / room / '__init__.py')}" for room in FLOORS])


def models(root: str = "") -> str:
    """The table of shipped models, each in a sentence; `root` is the way to the repository from the file that holds it."""
    lines = ["| id | what it is | parameters | data, licence |", "|---|---|---|---|"]
    for card in find_cards(ROOT / "weights"):
        link, about = (
            f"[{card.id}]({root}weights/{card.id}/README.md)",
            card.summary.en.partition(". ")[0].rstrip("."),
        )
        lines.append(f"| {link} | {about} | {card.parameters / 1e6:.2f} M | {card.data}, {card.licence} |")
    return "\n".join(lines)


def modes() -> str:
    """The table of what is on for whom."""
    lines = ["| | " + " | ".join(RULES) + " |", "|---|" + "---|" * len(RULES)]
    for name in rule_names():
        values = [shown(getattr(rules, name), "en").replace("*", r"\*") for rules in RULES.values()]
        lines.append(f"| {words_of_rule(name).en} | {' | '.join(values)} |")
    return "\n".join(lines)


PARTS: Mapping[str, Callable[[], str]] = {
    "models": models,
    "cards": partial(models, "../../"),
    "modes": modes,
    "floors": floors,
    "map": tree,
    "commands": command_guide.guide,
}


def front() -> str:
    """README's front matter: what `publish` writes for the whole app, at the gradio that requirements.txt pins."""
    pin = re.search(r"^gradio==([\d.]+)\*", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    matter = front_matter(plan_for("", Settings())) | {"sdk_version": f"{pin[1]}0"}
    return yaml.safe_dump(matter, allow_unicode=True, sort_keys=False, width=1 << 20)


def rendered(path: Path) -> str:
    """A file with its generated parts made anew."""
    text = path.read_text("utf-8")
    if path == README:
        text = re.sub(r"\A---\n.*?---\n", lambda _: f"---\n{front()}---\n", text, flags=re.S)
    marked = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- /\2 -->)", re.S)
    return marked.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}\n{found[3]}", text)


if __name__ == "__main__":
    for file in written():
        file.write_text(rendered(file), "utf-8")
    api_guide.GUIDE.write_text(api_guide.guide(), "utf-8")
