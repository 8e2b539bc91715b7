"""What class each picture is of: a table of labels says it, else the folder that it lies in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.imports.limits import MAX_CLASSES

ALL, OTHER = "all", "other"
KOHYA = re.compile(r"(\d{1,3})_(.+)")
REPEATS = Text(
    "{folder} is a folder as kohya's trainer has them: {name}, {count} times an epoch; here each picture is taken once, "
    "and is called {name} where it has no caption.",
    "{folder} 是 kohya 训练器格式的文件夹：{name}，每轮重复 {count} 次；这里每张图片只取一次，没有说明的以 {name} 为说明。",
)


@dataclass(frozen=True)
class Repeats:
    """A folder that says how often a trainer shows its pictures, and what they are of."""

    count: int
    name: str


def kohya_folders(folders: Sequence[str]) -> dict[str, Repeats]:
    """By folder what kohya's trainer reads in names such as "10_sks dog"; nothing where not all are called so.

    Numbers that count the folders ("1_cats", "2_dogs") are no repeats.
    """
    distinct = sorted(set(folders))
    found = {folder: KOHYA.fullmatch(folder) for folder in distinct}
    parts = {folder: Repeats(int(match[1]), match[2].strip()) for folder, match in found.items() if match}
    counts = sorted(part.count for part in parts.values())
    numbered = len(counts) > 1 and counts == list(range(counts[0], counts[0] + len(counts)))
    return {} if len(parts) < len(distinct) or numbered or not all(counts) else parts


def said_of(folders: Mapping[str, Repeats]) -> list[tuple[str, Text]]:
    """(folder, sentence) for each of kohya's folders."""
    return [
        (folder, REPEATS.format(folder=folder, name=part.name, count=part.count))
        for folder, part in folders.items()
    ]


def class_names(folders: Sequence[str]) -> list[str]:
    """The class of each picture: its folder; "all" where there is one folder at most; "other" for those in none."""
    distinct = set(folders)
    if len(distinct) > MAX_CLASSES:
        raise InputError(
            en=f"The pictures would be of {len(distinct)} classes, by their folders or labels; use at most {MAX_CLASSES}.",
            zh=f"按文件夹或标签，图片会分成 {len(distinct)} 类；最多 {MAX_CLASSES} 类。",
        )
    return [ALL] * len(folders) if len(distinct) == 1 else [folder or OTHER for folder in folders]


def in_order(names: Sequence[str]) -> list[str]:
    """The distinct classes, numbers by their size: 2 before 10, so that a label keeps its number."""
    return sorted(
        set(names), key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)
    )
