"""How much an import may take. Numbers that a visitor's file is measured against, in one place."""

import re
import unicodedata

from aigc_demo.core.errors import InputError

MAX_FILES = 20_000  # entries of a zip, files of an import
MAX_UNPACKED = 2 << 30  # bytes of a zip once unpacked, and of an import in all
MAX_RATIO = 200  # unpacked to packed; text reaches about 10, pictures 1
MAX_PICTURE = 64 << 20  # bytes of one picture's file
MAX_TEXT = 200 << 20  # bytes of text in all
MAX_LINE = 1 << 20  # bytes of a line of .jsonl or .csv
MAX_PIXELS = 1 << 30  # bytes of all prepared pictures
MAX_CLASSES = 100
MIN_PICTURES = 5
MIN_CHATS = 8
MIN_CHARACTERS = 1000
ITEM_SECONDS = 20  # for one file, in processor time and on the clock
START_SECONDS, FINISH_SECONDS = 60, 300  # for the importing process to begin, and to write what it has
BASE_SECONDS, SECONDS_A_FILE = 60, 1  # for a whole import
CHILD_MEMORY = 3 << 30  # address space of the importing process, a third of it for mapping what it prepared
DISK_FULL = 28  # exit status of that process where the disk had no room, not even to say so
MIN_SIDE, MAX_ASPECT = 8, 20  # pixels of a picture's short side, and how many times as long the other may be
MAX_NAMED = 20  # bad lines of one file that are named one by one

_DIRECTION = {"RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"}


def safe_name(name: str, length: int = 120) -> str:
    """A file's name as it may be shown: no control characters, nothing that turns the direction of writing, cut."""
    kept = "".join(
        char
        for char in name
        if unicodedata.category(char) not in ("Cc", "Cs", "Cf", "Zl", "Zp")
        and unicodedata.bidirectional(char) not in _DIRECTION
    )
    kept = re.sub(r"\s+", " ", kept).strip() or "(no name)"
    return kept if len(kept) <= length else f"{kept[: length // 2]}…{kept[-length // 2 + 1 :]}"


def too_many(name: str, count: int) -> InputError:
    """What is said of more than MAX_FILES files."""
    return InputError(
        en=f"{name} holds {count:,} files; give at most {MAX_FILES:,} at a time.",
        zh=f"{name} 含有 {count:,} 个文件；一次最多 {MAX_FILES:,} 个。",
    )


def too_big(name: str, size: int, limit: int) -> InputError:
    """What is said of a file or archive of `size` bytes where `limit` are allowed."""
    return InputError(
        en=f"{name} is too large ({size >> 20:,} MB); give at most {limit >> 20:,} MB.",
        zh=f"{name} 过大（{size >> 20:,} MB）；最多 {limit >> 20:,} MB。",
    )
