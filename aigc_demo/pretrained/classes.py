"""The classes of a pretrained picture model, read off its files before it is loaded."""

import json
from pathlib import Path

from aigc_demo.pretrained.kinds import PIPELINES

ALL = {"en": ["all"], "zh": ["全部"]}


def class_names(folder: Path) -> dict[str, list[str]]:
    """The classes by language. A class-conditional model's are in English in both, the first of each one's names.

    Where it has numbers only, these are the names. Models without classes have the one class "all".
    """
    index = _read(folder / "model_index.json")
    if PIPELINES.get(index.get("_class_name", "")) != "class_conditional":
        return ALL
    labels = index.get("id2label") or {}
    count = len(labels) or int(_read(folder / "transformer" / "config.json")["num_embeds_ada_norm"])
    names = [str(labels.get(str(i), i)).split(",")[0].strip() for i in range(count)]
    repeated = {name for name in names if names.count(name) > 1}  # ImageNet has two cranes
    names = [f"{name} {i}" if name in repeated else name for i, name in enumerate(names)]
    return {"en": names, "zh": names}


def _read(path: Path) -> dict:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}
