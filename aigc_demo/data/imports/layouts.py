"""The layouts in which programs that train write conversations, made into one: messages of system, user and assistant.

    messages            {"messages": [{"role", "content"}, ...]}, also conversations ({"from", "value"}), contents
                        ({"role", "parts"}), dialogues of pairs or of plain words, a bare list of messages
    a question          {"prompt", "completion"}, {"instruction", "input", "output"}, {"question", "answer"} and others;
    and its answer      the parts of a prompt may be messages themselves
    beside either       a system message, and history: the turns before

What cannot be learnt from as it is (calls of tools, pictures, two answers) is refused with its reason: no turn is
dropped silently.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aigc_demo.core.words import Text
from aigc_demo.data.imports.lines import BadLineError, clean, titled

LISTS = (
    "messages",
    "conversations",
    "conversation",
    "dialog",
    "dialogue",
    "dialogues",
    "chat",
    "contents",
    "turns",
)
ASKING = (
    "instruction", "prompt", "question", "query", "problem", "ask", "human", "user",
    "指令", "问题", "提问", "问", "用户",
)  # fmt: skip
ANSWERING = (
    "response", "output", "answer", "completion", "reply", "assistant", "gpt", "bot", "target",
    "回答", "答案", "答复", "回复", "输出", "答", "助手",
)  # fmt: skip
MORE = ("input", "context", "输入")  # what a question is about
SYSTEM = ("system", "system_prompt", "systemprompt", "systeminstruction", "system_instruction", "系统")
BESIDE = frozenset({*LISTS, *ASKING, *ANSWERING})
ROLES = {
    "system": "system", "developer": "system",
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "model": "assistant", "bot": "assistant", "chatbot": "assistant",
    "ai": "assistant", "chatgpt": "assistant",
}  # fmt: skip
NAMES = {"system": "系统", "user": "用户", "assistant": "助手"}
MOST_TURNS = 100

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Turn:
    """A turn as it was written: its role, what was said, and the other fields of its message."""

    role: str
    content: Any
    fields: Mapping[str, Any]


def is_conversation(entry: Any) -> bool:
    """Whether an entry is laid out as a conversation, be it one that can be learnt from or not."""
    if isinstance(entry, list):
        return bool(entry) and isinstance(entry[0], Mapping) and _is_message(_fields(entry[0]))
    if not isinstance(entry, Mapping):
        return False
    names = set(map(titled, map(str, entry)))
    if {"chosen", "rejected"} <= names:
        return True
    if _is_message(_fields(entry)) or "text" in names:
        return False
    if any(_is_talk(_listed(entry.get(name))) for name in entry if titled(str(name)) in LISTS):
        return True
    return bool(names & {*ANSWERING}) and bool(names & {*ASKING, *MORE})


def messages_of(entry: Any) -> Messages:
    """The messages of one entry, cleaned: perhaps the system's, then the user's and the assistant's by turns.

    A BadLineError says why an entry cannot be learnt from.
    """
    fields = _fields({"messages": entry} if isinstance(entry, list) else entry)
    if "rejected" in fields or "chosen" in fields:
        raise BadLineError(
            "it is a choice between two answers (chosen, rejected), which is not learnt from here",
            "是两个回答的偏好对（chosen、rejected），这里不用于学习",
        )
    if any(fields.get(name) is False for name in ("label", "kto_tag")):
        raise BadLineError("its answer is labelled as a bad one", "其回答被标注为不好的回答")
    turns = [*_system(fields), *_history(fields.get("history")), *_talk(fields, entry)]
    if len(turns) > MOST_TURNS:
        raise BadLineError(f"it has more than {MOST_TURNS} messages", f"消息超过 {MOST_TURNS} 条")
    roles = [_role(turn, place) for place, turn in enumerate(turns, 1)]
    return _in_turn(
        [
            {"role": role, "content": _said(turn, role, place)}
            for place, (turn, role) in enumerate(zip(turns, roles, strict=True), 1)
        ]
    )


def _fields(entry: Any) -> dict[str, Any]:
    """The fields that hold anything, by name."""
    if not isinstance(entry, Mapping):
        raise BadLineError("it is no JSON object", "不是 JSON 对象")
    kept = {
        titled(str(name)): value for name, value in entry.items() if value not in (None, "", [], {}, "[]")
    }
    return {name: value for name, value in kept.items() if not isinstance(value, str) or value.strip()}


def _is_message(fields: Mapping[str, Any]) -> bool:
    return bool(fields.keys() & {"role", "from"}) and bool(fields.keys() & {"content", "value", "parts"})


def _is_talk(listed: Any) -> bool:
    return isinstance(listed, list) and bool(listed) and not isinstance(listed[0], int | float)


def _listed(value: Any) -> Any:
    """A list as it is; one that a table holds as JSON, read."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _system(fields: Mapping[str, Any]) -> Iterator[Turn]:
    for name in SYSTEM:
        if name in fields:
            yield Turn("system", fields[name], {})


