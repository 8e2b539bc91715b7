"""README.md of a published folder: the front matter that Spaces reads, how to run it, the card, what the labels say."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import yaml

from aigc_demo.jobs.card import HUB_LICENCES
from aigc_demo.models.cards import ModelCard
from aigc_demo.publish.plan import Plan
from aigc_demo.publish.upload import commands
from aigc_demo.schemas import TASKS

PYTHON = "3.12.12"  # one of the two that ZeroGPU offers (2026-08)
SHORT = 60  # characters that Spaces shows of a description
COLOURS = ("indigo", "green")
RUN, TEST = "<!-- run -->", "<!-- test -->"
LABELS = """## Labels · 标识

What this page makes says so: pictures and films carry a visible label, texts a sentence, and every file the AIGC field
(GB 45438-2025), IPTC's digitalSourceType and the recipe it was made by. The tab *Verify* reads them back. Labels can be
removed by who wants to; that one is missing proves nothing. No claim of compliance with any law is made.

本页生成的内容都有标识：图片与视频带可见标识，文字带说明，每个文件都含 AIGC 字段（GB 45438-2025）、IPTC digitalSourceType 与配方；
“验证”标签页可以读出它们。标识可能被人去除，没有标识不能证明任何事。本项目不声称符合任何法规。"""
HARDWARE = """Spaces on a free account run on ZeroGPU; a CPU Space needs a paid plan (as of August 2026). Both work here: choose the
hardware in the Space's settings. On ZeroGPU the model is moved to the device before the page is up, and each visitor's
quota counts."""


def readme(plan: Plan) -> str:
    """The whole file."""
    front = yaml.safe_dump(front_matter(plan), allow_unicode=True, sort_keys=False, width=1 << 20)
    return f"---\n{front}---\n\n" + "\n\n".join(_sections(plan)) + "\n"


def front_matter(plan: Plan) -> dict[str, Any]:
    """What Spaces reads (hub-docs, spaces-config-reference)."""
    known = HUB_LICENCES.get(plan.licence.upper(), plan.licence.lower())
    matter = {
        "title": plan.title,
        "emoji": next(task.emoji for task in TASKS if task.name == (plan.tabs[0] if plan.tabs else "image")),
        "colorFrom": COLOURS[0],
        "colorTo": COLOURS[1],
        "sdk": "gradio",
        "sdk_version": version("gradio"),
        "python_version": PYTHON,
        "app_file": "app.py",
        "suggested_hardware": plan.hardware,
        "license": known if known in HUB_LICENCES.values() else "other",
        "short_description": _short(plan),
        "tags": ["aigc-demo", *plan.tabs[:-1]],
        "disable_embedding": False,
    }
    if plan.pinned:
        matter["models"] = [card.id for card in plan.pinned]
        matter["preload_from_hub"] = [
            f"{card.id} {','.join(files_of(card))} {card.revision}" for card in plan.pinned
        ]
    return matter


def files_of(card: ModelCard) -> list[str]:
    """The files of a fetched model, by their names in its repository."""
    return sorted(
        path.relative_to(card.folder).as_posix() for path in card.folder.rglob("*") if path.is_file()
    )


def run_lines(plan: Plan) -> Iterator[str]:
    """The commands that start the folder on any machine; the last one serves the page."""
    yield "python -m venv .venv && . .venv/bin/activate"
    yield f"pip install -r requirements.txt gradio=={version('gradio')}"
    for card in plan.pinned:
        yield f"hf download {card.id} {' '.join(files_of(card))} --revision {card.revision}"
    yield "python app.py"


def _sections(plan: Plan) -> Iterator[str]:
    yield f"# {plan.title}"
    if plan.card:
        yield f"{plan.card.summary.en}\n\n{plan.card.summary.zh}"
    yield "Made with AIGC Demo: meet generative AI by using it.  \n由“生成式 AI 动手实验”发布。"
    yield "## Run it · 运行"
    yield f"{RUN}\n```bash\n" + "\n".join(run_lines(plan)) + "\n```"
    yield f"Start it, generate once and read the label · 启动、生成一次并读出标识:\n\n{TEST}\n```bash\npython -m aigc_demo.publish.smoke\n```"
    yield "## Upload · 上传\n\n```bash\n" + "\n".join(commands(".", f"OWNER/{plan.name}")) + "\n```"
    yield HARDWARE
    yield LABELS
    yield "## Licence · 许可"
    yield (
        f"The app: MIT (LICENSE). The model: {plan.licence}."
        if plan.card
        else "The app: MIT (LICENSE); each model by its card."
    )
    yield from _about(plan)


def _about(plan: Plan) -> Iterator[str]:
    """Where the models' cards are, and the shown one's own words."""
    if plan.copied:
        yield "## Models · 模型"
        yield "\n".join(f"- `{card.id}`: {card.summary.en} {card.summary.zh}" for card in plan.copied)
    for card in plan.pinned:
        yield f"`{card.id}` at commit `{card.revision}`, {card.licence}: its card is on the hub."
    if plan.card and plan.card in plan.copied:
        text = (plan.card.folder / "README.md").read_text(encoding="utf-8")
        yield text.split("\n---\n", 1)[-1].strip()


def _short(plan: Plan) -> str:
    words = (
        plan.card.summary.en if plan.card else "Meet generative AI by using it: text, pictures, latent space"
    )
    return words if len(words) <= SHORT else words[: SHORT - 1].rstrip() + "…"
