"""README's generated parts, from what is on the disk: `python -m tests.readme` rewrites them, a test compares.

The map takes each module's first docstring line, the table of models takes each card. The same command rewrites the
guide to the HTTP API (api_guide.py).
"""

import ast
import re
from pathlib import Path

from aigc_demo.cli.modes import shown
from aigc_demo.core.modes import RULES, rule_names, words_of_rule
from aigc_demo.models.cards import find_cards
from tests import api_guide

ROOT = Path(__file__).parents[1]


def phrase(path: Path) -> str:
    """What a file is for, in one line."""
    if path.suffix == ".py":
        text = (
            (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n\n")[0].replace("\n", " ")
        )
        return re.split(r"\. (?=[A-Z])", text)[0].rstrip(".")
    if path.suffix == ".md":
        return "the lesson, in " + {"en": "English", "zh": "Chinese"}[path.stem.split(".")[1]]
    first = path.read_text("utf-8").splitlines()[0]
    return first.strip("#/* ").split(". ")[0].rstrip(".") if first[0] in "#/" else ""


def tree() -> str:
    """The package, a file a line."""
    lines = [f"{'app.py':<28}{phrase(ROOT / 'app.py')}", "aigc_demo/"]
    package = ROOT / "aigc_demo"
    files = [path for path in package.iterdir() if path.is_file()]
    lines += [row(path, 1) for path in sorted(files) if path.suffix == ".py" and path.name != "__init__.py"]
    folders = sorted(path for path in package.rglob("*") if path.is_dir() and "__pycache__" not in path.parts)
    for folder in folders:
        depth = len(folder.relative_to(package).parts)
        about = phrase(folder / "__init__.py") if (folder / "__init__.py").exists() else ""
        lines.append(f"{'  ' * depth + folder.name + '/':<28}{about}".rstrip())
        inside = (path for path in folder.iterdir() if path.is_file() and path.name != "__init__.py")
        lines += [row(path, depth + 1) for path in sorted(inside) if path.suffix not in (".pyc",)]
    lines += ["weights/<id>/               config.json, model.safetensors, README.md (the model card)"]
    lines += ["tests/                      mirrors the package; tests/ui drives a real browser"]
    return "```\n" + "\n".join(lines) + "\n```"


def row(path: Path, depth: int) -> str:
    """One file of the tree."""
    return f"{'  ' * depth + path.name:<28}{phrase(path)}".rstrip()


def models() -> str:
    """The table of shipped models."""
    lines = ["| id | what it is | parameters | data, licence |", "|---|---|---|---|"]
    for card in find_cards(ROOT / "weights"):
        about = card.summary.en.rstrip(".")
        lines.append(
            f"| [{card.id}](weights/{card.id}/README.md) | {about} | {card.parameters / 1e6:.2f} M | {card.data}, {card.licence} |"
        )
    return "\n".join(lines)


def modes() -> str:
    """The table of what is on for whom."""
    lines = ["| | " + " | ".join(RULES) + " |", "|---|" + "---|" * len(RULES)]
    for name in rule_names():
        values = [shown(getattr(rules, name), "en").replace("*", r"\*") for rules in RULES.values()]
        lines.append(f"| {words_of_rule(name).en} | {' | '.join(values)} |")
    return "\n".join(lines)


def rendered(text: str) -> str:
    """README with its generated parts made anew."""
    text = re.sub(
        r"(<!-- models -->\n).*?(\n\nLimits:)", lambda m: f"{m[1]}{models()}{m[2]}", text, flags=re.S
    )
    text = re.sub(r"(<!-- modes -->\n).*?(\n\n)", lambda m: f"{m[1]}{modes()}{m[2]}", text, flags=re.S)
    return re.sub(r"(## Map\n.*?\n)```\n.*?```", lambda m: m[1] + tree(), text, flags=re.S)


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(rendered(readme.read_text("utf-8")), "utf-8")
    api_guide.GUIDE.write_text(api_guide.guide(), "utf-8")
