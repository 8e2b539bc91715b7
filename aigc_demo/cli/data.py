"""data: list, fetch and make data sets, look at one's own, delete it."""

import json
import sys
from typing import Any

from aigc_demo import data
from aigc_demo.cli.flags import Answer, Asked, values_of
from aigc_demo.cli.look import printable, table
from aigc_demo.core.words import Text
from aigc_demo.data.imports import ImportRequest, Manifest, find_own, import_files, own, read_manifest, remove
from aigc_demo.data.imports.request import ImportSettings
from aigc_demo.schemas import check

HEAD = (
    Text("data set", "数据集"),
    Text("what it is", "简介"),
    Text("licence", "许可"),
    Text("sources", "来源"),
)
OWN = Text("your own files", "自己的文件")
GOT = Text(
    "{folder}: from {source}, {counts}, sha256 {sha256}",
    "{folder}：来自 {source}，{counts}，sha256 {sha256}",
)
DELETED = Text("{name} is deleted.", "{name} 已删除。")
SPLIT = Text("{train} to train on, {test} held out", "训练 {train}，验证 {test}")
MORE = Text("and {count} more; --json lists all", "另有 {count} 条；用 --json 查看全部")
SHOWN = 20  # refused files and pairs that are printed; --json has them all


def show_all(asked: Asked) -> Answer:
    """The data sets that can be fetched, then one's own."""
    head = [name.say(asked.lang) for name in HEAD]
    cards, sets = data.catalogue().values(), own(asked.settings.data_dir)
    rows = [
        (card.id, card.title.say(asked.lang), card.licence, "; ".join(map(str, card.sources)))
        for card in cards
    ]
    mine = OWN.say(asked.lang)
    rows += [(found.name, found.title(asked.lang).split(" · ", 1)[1], found.licence, mine) for found in sets]
    fields = [card.model_dump(mode="json") for card in cards]
    return Answer({"data": fields, "own": [_brief(found) for found in sets]}, table([head, *rows]))


def get(asked: Asked) -> Answer:
    """Bring a data set to this disk and check it."""
    settings, flags = asked.settings, asked.flags
    folder = data.get(flags.dataset, settings.data_dir, flags.source, settings.offline)
    facts = json.loads((folder / "source.json").read_text(encoding="utf-8"))
    shown = {**facts, "folder": folder, "counts": json.dumps(facts["counts"], ensure_ascii=False)}
    return Answer({"folder": str(folder), **facts}, GOT.format(**shown).say(asked.lang))


def add(asked: Asked) -> Answer:
    """Make a data set of files, zips and folders."""
    request = check(ImportRequest, {**values_of(ImportSettings, asked.flags), "name": asked.flags.name})

    def progress(done: int, total: int) -> None:
        if total:
            print(f"\r{done}/{total}", end="", file=sys.stderr, flush=True)

    watch = progress if sys.stderr.isatty() else lambda done, total: None
    manifest = import_files(request, asked.flags.paths, asked.settings.data_dir, progress=watch)
    return _told(manifest, asked)


def show(asked: Asked) -> Answer:
    """What is in a set of one's own, what was refused and why."""
    return _told(read_manifest(find_own(asked.flags.name, asked.settings.data_dir)), asked)


def remove_(asked: Asked) -> Answer:
    """Delete a set of one's own."""
    name = asked.flags.name
    remove(name, asked.settings.data_dir)
    return Answer({"name": name}, DELETED.format(name=name).say(asked.lang))


def _brief(manifest: Manifest) -> dict[str, Any]:
    return manifest.model_dump(mode="json", exclude={"files", "refused", "remarks", "duplicates"})


def _told(manifest: Manifest, asked: Asked) -> Answer:
    """The manifest, in words: counts, classes, how files were taken, what was refused, what is nearly the same."""
    lines = [manifest.title(asked.lang), SPLIT.format(**manifest.counts).say(asked.lang)]
    if len(manifest.classes) > 1:
        lines.append(", ".join(f"{name} {count}" for name, count in manifest.class_counts.items()))
    lines += [said.say(asked.lang) for part in (manifest.remarks, manifest.refused) for said in part[:SHOWN]]
    lines += [f"{a} ≈ {b}" for a, b in manifest.duplicates[:SHOWN]]
    more = sum(len(part[SHOWN:]) for part in (manifest.remarks, manifest.refused, manifest.duplicates))
    if more:
        lines.append(MORE.format(count=more).say(asked.lang))
    return Answer(manifest.model_dump(mode="json", by_alias=True), "\n".join(map(printable, lines)))
