"""python -m aigc_demo.jobs.import_zip ZIP FOLDER: unpack a model that came from elsewhere, and see whether it is one.

Nothing in it is believed: names come from a list, sizes are counted while reading, the family is one of ours, the
card agrees with the weights, and they fit that family's network. All of it in this process, which has limits: a
table that unfolds without end or a network of a terabyte ends it, and not the app. Status 1 and a sentence if it fails.
"""

import json
import sys
import zipfile
import zlib
from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.core.failures import FULL, is_full
from aigc_demo.core.processes import limit
from aigc_demo.jobs.import_adapter import check_adapter
from aigc_demo.models.cards import WEIGHTS, ModelCard, read_card
from aigc_demo.models.family import family, trained
from aigc_demo.models.placement import Placement
from aigc_demo.models.safetensors_header import parameters, weights_of
from aigc_demo.runtime import registry

MEGABYTE = 1 << 20
MOST_BYTES = {
    "model.safetensors": 4096 * MEGABYTE,
    "adapter_model.safetensors": 1024 * MEGABYTE,
    "pytorch_lora_weights.safetensors": 1024 * MEGABYTE,
    "adapter_config.json": MEGABYTE // 4,
    "config.json": MEGABYTE,
    "README.md": MEGABYTE // 4,
    "train.json": MEGABYTE // 4,
    "figures.json": MEGABYTE,
    "generation_config.json": MEGABYTE // 4,
    "tokenizer.json": 32 * MEGABYTE,
    "tokenizer_config.json": MEGABYTE,
    "words.json": MEGABYTE,  # of a model that reads captions
    "phrases.json": MEGABYTE,
}
NEEDED = ("config.json", "README.md")  # and one file of weights
MOST_PACKED = 100  # times smaller than its content: weights hardly pack at all
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)
READING = 1 << 30  # bytes of address space while unpacking
LOADING = 16 << 30  # and while loading: torch alone maps several gigabytes
SECONDS = 60  # of processor time
WORDS = 8000  # characters of a card's front matter


def main(archive: Path, folder: Path) -> None:
    """Unpack `archive` to `folder`, check it, and load it strictly on the CPU."""
    try:
        limit(READING, LOADING, SECONDS)
        unpack(archive, folder)
        card = check(folder)
        limit(LOADING, LOADING, SECONDS)
        if card.kind == "lora":
            check_adapter(folder, card)
        else:
            registry.load(card, Placement())
    except InputError as error:
        print(json.dumps({lang: " ".join(error.say(lang).split())[:600] for lang in ("en", "zh")}))
        sys.exit(1)


def unpack(archive: Path, folder: Path) -> None:
    """Write what the zip holds to `folder`."""
    try:
        with zipfile.ZipFile(archive) as opened:
            _unpack(opened, folder)
    except InputError:
        raise
    except BROKEN_ZIP as error:
        raise refused("it is no whole zip", "它不是完整的 zip") from error
    except OSError as error:
        if is_full(error):
            raise InputError.of(FULL) from error
        raise refused("it is no whole zip", "它不是完整的 zip") from error


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """Write the entries, each of a known name and counted as it is read."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries[: len(MOST_BYTES) + 1]]
    for name in names:
        if name not in MOST_BYTES:
            raise refused(f"it holds {name[:60]!r}, which no model has", f"其中有模型不会有的 {name[:60]!r}")
    if len(entries) > len(set(names)):
        raise refused("it holds a name twice", "其中有重复的文件名")
    weights = [name for name in WEIGHTS if name in names] or [WEIGHTS[0]]
    if missing := [name for name in (weights[0], *NEEDED) if name not in names]:
        raise refused(f"it has no {missing[0]}", f"其中没有 {missing[0]}")
    if len(weights) > 1:
        raise refused(f"it holds {' and '.join(weights)}", f"其中同时有 {' 和 '.join(weights)}")
    for entry in entries:
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refused(f"{entry.filename} is packed oddly", f"{entry.filename} 的压缩方式不受支持")
        allowed = min(MOST_BYTES[entry.filename], max(entry.compress_size, MEGABYTE // 64) * MOST_PACKED)
        with archive.open(entry) as source, (folder / entry.filename).open("wb") as target:
            written = 0
            while block := source.read(MEGABYTE):
                written += len(block)
                if written > allowed:
                    raise refused(f"{entry.filename} is too large", f"{entry.filename} 太大")
                target.write(block)


def check(folder: Path) -> ModelCard:
    """The card; an InputError unless it, the configuration and the weights belong together and are one of our families'."""
    for path in folder.glob("*.json"):
        _check_json(path)
    card = read_card(folder, f"runs/{folder.name}")
    plain = all(isinstance(value, str | int | float) for value in card.figures.values())
    if not plain or len(card.model_dump_json()) > WORDS:
        raise refused("its card is not as this app writes them", "其模型卡不是本应用的格式")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    way = "lora" if card.kind == "lora" else "full"
    families = [row.name for row in trained() if way in row.trains]
    if card.family not in families or config.get("family") != card.family or card.kind not in ("", "lora"):
        raise refused(
            f"its family {card.family[:60]!r} is none of {', '.join(families)}, or not that of its config.json",
            f"其家族 {card.family[:60]!r} 不在 {'、'.join(families)} 之中，或与 config.json 不一致",
        )
    count = parameters(weights_of(folder))  # the app plans its memory with it
    tasks = () if card.kind else family(card.family).tasks
    if set(card.tasks) - set(tasks) or card.parameters != count:
        raise refused(
            f"its card promises {card.parameters} numbers for {', '.join(card.tasks)}, its weights hold {count}",
            f"模型卡声称有 {card.parameters} 个参数、用于 {'、'.join(card.tasks)}，而权重有 {count} 个参数",
        )
    return card


def _check_json(path: Path) -> None:
    try:
        whole = isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        raise refused(f"{path.name} is no JSON object", f"{path.name} 不是 JSON 对象")


def refused(en: str, zh: str) -> InputError:
    """What is said of a zip that holds something else."""
    return InputError(
        en=f"This zip is no model of this app: {en}; export it again from where it was trained.",
        zh=f"该 zip 不是本应用的模型：{zh}；请在训练它的地方重新导出。",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
