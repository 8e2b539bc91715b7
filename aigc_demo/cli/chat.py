"""chat, rewrite: an answer to one question or to a conversation, a conversation in the terminal, a translation."""

import sys
from collections import deque
from collections.abc import Sequence
from typing import Any

from aigc_demo.actions import ChatResult
from aigc_demo.cli.ask import check_ending, write
from aigc_demo.cli.flags import Answer, Asked, values_of
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.schemas import ChatRequest, RewriteRequest, check
from aigc_demo.schemas.tasks import TEXTS

CHATS = (".md", ".json", ".txt")


def chat(asked: Asked) -> Answer:
    """Answer --prompt, or the conversation in --messages; with neither, talk until the reader leaves."""
    from aigc_demo import actions

    check_ending(asked.flags.out, CHATS)
    values = values_of(ChatRequest, asked.flags)
    if asked.flags.prompt is not None:
        before = values.get("messages", [])
        values["messages"] = [*before, {"role": "user", "content": asked.flags.prompt}]
    if "messages" not in values:
        return _talk(asked, values)
    return _answer(asked, deque(actions.chat(check(ChatRequest, values), asked.cache), maxlen=1).pop())


def _answer(asked: Asked, result: ChatResult) -> Answer:
    from aigc_demo import actions

    return _texts(asked, result, actions.write_chat, CHATS)


def _texts(asked: Asked, result: Any, writer: Any, endings: Sequence[str]) -> Answer:
    """The text of a result, and the file that --out wants of it."""
    answer: dict[str, Any] = {"texts": [result.text]}
    if asked.flags.out:
        answer["files"] = [str(write(asked, writer, result, endings))]
    words = [result.text, *answer.get("files", [])]
    if result.note:
        answer["note"] = result.note.say(asked.lang)
        words.insert(0, answer["note"])
    return Answer(answer, "\n\n".join(words))


def rewrite(asked: Asked) -> Answer:
    """Translate or summarise --text."""
    from aigc_demo import actions

    request = asked.request(RewriteRequest)
    check_ending(asked.flags.out, TEXTS)
    result = deque(actions.rewrite(request, asked.cache), maxlen=1).pop()
    return _texts(asked, result, actions.write_rewrite, TEXTS)


def _talk(asked: Asked, values: dict[str, Any]) -> Answer:
    """Question and answer in turns; an empty line or the end of input leaves, Ctrl-C ends an answer."""
    if asked.flags.json or not sys.stdin.isatty():
        raise InputError(
            en="There is nothing to answer: give --prompt TEXT, or --messages FILE.json; "
            "a terminal without either holds a conversation.",
            zh="没有要回答的内容：请给出 --prompt 文本，或 --messages 文件.json；在终端中两者都不给则进入对话。",
        )
    hint = Text("An empty line ends the conversation.", "输入空行结束对话。")
    print(hint.say(asked.lang), file=sys.stderr)
    messages: list[dict[str, str]] = []
    last = None
    while question := _ask():
        turns = [*messages, {"role": "user", "content": question}]
        if result := _say(asked, check(ChatRequest, {**values, "messages": turns})):
            messages = [*turns, {"role": "assistant", "content": result.text}]
            last = result
    return _answer(asked, last) if last and asked.flags.out else Answer()


def _ask() -> str:
    print("> ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _say(asked: Asked, request: ChatRequest) -> ChatResult | None:
    """The answer, shown as it grows; what there is of it where the reader interrupts."""
    from aigc_demo import actions

    result, shown = None, 0
    try:
        for result in actions.chat(request, asked.cache):
            print(result.text[shown:], end="", file=sys.stderr, flush=True)
            shown = len(result.text)
    except KeyboardInterrupt:
        pass
    print(file=sys.stderr)
    return result
