"""The process that opens what visitors bring: `python -m aigc_demo.data.imports.child`, in its working folder.

It reads task.json, writes journal.jsonl as it goes and `prepared/` at the end. What cannot go on as a whole is told in
failure.json; a file that kills the process is refused by the parent, which starts another one.
"""

import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from aigc_demo.core.disk import write_json
from aigc_demo.core.errors import InputError
from aigc_demo.core.failures import is_full
from aigc_demo.core.words import Text, joined
from aigc_demo.data.imports.chats import ChatImport, looks_like_chats
from aigc_demo.data.imports.confinement import allow_seconds, confine
from aigc_demo.data.imports.journal import Journal
from aigc_demo.data.imports.limits import (
    DISK_FULL,
    FINISH_SECONDS,
    ITEM_SECONDS,
    MAX_FILES,
    MAX_NAMED,
    too_many,
)
from aigc_demo.data.imports.listing import Item, list_source
from aigc_demo.data.imports.manifest import FILE, Manifest, Remark, facts
from aigc_demo.data.imports.pairs import PairImport, looks_like_pairs
from aigc_demo.data.imports.pictures import PictureImport
from aigc_demo.data.imports.request import ImportRequest
from aigc_demo.data.imports.text_files import looks_like_text
from aigc_demo.data.imports.texts import TextImport
from aigc_demo.media.kinds import looks_like_picture

Taker = PictureImport | TextImport | ChatImport | PairImport
MORE = Text("{count:,} more files were treated so.", "另有 {count:,} 个文件作了同样处理。")
TAKERS: Mapping[str, type[Taker]] = {
    "pictures": PictureImport,
    "text": TextImport,
    "chat": ChatImport,
    "pairs": PairImport,
}
PROBED = 100  # files that are looked into for the kind of an import


def main(work: Path) -> int:
    """Do the import that task.json in `work` asks for; exit status 0 when all is told, one way or the other."""
    warnings.simplefilter("error", category=RuntimeWarning)
    confine(work)
    task = json.loads((work / "task.json").read_text(encoding="utf-8"))
    request = ImportRequest.model_validate(task["request"])
    journal = Journal(work)
    try:
        items = list_all([Path(path) for path in task["sources"]], journal)
        kind = request.kind if request.kind != "auto" else kind_of(items)
        takes = TAKERS[kind](work, request, journal.taken)
        for place, item in enumerate(items):
            take(takes, item, journal, place, len(items))
        remarks = [Remark.of(item.path.name, item.remark) for item in items if item.remark]
        finish(takes, kind, request, task["source"], journal, remarks, work / "prepared")
    except InputError as error:
        write_json(work / "failure.json", asdict(error.text))
    except Exception as error:
        if is_full(error):
            return DISK_FULL  # there is no room to write it down
        raise
    return 0


def list_all(sources: Sequence[Path], journal: Journal) -> list[Item]:
    """The items of all sources; a source that cannot be opened is refused by name."""
    items: list[Item] = []
    for number, source in enumerate(sources):
        key = f"source {number}"
        if key in journal.ends:
            continue  # refused before, by this process's forerunner
        _begin(journal, key, source.name, ITEM_SECONDS)
        try:
            items += list_source(source, number)
        except InputError as error:
            journal.end(key, refused=[_refused(source.name, error)])
        if len(items) > MAX_FILES:
            raise too_many("This choice", len(items))
    return items


def kind_of(items: Sequence[Item]) -> str:
    """ "pictures" if any item begins as a picture does, else "chat", "pairs" or "text" if any begins as one."""
    if any(looks_like_picture(item.head()) for item in items):
        return "pictures"
    if any(map(looks_like_chats, items[:PROBED])):
        return "chat"
    if any(map(looks_like_pairs, items[:PROBED])):
        return "pairs"
    return "text" if any(map(looks_like_text, items[:PROBED])) else "pictures"


def take(takes: Taker, item: Item, journal: Journal, place: int, total: int) -> None:
    """Read one item, or refuse it with a sentence; nothing that it does reaches the next one."""
    if item.key in journal.ends:
        return
    _begin(journal, item.key, item.name, ITEM_SECONDS, place, total)
    try:
        outcome = takes.take(item)
    except InputError as error:
        outcome = {"refused": [_refused(item.name, error)]}
    except MemoryError:
        error = InputError(
            en=f"{item.name} needs more memory than one file may take; make it smaller.",
            zh=f"{item.name} 需要的内存超过单个文件的上限；请缩小它。",
        )
        outcome = {"refused": [_refused(item.name, error)]}
    except Exception as failure:
        if is_full(failure):
            raise
        # a decoder that fails in a way nobody thought of is one refused file, not a failed import
        error = InputError(
            en=f"{item.name} cannot be read; save it again in another program.",
            zh=f"{item.name} 无法读取；请用其他程序重新保存。",
        )
        outcome = {"refused": [_refused(item.name, error)]}
    journal.end(item.key, **outcome)


def finish(
    takes: Taker,
    kind: str,
    request: ImportRequest,
    source: str,
    journal: Journal,
    remarks: Sequence[Remark],
    out: Path,
) -> None:
    """Write the data set to `out`, with its manifest and the remarks; an InputError, with the first reason, where nothing went in."""
    refused = [reason for entry in journal.ends.values() for reason in entry.get("refused", ())]
    if not journal.taken:
        words = [Text(reason["en"], reason["zh"]) for reason in refused[:1]]
        if len(refused) > 1:
            words.append(Text(f"({len(refused)} refused in all.)", f"（共拒绝 {len(refused)} 个。）"))
        raise InputError.of(joined(words) or Text("No file was given.", "没有提供文件。"))
    out.mkdir(exist_ok=True)
    _begin(journal, "finish", request.name, FINISH_SECONDS, len(journal.ends), len(journal.ends))
    found = takes.finish(journal.taken, out)
    refused += [_refused(name, no_picture(name)) for name in found.pop("left_out", ())]
    of_files = [Remark(**said) for entry in journal.ends.values() for said in entry.get("remarks", ())]
    settings = request.model_dump(exclude={"name", "folder", "licence", "consent"})
    manifest = Manifest(
        name=request.name,
        kind=kind,
        licence=request.licence,
        consent=request.consent,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        settings=settings | found.pop("more_settings", {}),
        refused=refused,
        remarks=few([*remarks, *found.pop("remarks", ()), *of_files]),
        **found,
    )
    write_json(out / "source.json", facts(manifest, source))
    write_json(out / FILE, manifest.model_dump(mode="json", by_alias=True))


def few(remarks: Sequence[Remark]) -> list[Remark]:
    """The first of the remarks, and how many more there are."""
    more = remarks[MAX_NAMED:]
    words = MORE.format(count=len(more))
    return [*remarks[:MAX_NAMED], *([Remark.of(more[0].name, words)] if more else [])]


def _begin(journal: Journal, key: str, name: str, seconds: float, place: int = 0, total: int = 0) -> None:
    allow_seconds(seconds)
    journal.begin(key, name, seconds, place, total)


def no_picture(name: str) -> InputError:
    """What is said of a caption without its picture."""
    return InputError(
        en=f"{name} is a caption without its picture, and was left out; give both the same name.",
        zh=f"{name} 没有对应的图片，其说明已略去；请让两者同名。",
    )


def _refused(name: str, error: InputError) -> dict[str, str]:
    return {"name": name, **asdict(error.text)}


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