def _history(history: Any) -> Iterator[Turn]:
    """The turns before: pairs of question and answer, or messages."""
    history = _listed(history)
    if history is None:
        return
    if not isinstance(history, list):
        raise BadLineError("its history is no list", "history 不是列表")
    yield from _turns(history)


def _talk(fields: Mapping[str, Any], entry: Any) -> Iterator[Turn]:
    """The turns of the conversation itself, which `entry` is as it was written."""
    for name in LISTS:
        if _is_talk(listed := _listed(fields.get(name))):
            yield from _completed(list(_turns(listed)), fields)
            return
    asked, answered = _asked(fields), _answered(fields)
    if not asked or not answered:
        raise _incomplete([titled(str(name)) for name in entry], bool(asked), bool(answered))
    yield from [*asked, *answered]


def _turns(listed: Sequence[Any]) -> Iterator[Turn]:
    """The turns in a list of messages, of pairs, or of words by turns."""
    for place, item in enumerate(listed[: MOST_TURNS + 1]):
        if isinstance(item, str):
            yield Turn(("user", "assistant")[place % 2], item, {})
        elif isinstance(item, list) and len(item) == 2:
            yield from (Turn("user", item[0], {}), Turn("assistant", item[1], {}))
        elif isinstance(item, Mapping):
            yield from _turns_of(_fields(item), place + 1)
        else:
            raise BadLineError(f"message {place + 1} is no object", f"第 {place + 1} 条消息不是对象")


def _turns_of(fields: Mapping[str, Any], place: int) -> Iterator[Turn]:
    """The turn of a message, or the two of a pair."""
    role = fields.get("role", fields.get("from"))
    if isinstance(role, str):
        content = next(
            (fields[name] for name in ("content", "value", "parts", "text") if name in fields), None
        )
        yield Turn(role, content, fields)
        return
    asked, answered = _asked(fields), _answered(fields)
    if not asked and not answered:
        raise BadLineError(f"message {place} has no role", f"第 {place} 条消息没有 role")
    yield from [*_system(fields), *asked, *answered]


def _completed(turns: list[Turn], fields: Mapping[str, Any]) -> list[Turn]:
    """The turns of a list, with a prompt or an answer that stands beside it and is not in it."""
    asked, answered = _asked(fields), _answered(fields)
    said = [turn.role.lower() for turn in turns]
    if answered and not any(ROLES.get(role) == "assistant" for role in said):
        turns = [*turns, *answered]
    first = next((ROLES.get(role) for role in said if ROLES.get(role) != "system"), None)
    if asked and first == "assistant":
        return [*asked, *turns]
    prompt = fields.get("prompt")
    if isinstance(prompt, str) and clean(prompt).strip() not in "\n".join(map(str, map(_plain, turns))):
        raise BadLineError("its prompt is not among its messages", "其 prompt 不在 messages 之中")
    return turns


def _plain(turn: Turn) -> str:
    try:
        return _words(turn.content, 0)
    except BadLineError:
        return ""


def _asked(fields: Mapping[str, Any]) -> list[Turn]:
    """What a question consists of: one message, or the messages that a prompt is."""
    found = [_listed(fields[name]) for name in (*ASKING, *MORE) if name in fields]
    for value in found:
        if isinstance(value, list) and _is_talk(value) and isinstance(value[0], Mapping):
            return list(_turns(value))
    words = [_words(value, 1) for value in found]
    parts = [word for place, word in enumerate(words) if not _within(word, words, place)]
    return [Turn("user", "\n".join(parts), {})] if parts else []


def _within(word: str, words: Sequence[str], place: int) -> bool:
    """Whether a part is said by a longer one, or by an equal one before."""
    return any(
        word in other and (other != word or at < place) for at, other in enumerate(words) if at != place
    )


