"""Texts to train on, as they lie on disk: prepared novels, an imported collection, or one plain file."""

import json
from dataclasses import dataclass
from pathlib import Path

from aigc_demo.core.encodings import read_text
from aigc_demo.core.errors import InputError
from aigc_demo.data.austen import read_chapters

SHORTEST = 1000


@dataclass(frozen=True)
class Texts:
    """Whole texts: those that are trained on, those that are held out, and the language of most of them."""

    train: list[str]
    held_out: list[str]

    @property
    def language(self) -> str:
        """ "zh" where more than a quarter of the characters are Chinese, else "en"."""
        return "zh" if self.chinese_share > 0.25 else "en"

    @property
    def chinese_share(self) -> float:
        """Share of Chinese characters among those that are no spaces, counted in the first 100 000."""
        sample = "".join("".join(text[:100_000] for text in self.train)[:100_000].split())
        return sum("一" <= character <= "鿿" for character in sample) / max(len(sample), 1)

    @property
    def characters(self) -> int:
        """Characters trained on."""
        return sum(map(len, self.train))


def read_texts(data: Path) -> Texts:
    """The texts in `data`: a folder with texts.jsonl, the prepared novels, or a text file.

    Held out is what texts.jsonl or the novels' rule says, else the last twentieth. An InputError below SHORTEST
    characters, or where there is nothing to read.
    """
    if (data / "texts.jsonl").is_file():
        texts = _collection(data / "texts.jsonl")
    elif data.is_dir() and (chapters := read_chapters(data)):
        texts = Texts(
            [chapter.text for chapter in chapters if not chapter.held_out],
            [chapter.text for chapter in chapters if chapter.held_out],
        )
    elif data.is_file():
        texts = _hold_out_the_end([_read(data).strip()])
    elif (data / "chats.jsonl").is_file():
        raise InputError(
            en=f"{data.name} holds conversations; start from a pretrained chat model, which learns from them by LoRA.",
            zh=f"{data.name} 是对话数据；请以预训练对话模型为起点，用 LoRA 学习。",
        )
    else:
        raise InputError(
            en=f"{data.name} is neither prepared texts nor a text file; see `python -m aigc_demo data`.",
            zh=f"{data.name} 既不是已准备好的文本，也不是文本文件；请查看 `python -m aigc_demo data`。",
        )
    total = sum(map(len, texts.train + texts.held_out))
    if total < SHORTEST or texts.characters < SHORTEST // 2:
        raise InputError(
            en=f"{data.name} has {total} characters, {texts.characters} of them to train on; "
            f"a model needs at least {SHORTEST}.",
            zh=f"{data.name} 只有 {total} 个字符，其中 {texts.characters} 个用于训练；至少需要 {SHORTEST} 个。",
        )
    return texts


def _collection(path: Path) -> Texts:
    """texts.jsonl: a line a text, {"text": ..., "held_out": true or false}."""
    try:
        rows = [json.loads(line) for line in _read(path).split("\n") if line.strip()]
        train = [row["text"] for row in rows if not row["held_out"]]
        held_out = [row["text"] for row in rows if row["held_out"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            en=f"{path.parent.name} holds no readable texts.jsonl ({error}); import the data again.",
            zh=f"{path.parent.name} 中的 texts.jsonl 无法读取（{error}）；请重新导入数据。",
        ) from error
    return Texts(train, held_out) if held_out else _hold_out_the_end(train)


def _hold_out_the_end(texts: list[str]) -> Texts:
    """The last twentieth of the texts is held out; of fewer than twenty, the last twentieth of the longest."""
    if len(texts) >= 20:
        cut = len(texts) * 19 // 20
        return Texts(texts[:cut], texts[cut:])
    longest = max(texts, key=len, default="")
    cut = len(longest) * 19 // 20
    others = [text for text in texts if text is not longest]
    return Texts([*others, longest[:cut]], [longest[cut:]])


def _read(path: Path) -> str:
    try:
        return read_text(path)
    except OSError as error:
        raise InputError(
            en=f"{path.name} cannot be read ({error}); choose another file.",
            zh=f"无法读取 {path.name}（{error}）；请选择其他文件。",
        ) from error
