"""hub: find pretrained models, weigh them, fetch them, list and delete what was fetched."""

import sys
from dataclasses import asdict
from typing import Any

from aigc_demo import hub
from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.cli.look import printable, table
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.models.cards import ModelCard
from aigc_demo.runtime import memory_plan
from aigc_demo.schemas.tasks import abilities

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
    zh = asked.lang == "zh"
    head = (
        ("model", "serves", "parameters", "licence", "download", "about"),
        ("模型", "用途", "参数量", "许可", "下载", "说明"),
    )[zh]
    rows = [
        (
            line.id,
            " ".join(line.tasks) or "?",
            millions(line.parameters),
            line.licence + ("", (" (gated)", "（需授权）")[zh])[line.gated],
            size(line.entry.download_bytes) if line.entry else "",
            _about(line, asked.lang),
        )
        for line in found
    ]
    return Answer({"models": [_fields(line) for line in found]}, table([head, *rows]))


def show(asked: Asked) -> Answer:
    """What it would take to fetch one model."""
    offer = hub.look_up(asked.flags.model, asked.settings)
    zh = asked.lang == "zh"
    lines = [
        f"{offer.id} @ {offer.revision[:12]}: {offer.card.summary.say(asked.lang)}",
        (
            f"licence {offer.licence}{', gated' if offer.gated else ''}; {len(offer.files)} files, {size(offer.bytes)}",
            f"许可 {offer.licence}{'，需授权' if offer.gated else ''}；{len(offer.files)} 个文件，{size(offer.bytes)}",
        )[zh],
        (
            f"{size(offer.here_bytes)} of it here; {size(offer.disk_free)} free on the disk",
            f"本机已有 {size(offer.here_bytes)}；磁盘剩余 {size(offer.disk_free)}",
        )[zh],
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
        "refusal": offer.refusal.model_dump() if offer.refusal else None,
        "fits_disk": offer.fits_disk,
        "fits_memory": fit.fit,
    }
    return Answer(data, "\n".join(map(printable, lines)))


def get(asked: Asked) -> Answer:
    """Fetch a model and check it; a path that begins with a dot or a slash is a folder of one's own."""
    name = asked.flags.model
    own_folder = name.startswith((".", "/", "~"))
    card = (hub.add_folder if own_folder else _fetch)(name, asked.settings)
    words = "{id} can be chosen now: {tasks}, {size}", "{id} 现已可选：{tasks}，{size}"
    told = _fields_of(card)
    shown = {"id": card.id, "tasks": ", ".join(card.tasks), "size": size(told["bytes"])}
    return Answer(told, printable(words[asked.lang == "zh"].format(**shown)))


def show_all(asked: Asked) -> Answer:
    """What was fetched, and what packages carry."""
    head = {
        "en": ("model", "what it is", "serves", "size", "licence"),
        "zh": ("模型", "简介", "用途", "大小", "许可"),
    }
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
    return Answer({"models": [_fields_of(card) for card in cards]}, table([head[asked.lang], *rows]))


def remove(asked: Asked) -> Answer:
    """Delete a fetched model."""
    name = asked.flags.model
    hub.delete(name, asked.settings)
    return Answer({"model": name}, (f"{name} is deleted.", f"{name} 已删除。")[asked.lang == "zh"])


def size(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def millions(count: int) -> str:
    """Parameters as people say them; empty where unknown."""
    return f"{count / 1e9:.1f}B" if count >= 1e9 else f"{count / 1e6:.0f}M" if count else ""


def _fetch(model_id: str, settings: Settings) -> ModelCard:
    """Fetch to the end, telling how far it is where a person looks on; Ctrl-C keeps what has come."""
    downloads = hub.Downloads(settings)
    now = downloads.start(model_id)
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
    here = ("here", "已下载")[lang == "zh"] if line.here else ""
    return " · ".join(filter(None, [here, line.entry.title.say(lang) if line.entry else ""]))


def _fields(line: hub.Listing) -> dict[str, Any]:
    return {**asdict(line), "entry": line.entry.model_dump(mode="json") if line.entry else None}


def _fields_of(card: ModelCard) -> dict[str, Any]:
    return {**card.model_dump(mode="json"), "folder": str(card.folder), "bytes": hub.size_on_disk(card)}