def _answered(fields: Mapping[str, Any]) -> list[Turn]:
    found = {name: _listed(fields[name]) for name in ANSWERING if name in fields}
    for value in found.values():
        if isinstance(value, list) and isinstance(value[0], Mapping) and _is_message(_fields(value[0])):
            return list(_turns(value))
    words = list(dict.fromkeys(_words(value, 2) for value in found.values()))
    kept = [word for place, word in enumerate(words) if not _within(word, words, place)]
    if len(kept) > 1:
        names = ", ".join(found)
        raise BadLineError(
            f"it has several answers ({names}); keep one", f"有多个回答（{names}）；请只保留一个"
        )
    return [Turn("assistant", kept[0], {})] if kept else []


def _incomplete(names: Sequence[str], asked: bool, answered: bool) -> BadLineError:
    """What is missing or empty: the answer, the question, or all that is known."""
    if asked or answered:
        wanted = ANSWERING if asked else (*ASKING, *MORE)
        empty = next((name for name in names if name in wanted), "")
        part = Text("answer", "回答") if asked else Text("question", "问题")
        en, zh = f"its {part.en} ({empty}) is empty", f"{part.zh}（{empty}）为空"
        return BadLineError(en, zh) if empty else BadLineError(f"it has no {part.en}", f"没有{part.zh}")
    told = ", ".join(name[:30] for name in names[:8]) or "-"
    return BadLineError(
        f"it has neither messages nor a prompt and a response (it has: {told})",
        f"既没有 messages，也没有 prompt 与 response（字段：{told}）",
    )


def _role(turn: Turn, place: int) -> str:
    """Who speaks, in the one way to say it."""
    role = ROLES.get(turn.role.strip().lower())
    if role is None:
        raise BadLineError(
            f'message {place} has the role "{turn.role[:30]}", which is not learnt from (only system, user and assistant)',
            f"第 {place} 条消息的角色是 {turn.role[:30]}，不用于学习（只用 system、user、assistant）",
        )
    return role


def _said(turn: Turn, role: str, place: int) -> str:
    """What a turn says."""
    if turn.fields.keys() & {"tool_calls", "function_call"}:
        raise BadLineError(
            f"message {place} of the {role} calls a tool, which is not learnt from",
            f"第 {place} 条消息（{NAMES[role]}）调用工具，不用于学习",
        )
    if turn.fields.get("weight") == 0:
        raise BadLineError(
            f"message {place} has the weight 0, and all answers are learnt from here",
            f"第 {place} 条消息的 weight 为 0，而这里会学习所有回答",
        )
    return _words(turn.content, place)


def _words(content: Any, place: int) -> str:
    """What was said, of words or of parts that hold words."""
    if content is None:
        return ""
    if isinstance(content, str):
        return clean(content).strip()
    if isinstance(content, Mapping):
        kind = content.get("type", "text")
        for name in ("text", "content", "parts", "value"):
            if name in content and kind in ("text", "input_text", "output_text"):
                return _words(content[name], place)
        raise _wordless(place, str(kind if "type" in content else next(iter(content), "-")))
    if isinstance(content, list):
        return "\n".join(part for part in (_words(part, place) for part in content) if part)
    raise _wordless(place, type(content).__name__)


def _wordless(place: int, kind: str) -> BadLineError:
    return BadLineError(
        f"message {place} holds {kind[:30]}, which is no text", f"第 {place} 条消息含有 {kind[:30]}，不是文字"
    )


def _in_turn(messages: Messages) -> Messages:
    """The messages, if the system speaks first, if at all, and user and assistant by turns, and all say something."""
    if messages[:1] and messages[0]["role"] == "system" and not messages[0]["content"]:
        messages = messages[1:]
    system = sum(message["role"] == "system" for message in messages)
    if system > 1 or (system and messages[0]["role"] != "system"):
        raise BadLineError("the system speaks more than once, or not first", "系统消息不止一条，或不在最前")
    for place, message in enumerate(messages, 1):
        if not message["content"]:
            raise BadLineError(
                f"message {place}, of the {message['role']}, is empty",
                f"第 {place} 条消息（{NAMES[message['role']]}）为空",
            )
        wanted = ("user", "assistant")[(place - 1 - system) % 2]
        if message["role"] not in (wanted, "system"):
            raise BadLineError(
                f"message {place} is of the {message['role']}, where the {wanted} should speak",
                f"第 {place} 条消息来自{NAMES[message['role']]}，而此处应由{NAMES[wanted]}发言",
            )
    if len(messages) - system < 2:
        raise BadLineError("it has no answer", "没有回答")
    return messages
