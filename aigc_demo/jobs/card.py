"""The model card of a run: README.md with the front matter that the hub and this app read.

A short one is written as soon as there are weights, a full one at the end. Its last line holds a hash of the rest:
a card that a person has changed since is theirs, and stays.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from aigc_demo.core.disk import write_atomically
from aigc_demo.core.words import Text, label_of
from aigc_demo.jobs.figure_words import figure_words
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.metrics.least import LEAST, LEAST_CHARACTERS
from aigc_demo.models.family import family
from aigc_demo.models.safetensors_header import parameters, weights_of
from aigc_demo.schemas.as_code import train_command

HUB_LICENCES = {
    "MIT": "mit",
    "APACHE-2.0": "apache-2.0",
    "CC0": "cc0-1.0",
    "CC BY 4.0": "cc-by-4.0",
    "CC BY-SA 3.0": "cc-by-sa-3.0",
    "CC BY-SA 4.0": "cc-by-sa-4.0",
}
SIGNATURE = "<!-- written by aigc-demo; sha256 of the text above: {} -->\n"
Rows = Iterable[tuple[str, str, Any]]  # English label, Chinese label, value


def write_card(
    run: Path,
    request: TrainRequest,
    manifest: Mapping[str, Any],
    figures: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> None:
    """Write README.md of a run that has weights, unless a person has edited the one that is there.

    `manifest` is that of the data ({} where there is none), `figures` the evaluation's. Of `facts`, what is known:
    step, seconds, device, cores, processes, state, watt_hours (None where nothing measures them), started_from, start_sha256,
    start_licence (of a pretrained model, whose terms an adapter shares), language, licence, data_id, version.
    """
    path = run / "README.md"
    if not weights_of(run).exists() or (path.exists() and edited(path)):
        return
    terms = facts.get("start_licence") or facts.get("licence") or manifest.get("licence") or "unknown"
    licence = _line(terms)
    block = _block(run, request, licence, figures, facts)
    matter = {**_hub(request, licence, block["language"], facts), "aigc": block}
    front = yaml.safe_dump(matter, allow_unicode=True, sort_keys=False, width=1 << 20)
    text = f"---\n{front}---\n\n" + "\n\n".join(_sections(request, block, manifest, figures, facts)) + "\n\n"
    write_atomically(path, (text + SIGNATURE.format(_sha256(text))).encode())


def edited(card: Path) -> bool:
    """Whether a person has written or changed this card."""
    head, _, last = card.read_text(encoding="utf-8").rstrip("\n").rpartition("\n")
    return last + "\n" != SIGNATURE.format(_sha256(head + "\n"))


def _hub(request: TrainRequest, licence: str, language: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the hub reads: ModelCardData's field names."""
    known, row = HUB_LICENCES.get(licence.upper()), family(request.family)
    matter: dict[str, Any] = {"license": known} if known else {"license": "other", "license_name": licence}
    if language:
        matter["language"] = language
    if facts.get("started_from"):
        matter["base_model"] = _line(facts["started_from"])
    return {
        **matter,
        "library_name": row.trains[request.way].library,
        "pipeline_tag": row.pipeline_tag,
        "tags": [*request.training.split(), "aigc-demo"],
    }


