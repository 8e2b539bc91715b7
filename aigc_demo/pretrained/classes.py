"""The classes of a pretrained picture model, by what its config says."""

from typing import Any

ALL = {"en": ["all"], "zh": ["全部"]}


def class_names(kind: str, config: dict[str, Any]) -> dict[str, list[str]]:
    """The classes by language of a picture model of `kind`, from its model_index.json.

    A class-conditional model's are the first of each one's names, in English for both languages, as the hub has them;
    a name that two classes share gets their numbers. {} where it names none. Other models have the one class "all".
    """
    if kind != "class_conditional":
        return ALL
    table = config.get("id2label")
    if not isinstance(table, dict) or not all(key.isdigit() for key in table):
        return {}
    names = [str(table[key]).split(",")[0].strip()[:60] for key in sorted(table, key=int)]
    shared = {name for name in names if names.count(name) > 1}  # ImageNet has two cranes
    names = [f"{name} {i}" if name in shared else name for i, name in enumerate(names)]
    return {"en": names, "zh": names}
