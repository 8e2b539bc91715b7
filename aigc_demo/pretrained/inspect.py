"""Whether a folder is a model that this app can use, decided by reading alone: nothing of it is imported or built.

The folder names a class; the class is looked up on our list (kinds.py) and never imported by that name. What would
run code is refused (configs.py), weights are safetensors (weights.py), links stay inside the hub's cache.
"""

from pathlib import Path
from typing import Any

from aigc_demo.core.words import Text
from aigc_demo.models.cards import ModelCard, front_matter
from aigc_demo.models.family import kinds
from aigc_demo.models.safetensors_header import Header
from aigc_demo.pretrained.allow_list import ARCHITECTURES, LIBRARIES, NETWORKS, PIPELINES, TOOLS
from aigc_demo.pretrained.classes import class_names
from aigc_demo.pretrained.configs import check_configs, read_config
from aigc_demo.pretrained.refusal import refused
from aigc_demo.pretrained.weights import count_parameters, find_weights

MAX_FILES = 1000
MAX_README = 1 << 20
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json", "vocab.txt", "source.spm")


def inspect(folder: Path, model_id: str) -> ModelCard:
    """The card of a pretrained model: kind, tasks and number of parameters from its files, licence from its README.

    An InputError that says why, where it is of a class that is not on the list, or its files are not to be trusted.
    Reads headers only; `tensors.check_finite` reads the values.
    """
    _check_files(folder, model_id)
    check_configs(folder, model_id)
    class_name, config = read_class(folder, model_id)
    kind = (PIPELINES if "_class_name" in config else ARCHITECTURES).get(class_name, "")
    if not kind:
        known = ", ".join({**ARCHITECTURES, **PIPELINES})
        raise refused(
            model_id,
            f"it is a {class_name[:60]}, and the app loads {known}",
            f"它是 {class_name[:60]}，而本应用可加载 {known}",
        )
    files = weight_files(folder, model_id)
    row, found = kinds()[kind]
    if kind in ("causal_lm", "seq2seq") and not any((folder / name).is_file() for name in TOKENIZERS):
        raise refused(
            model_id,
            "it has no tokenizer (tokenizer.json); copy that from the model it was trained from",
            "没有分词器（tokenizer.json）；请从训练它时所用的模型复制过来",
        )
    return ModelCard(
        id=model_id,
        folder=folder,
        family=row.name,
        kind=kind,
        tasks=tuple(
            task
            for task in found.tasks
            if "chat" not in found.tasks or task == "text" or has_chat_template(folder)
        ),
        parameters=count_parameters(files),
        classes=class_names(kind, config) if "latent" in found.tasks else {},
        **_words(folder, model_id),
    )


def read_class(folder: Path, model_id: str) -> tuple[str, dict[str, Any]]:
    """The class that a checkpoint names, and the config that names it: a pipeline's, an autoencoder's, a transformer's."""
    for name in ("model_index.json", "config.json"):
        if (folder / name).is_file():
            config = read_config(folder / name)
            names = config.get("architectures") or []
            found = config.get("_class_name") or (names[0] if isinstance(names, list) and names else "")
            return (found if isinstance(found, str) else ""), config
    raise refused(model_id, "it has no config.json", "没有 config.json")


def weight_files(folder: Path, model_id: str) -> dict[Path, Header]:
    """All weight files of a model, or of all parts of a pipeline, with their headers."""
    if not (folder / "model_index.json").is_file():
        return find_weights(folder, model_id)
    files: dict[Path, Header] = {}
    for name, class_name in parts(folder, model_id).items():
        if class_name in NETWORKS:
            files |= find_weights(part_folder(folder, name), model_id)
    return files


def parts(folder: Path, model_id: str) -> dict[str, str]:
    """The class of each part of a pipeline; an InputError for one that is not on the list."""
    found = {}
    for name, value in read_config(folder / "model_index.json").items():
        if not isinstance(value, list) or name.startswith("_") or value == [None, None]:
            continue
        library, class_name = value if len(value) == 2 else (None, None)
        known = isinstance(class_name, str) and (class_name in NETWORKS or class_name in TOOLS)
        if not known or library not in LIBRARIES or not name.isidentifier() or len(name) > 60:
            raise refused(
                model_id,
                f"its part {name[:40]} is {str(value)[:80]}, which is not on the list of parts",
                f"其组件 {name[:40]} 为 {str(value)[:80]}，不在允许的组件之列",
            )
        # diffusers would take a module of the part's own for its library
        if any((folder / name).glob("*.py")):
            raise refused(model_id, f"its part {name} brings Python code", f"其组件 {name} 带有 Python 代码")
        found[name] = class_name
    return found


def part_folder(folder: Path, name: str) -> Path:
    """Where a part of a pipeline lies: in a folder of its name, or, in old small ones, beside model_index.json."""
    return folder / name if (folder / name).is_dir() else folder


def has_chat_template(folder: Path) -> bool:
    """Whether the tokenizer knows how to write a conversation."""
    config = folder / "tokenizer_config.json"
    inside = config.is_file() and bool(read_config(config).get("chat_template"))
    return inside or (folder / "chat_template.jinja").is_file()


def _check_files(folder: Path, model_id: str) -> None:
    """Not too many files, and no link that leads out of the model, or out of the hub's cache for one that lies there."""
    homes = [folder.resolve()]
    repository = homes[0].parent.parent
    if homes[0].parent.name == "snapshots" and repository.name.startswith("models--"):
        # where the hub's cache keeps what snapshots link to
        homes += [repository, repository.parent / "blobs"]
    for count, path in enumerate(folder.rglob("*")):
        if count >= MAX_FILES:
            raise refused(model_id, f"it has over {MAX_FILES} files", f"文件超过 {MAX_FILES} 个")
        target = path.resolve()
        if not any(target.is_relative_to(place) for place in homes):
            name = path.relative_to(folder)
            raise refused(model_id, f"{name} is a link that leads out of it", f"{name} 是指向模型之外的链接")


def _words(folder: Path, model_id: str) -> dict[str, Any]:
    """Title, summary, licence and language, by the README that came with the model."""
    card = _readme(folder / "README.md")
    licence = card.get("license_name") or card.get("license")
    language = card.get("language") or ""
    name = model_id.rsplit("/", 1)[-1]
    return {
        "title": Text(en=name, zh=name),
        "summary": Text(en=f"Pretrained: {model_id}.", zh=f"预训练模型：{model_id}。"),
        "licence": licence[:100] if isinstance(licence, str) else "unknown",
        "data": "see the model's page",
        "language": language[:20] if isinstance(language, str) else ",".join(map(str, language[:8])),
    }


def _readme(path: Path) -> dict[str, Any]:
    """The front matter of a README; empty where it cannot be read."""
    import yaml

    try:
        return front_matter(path.read_text("utf-8")) if path.stat().st_size <= MAX_README else {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