def _block(
    run: Path, request: TrainRequest, licence: str, figures: Mapping[str, Any], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What this app reads: the fields of cards.ModelCard."""
    data = facts.get("data_id") or Path(request.data).name or request.data
    data, start = _line(data), _line(facts.get("started_from", ""))
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    on = Text(f", on from {start}", f"，从 {start} 继续") if start else Text("", "")
    is_adapter = request.method == "lora"
    kind = "QLoRA" if request.load_in_4bit else "LoRA"
    what = f"{kind}, r {request.lora_rank}" if is_adapter else request.size
    adapter = {"kind": "lora", "base": request.start} if is_adapter else {}
    return {
        "family": request.family,
        **adapter,
        "tasks": [] if is_adapter else list(family(request.family).tasks),
        "title": _title(request, data),
        "summary": {
            "en": f"Trained here: {request.family}, {what}, on {data}{on.en}, seed {request.seed}.",
            "zh": f"本机训练：{request.family}，{what}，数据 {data}{on.zh}，种子 {request.seed}。",
        },
        "parameters": parameters(weights_of(run)),
        "licence": licence,
        "data": data,
        "language": config.get("language", ""),
        "figures": dict(figures),
    }


def _title(request: TrainRequest, data: str) -> dict[str, str]:
    """What it is: the pick lists show it behind the run's name."""
    what = family(request.family).title
    return {"en": f"{what.en} trained on {data}", "zh": f"用 {data} 训练的 {what.zh}"}


def _sections(
    request: TrainRequest,
    block: Mapping[str, Any],
    manifest: Mapping[str, Any],
    figures: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> list[str]:
    """The card for people: each line in both languages."""
    sections = [f"# {request.name}", block["summary"]["en"], block["summary"]["zh"]]
    terms = _line(facts.get("licence") or manifest.get("licence") or "unknown")
    sections += ["## Data · 数据", _table(_data_rows(block["data"], terms, manifest))]
    shared = request.model_copy(update={"data": block["data"]})  # a path says where its owner's files lie
    sections += ["## Training · 训练", f"    {train_command(shared)}"]
    sections += [_table([*_settings_rows(request), *_fact_rows(facts)])]
    if figures:
        sections += ["## Figures · 指标", _table(_figure_rows(figures))]
    return [*sections, "## Limits · 局限", *_limits(request.family, figures)]


def _data_rows(name: str, licence: str, manifest: Mapping[str, Any]) -> Rows:
    yield "Name", "名称", name
    yield "Licence", "许可", licence
    if manifest.get("sha256"):
        yield "sha256 of the prepared content", "处理后内容的 sha256", f"`{manifest['sha256']}`"
    counts = manifest.get("counts", {})
    yield from ((f"Count: {name}", f"数量：{name}", count) for name, count in counts.items())
    if manifest.get("side"):
        yield "Pixels", "像素", f"{manifest['side']} × {manifest['side']} × {manifest.get('channels', 1)}"
    if len(manifest.get("classes", ())) > 1:
        yield "Classes", "类别", ", ".join(map(str, manifest["classes"]))
    if "consent" in manifest:
        yield "The owner says they may use it", "数据提供者声明有权使用", "✓" if manifest["consent"] else "✗"


def _settings_rows(request: TrainRequest) -> Rows:
    """The settings that this training uses, by their labels on the page."""
    for name, value in request:
        if name not in {"name", "data", "start"} and request.uses(name):
            words = label_of(TrainRequest, name)
            preset = value == 0 and name in ("batch_size", "learning_rate", "resolution")
            yield words.en, words.zh, "the size's own · 预设值" if preset else value


def _fact_rows(facts: Mapping[str, Any]) -> Rows:
    labels = {
        "started_from": ("Started from", "起点"),
        "start_revision": ("Its revision", "起点的版本"),
        "start_sha256": ("sha256 of its weights", "起点权重的 sha256"),
        "start_licence": ("Its licence, which this adapter shares", "起点的许可，本适配器同样适用"),
        "step": ("Steps done", "已完成步数"),
        "state": ("State", "状态"),
        "seconds": ("Wall time in seconds", "用时（秒）"),
        "device": ("Device", "设备"),
        "cores": ("Cores", "核心数"),
        "processes": ("Processes", "进程数"),
        "version": ("Version of the app", "应用版本"),
    }
    yield from ((*words, facts[name]) for name, words in labels.items() if facts.get(name) not in (None, ""))
    if facts.get("watt_hours") is not None:
        words = "Energy of the graphics board alone, by its own counter", "仅显卡的能耗，按其自身计数器"
        yield *words, f"{facts['watt_hours']:.3g} Wh"


def _figure_rows(figures: Mapping[str, Any]) -> Rows:
    for name, value in figures.items():
        words = figure_words(name)
        yield words.en, words.zh if words.zh != words.en else "", value


def _limits(name: str, figures: Mapping[str, Any]) -> Iterable[str]:
    limits = family(name).limits
    yield limits.en
    yield limits.zh
    if not figures:
        yield (
            f"No figure says how good it is: they are measured at the end of training, on {LEAST} held-out pictures or"
            f" {LEAST_CHARACTERS} characters at least."
        )
        yield f"没有质量指标：指标在训练结束时测量，至少需要 {LEAST} 张留出图片或 {LEAST_CHARACTERS} 个字符。"
    if not {"memorised", "copied_share", "copied_lines"} & set(figures):
        yield "Whether it copies its training data was not measured."
        yield "是否复制训练数据尚未测量。"


def _table(rows: Rows) -> str:
    lines = [f"| {' · '.join(filter(None, words))} | {_cell(value)} |" for *words, value in rows]
    return "\n".join(["| | |", "|---|---|", *lines])


def _cell(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return _line(text).replace("|", "\\|")


def _line(text: Any) -> str:
    """Text of unknown origin on one line, printable, at most 400 characters."""
    printable = "".join(char if char.isprintable() else " " for char in str(text)[:400])
    return " ".join(printable.split())


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
