"""python -m tests.data.many [COUNT]: random tables and conversations, written as other programs do and read by ours.

Of a table the same rows come out, or the file is refused; of conversations every turn, or the line is refused with its
reason. Anything else is a finding, which can be made again by its number.
"""

import csv
import io
import json
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.data.imports.chats import ChatImport
from aigc_demo.data.imports.lines import clean
from aigc_demo.data.imports.listing import list_source
from aigc_demo.data.imports.request import ImportRequest
from aigc_demo.data.imports.texts import TextImport

# Sentences of our own; beside each language the encodings in which its programs write, beyond those of all.
WORDS = {
    "en": ("How many legs have two cats? Eight of them, said the owner of the house. Ask me again tomorrow.", ()),
    "de": ("Wie viele Füße haben zwei Kühe? Acht natürlich. Die Straße führt über Köln und Düsseldorf, größer als gedacht.", ("cp1252",)),
    "fr": ("Où est la bibliothèque ? Elle est fermée, désolé. Le garçon a mangé une crêpe très sucrée à la fenêtre.", ("cp1252",)),
    "ru": ("Сколько ног у двух кошек? Восемь, сказал хозяин дома. Спросите меня завтра утром, если хотите.", ("cp1251", "koi8_r")),
    "zh": ("两只猫有几条腿？一共八条，主人这样回答。请您明天早上再来问我，图书馆九点开门，可以借五本书。", ("gb18030", "gbk")),
    "tw": ("兩隻貓有幾條腿？一共八條，主人這樣回答。請您明天早上再來問我，圖書館九點開門，可以借五本書。", ("big5",)),
    "ja": ("二匹の猫には足が何本ありますか。全部で八本です。図書館は朝九時に開きます。コンピュータもあります。", ("cp932", "euc_jp")),
    "ko": ("고양이 두 마리는 다리가 몇 개입니까? 모두 여덟 개입니다. 도서관은 아침 아홉 시에 문을 엽니다.", ("euc_kr", "cp949")),
}  # fmt: skip
EVERYWHERE = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
NEWLINES = ("\n", "\r\n", "\r")
SIGNS = (",", ";", "\t")
TITLES = (
    ("prompt", "response"),
    ("question", "answer"),
    ("Instruction", "Output"),
    ("问题", "回答"),
    ("prompt", "completion"),
)
CODED = {"zh", "tw", "ja", "ko"}  # the languages whose encodings are those of more than a byte
FEWEST = 0.95  # of the files that are to be read, and not refused


@dataclass
class Report:
    """What came of the cases: how many files were read and refused, how many lines were, and what is wrong."""

    read: int = 0
    refused: int = 0
    lines: int = 0
    findings: Counter = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def find(self, number: int, what: str, more: str) -> None:
        """Note what should not be."""
        self.findings[what] += 1
        self.first.setdefault(what, f"case {number}\n{more}")

    def words(self) -> str:
        """What to print."""
        head = f"{self.read} files read, {self.refused} refused, {self.lines} lines refused, {sum(self.findings.values())} findings"
        return "\n".join(
            [head, *(f"{times} x {what}: {self.first[what]}" for what, times in self.findings.items())]
        )


def many(count: int, start: int = 0) -> Report:
    """Make and read `count` files, from number `start` on; every other one is a table."""
    report = Report()
    with tempfile.TemporaryDirectory() as made:
        for number in range(start, start + count):
            try:
                (conversations if number % 2 else table)(Random(number), number, Path(made), report)
            except Exception:
                report.find(number, "an error", traceback.format_exc())
    return report


def table(random: Random, number: int, folder: Path, report: Report) -> None:
    """A table of questions and answers, or of texts, by Python's csv."""
    words, encoding = _language(random)
    sign, newline = random.choice(SIGNS), random.choice(NEWLINES)
    chat = random.random() < 0.5
    titles = list(
        random.choice(TITLES) if chat and encoding in (*EVERYWHERE, "gb18030", "gbk") else TITLES[0]
    )
    titles = titles if chat else ["id", "text"]
    rows = [[_cell(random, words, sign) for _ in titles] for _ in range(random.randint(8, 40))]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=sign, lineterminator=newline, **_quoting(random))
    writer.writerows([titles, *rows])
    name = f"table{random.choice(('.csv', '.csv', '.tsv', '.txt', ''))}"
    wanted = [[clean(cell).strip() if chat else clean(cell) for cell in row] for row in rows]
    wanted = [row for row in wanted if all(row)] if chat else [[row[1]] for row in wanted if row[1]]
    before = report.lines
    found = _read(ChatImport if chat else TextImport, folder / name, out.getvalue().encode(encoding), report)
    if found is None:
        return
    told = [[turn["content"] for turn in piece["messages"]] if chat else [piece["text"]] for piece in found]
    lost = report.lines - before
    if not _within(told, wanted) or (len(told) < len(wanted) and not lost):
        apart = next(
            (pair for pair in zip(told, wanted, strict=False) if pair[0] != pair[1]), (told[-1:], wanted[-1:])
        )
        report.find(
            number, f"other rows ({encoding}, {sign!r}, {name})", f"{apart[0]!r:.500}\n{apart[1]!r:.500}"
        )


