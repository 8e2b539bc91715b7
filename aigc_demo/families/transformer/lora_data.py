"""What an adapter of a language model learns from: text in blocks, or conversations of which only the answers count."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from aigc_demo.core.errors import InputError
from aigc_demo.data.poems import read_poems
from aigc_demo.families.transformer.chat_template import read_conversation
from aigc_demo.language.losses import IGNORED
from aigc_demo.language.open_corpus import poems_as_texts
from aigc_demo.language.samples import COUNT, opening_of
from aigc_demo.language.texts import Texts, read_texts

FILE = "chats.jsonl"  # a line a conversation: {"messages": [{"role", "content"}, ...], "held_out": true or false}

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Row:
    """Token ids, of which those from `start` on are learned; what stands before is given."""

    ids: list[int]
    start: int


@dataclass(frozen=True)
class Material:
    """Rows to learn from and rows to be judged by, the texts they were made of, and what samples begin with.

    `openings` are texts to go on from, or conversations to answer.
    """

    train: list[Row]
    held_out: list[Row]
    train_texts: list[str]
    held_out_texts: list[str]
    openings: list[str] | list[Messages]


def open_material(data: Path, model: Any, length: int) -> Material:
    """The prepared data in `data` as a HubLanguageModel reads them, in rows of at most `length` tokens.

    An InputError where they hold conversations and the model has no chat template.
    """
    if (data / FILE).is_file():
        return _conversations(read_chats(data / FILE), model, length)
    is_poems = (data / "poems.jsonl").is_file()
    texts = poems_as_texts(read_poems(data)) if is_poems else read_texts(data)
    return _texts(texts, model, length)


def read_chats(path: Path) -> list[dict[str, Any]]:
    """The conversations of a chats.jsonl; an InputError where it is none."""
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError(
            en=f"{path.parent.name} holds no readable {path.name} ({error}); import the data again.",
            zh=f"{path.parent.name} 中的 {path.name} 无法读取（{error}）；请重新导入数据。",
        ) from error


def _texts(texts: Texts, model: Any, length: int) -> Material:
    """Whole texts one behind the other, an end between them, cut into blocks."""
    end = model.tokenizer.eos_token_id
    rows = [
        blocks([[*ids, end] for ids in _tokens(model.tokenizer, part)], length)
        for part in (texts.train, texts.held_out)
    ]
    return Material(*rows, texts.train, texts.held_out, [opening_of(texts.held_out)] * COUNT)


def _tokens(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    return tokenizer(list(texts), add_special_tokens=False).input_ids if texts else []


def blocks(documents: Sequence[Sequence[int]], length: int) -> list[Row]:
    """The documents' tokens one behind the other, `length` a row; of each row all but the first are learned."""
    stream = [token for document in documents for token in document]
    cut = [stream[start : start + length] for start in range(0, len(stream), length)]
    return [Row(ids, 1) for ids in cut if len(ids) > 1]


def _conversations(chats: Sequence[Mapping[str, Any]], model: Any, length: int) -> Material:
    """A row for each answer, behind what the model will read when it is to give it."""
    parts = [[chat["messages"] for chat in chats if bool(chat["held_out"]) is held] for held in (False, True)]
    rows = [[row for messages in part for row in answers(messages, model, length)] for part in parts]
    if not all(rows):
        raise InputError(
            en="No conversation fits the model's context; bring shorter ones.",
            zh="没有一段对话能放进模型的上下文；请提供更短的对话。",
        )
    said = [
        [turn["content"] for chat in part for turn in chat if turn["role"] == "assistant"] for part in parts
    ]
    return Material(*rows, *said, [until_answer(chat) for chat in parts[1][:COUNT]])


def until_answer(messages: Messages) -> Messages:
    """The beginning of a conversation, up to its first answer."""
    first = next(place for place, turn in enumerate(messages) if turn["role"] == "assistant")
    return messages[:first]


def answers(messages: Messages, model: Any, length: int) -> Iterator[Row]:
    """Each answer of a conversation behind its history, exactly as the model reads both when it converses.

    Of a history that is too long the first turns are left out, an answer that is too long is cut.
    """
    system = messages[0]["content"] if messages[0]["role"] == "system" else ""
    turns = messages[1:] if messages[0]["role"] == "system" else messages
    for place, turn in enumerate(turns):
        if turn["role"] != "assistant" or place == 0:
            continue
        read = read_conversation(model.tokenizer, length, turns[:place], system, length // 2)
        ids = [
            *read.ids,
            *_answer(turn["content"], turns[place - read.messages : place], system, read.ids, model),
        ]
        yield Row(ids[:length], len(read.ids))


def _answer(text: str, history: Messages, system: str, prompt: list[int], model: Any) -> list[int]:
    """The answer's tokens and what ends it: as the template writes them, where it goes on from the prompt unchanged."""
    tokenizer = model.tokenizer
    told = [{"role": "system", "content": system}] if system else []
    whole = [*told, *map(dict, history), {"role": "assistant", "content": text}]
    full = list(tokenizer.apply_chat_template(whole, return_dict=True)["input_ids"])
    if full[: len(prompt)] == prompt:
        tail = full[len(prompt) :]
        ends = [place for place, token in enumerate(tail) if token in model.pieces.ends]
        return tail[: ends[0] + 1] if ends else tail
    return [*tokenizer(text, add_special_tokens=False).input_ids, tokenizer.eos_token_id]


def collate(rows: Sequence[Row], device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Ids (N, T) and targets (N, T) of rows, filled up on the right; what is not learned is IGNORED.

    No attention mask is needed: a causal model's tokens see nothing of what is filled up behind them.
    """
    inputs = [torch.tensor(row.ids[:-1]) for row in rows]
    targets = [torch.tensor([*[IGNORED] * (row.start - 1), *row.ids[row.start :]]) for row in rows]
    ids = pad_sequence(inputs, batch_first=True, padding_value=0)
    return ids.to(device), pad_sequence(targets, batch_first=True, padding_value=IGNORED).to(device)