def _within(told: list[Any], wanted: list[Any]) -> bool:
    """Whether these rows are among those, in their order."""
    rest = iter(wanted)
    return all(row in rest for row in told)


def conversations(random: Random, number: int, folder: Path, report: Report) -> None:
    """Conversations in one layout, some of them such as cannot be learnt from."""
    words, encoding = _language(random)
    layout = random.choice(LAYOUTS)
    entries, wanted, bad = [], [], 0
    for _ in range(random.randint(8, 30)):
        messages = _messages(random, words)
        if random.random() < 0.1 and layout is as_messages:
            entries.append(layout(random, random.choice(SPOILT)(messages)))
            bad += 1
        else:
            entries.append(layout(random, messages))
            wanted.append(messages)
    text = random.choice(WRAPPED)(entries, random.random() < 0.3)
    data = text.replace("\n", random.choice(NEWLINES)).encode(encoding)
    name = f"chats{random.choice(('.json', '.jsonl', '.txt', ''))}"
    before = report.lines
    found = _read(ChatImport, folder / name, data, report)
    if found is None:
        return
    if [piece["messages"] for piece in found] != wanted:
        report.find(number, f"other turns ({layout.__name__}, {encoding})", f"{found[:1]}\n{wanted[:1]}")
    elif report.lines - before != bad:
        report.find(number, "not every bad line has its reason", f"{report.lines - before} of {bad}")


def _read(
    kind: type[ChatImport | TextImport], path: Path, data: bytes, report: Report
) -> list[dict[str, Any]] | None:
    """What the importing process makes of a file; None where it refuses it, in both languages."""
    for leftover in path.parent.iterdir():
        leftover.unlink()
    path.write_bytes(data)
    importer = kind(path.parent, ImportRequest(name="mine"), [])
    try:
        taken = importer.take(list_source(path, 0)[0])
    except InputError as error:
        report.refused += 1
        if not any("\u4e00" <= char <= "\u9fff" for char in error.text.zh):
            report.find(-1, "a refusal without words", error.text.en)
        return None
    report.read += 1
    report.lines += len(taken["refused"])
    return list(importer.lines())


def _language(random: Random) -> tuple[list[str], str]:
    """Words of a language, and an encoding that holds it."""
    name = random.choice(list(WORDS))
    sentence, own = WORDS[name]
    words = (
        [sentence[at : at + 5] for at in range(0, len(sentence), 5)]
        if name in CODED - {"ko"}
        else sentence.split()
    )
    return words, random.choice([*EVERYWHERE, *own * 2])


def _cell(random: Random, words: list[str], sign: str) -> str:
    """Some words, with what makes a table hard to read between them; now and then nothing."""
    if random.random() < 0.03:
        return ""
    said = random.choices(words, k=random.randint(3, 12))
    for odd in (sign, "\n", '"', "'", ", ", "; ", "\t", "|"):
        if random.random() < 0.15:
            said.insert(random.randrange(len(said)), odd)
    return " ".join(said)


def _quoting(random: Random) -> dict[str, Any]:
    """How csv is to quote: as little as it can, all, all but numbers, or with a backslash instead."""
    bare = {"quoting": csv.QUOTE_NONE, "escapechar": "\\"}
    return random.choice(
        [*({"quoting": way} for way in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)), bare]
    )


Messages = list[dict[str, str]]


def _messages(random: Random, words: list[str]) -> Messages:
    """A conversation: perhaps a system message, then questions and answers."""
    turns = [("system",)] * (random.random() < 0.3) + [("user", "assistant")] * random.randint(1, 3)
    return [
        {"role": role, "content": " ".join(random.choices(words, k=random.randint(2, 9))).strip()} for turn in turns for role in turn
    ]  # fmt: skip


def _parted(messages: Messages) -> tuple[str, Messages]:
    """The system's words and the rest."""
    return (messages[0]["content"], messages[1:]) if messages[0]["role"] == "system" else ("", messages)


def as_messages(random: Random, messages: Messages) -> dict[str, Any]:
    """OpenAI, TRL, Axolotl and most others; the content in parts now and then, the system as developer."""
    told = [dict(message) for message in messages]
    for message in told:
        if random.random() < 0.2:
            message["content"] = [{"type": "text", "text": message["content"]}]
        if message["role"] == "system" and random.random() < 0.3:
            message["role"] = "developer"
    return {"messages": told}


def as_conversations(random: Random, messages: Messages) -> dict[str, Any]:
    """ShareGPT as LLaMA-Factory has it: the system beside, or among the turns."""
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    system, rest = _parted(messages) if random.random() < 0.5 else ("", messages)
    turns = [{"from": names[turn["role"]], "value": turn["content"]} for turn in rest]
    return {"conversations": turns} | ({"system": system} if system else {})


def as_alpaca(random: Random, messages: Messages) -> dict[str, Any]:
    """Instruction, input, output, with history and system."""
    system, rest = _parted(messages)
    pairs = [[rest[at]["content"], rest[at + 1]["content"]] for at in range(0, len(rest), 2)]
    return {
        "instruction": pairs[-1][0],
        "input": "",
        "output": pairs[-1][1],
        "system": system,
        "history": pairs[:-1],
    }


def as_prompt(random: Random, messages: Messages) -> dict[str, Any]:
    """TRL's prompt and completion, of messages."""
    return {"prompt": messages[:-1], "completion": messages[-1:]}


def as_prompt_and_messages(random: Random, messages: Messages) -> dict[str, Any]:
    """The prompt once more beside the messages that it is among."""
    first = next(message for message in messages if message["role"] == "user")
    return {"prompt": first["content"], "prompt_id": "a1", "messages": messages}


def as_contents(random: Random, messages: Messages) -> dict[str, Any]:
    """Gemini's: contents of parts, the model's turns, the system beside."""
    system, rest = _parted(messages)
    names = {"user": "user", "assistant": "model"}
    turns = [{"role": names[turn["role"]], "parts": [{"text": turn["content"]}]} for turn in rest]
    return {"contents": turns} | ({"systemInstruction": {"parts": [{"text": system}]}} if system else {})


def as_pairs(random: Random, messages: Messages) -> dict[str, Any]:
    """XTuner's: a list of pairs, the system in the first."""
    system, rest = _parted(messages)
    pairs = [
        {"input": rest[at]["content"], "output": rest[at + 1]["content"]} for at in range(0, len(rest), 2)
    ]
    return {"conversation": [{"system": system} | pairs[0], *pairs[1:]]}


LAYOUTS: tuple[Callable[[Random, Messages], dict[str, Any]], ...] = (
    as_messages, as_messages, as_conversations, as_alpaca, as_prompt, as_prompt_and_messages, as_contents, as_pairs,
)  # fmt: skip
SPOILT: tuple[Callable[[Messages], Messages], ...] = (
    lambda messages: [*messages[:-1], {"role": "tool", "content": "4"}, messages[-1]],
    lambda messages: [*messages[:-1], {"role": "assistant", "content": ""}],
    lambda messages: [messages[-1], *messages],
    lambda messages: [*messages, {"role": "system", "content": "Be brief."}],
)


def a_line(entries: list[Any], plain: bool) -> str:
    """JSONL."""
    return "".join(json.dumps(entry, ensure_ascii=plain) + "\n" for entry in entries)


def a_list(entries: list[Any], plain: bool) -> str:
    """One list, on many lines."""
    return json.dumps(entries, ensure_ascii=plain, indent=2)


def a_long_line(entries: list[Any], plain: bool) -> str:
    """One list on one line."""
    return json.dumps(entries, ensure_ascii=plain)


def a_wrapping(entries: list[Any], plain: bool) -> str:
    """An object that holds the list."""
    return json.dumps({"version": "1.0", "data": entries}, ensure_ascii=plain, indent=1)


def one_by_one(entries: list[Any], plain: bool) -> str:
    """Objects one behind the other, each on many lines."""
    return "\n".join(json.dumps(entry, ensure_ascii=plain, indent=2) for entry in entries)


WRAPPED = (a_line, a_line, a_list, a_long_line, a_wrapping, one_by_one)


def main(arguments: list[str]) -> int:
    """What came of them; 1 where there are findings."""
    report = many(int(arguments[0]) if arguments else 10_000)
    print(report.words())
    return int(bool(report.findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
