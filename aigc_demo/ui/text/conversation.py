"""A conversation on the page: what was said, and the results behind the answers that are still in it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from aigc_demo.actions import ChatResult
from aigc_demo.core.errors import InputError
from aigc_demo.schemas import Message, check

LONGEST = 20_000  # characters that a message may have


@dataclass(frozen=True)
class Conversation:
    """Messages in order, and for the answers that were made here their results."""

    messages: tuple[Message, ...] = ()
    results: tuple[ChatResult, ...] = ()

    @property
    def result(self) -> ChatResult | None:
        """The result whose answer is the last message; None where a person or another machine wrote it."""
        found = self.results[-1] if self.results else None
        return found if found and _with_answer(found) == self.messages else None

    def ask(self, text: str) -> "Conversation":
        """With another message of the person's; after a message of theirs that was not answered, it takes its place."""
        before = self.messages[:-1] if self.unanswered else self.messages
        return self._cut((*before, _from_person(text)))

    @property
    def unanswered(self) -> bool:
        """Whether the last message is the person's."""
        return bool(self.messages) and self.messages[-1].role == "user"

    def answer(self, result: ChatResult) -> "Conversation":
        """With the answer of `result`, as far as it is written; it begins with the messages that were asked."""
        kept = self._cut(tuple(result.request.messages))
        return Conversation(_with_answer(result), (*kept.results, result))

    def again(self) -> "Conversation":
        """Without the last answer, so that another can be made."""
        return self if self.unanswered else self._cut(self.messages[:-1])

    def undo(self) -> tuple["Conversation", str]:
        """Without the person's last message and what followed, and that message."""
        for place in range(len(self.messages) - 1, -1, -1):
            if self.messages[place].role == "user":
                return self._cut(self.messages[:place]), self.messages[place].content
        return Conversation(), ""

    def edit(self, place: int, text: str) -> "Conversation":
        """With a past message of the person's said otherwise, and without what followed it."""
        if not 0 <= place < len(self.messages) or self.messages[place].role != "user":
            return self
        return self._cut((*self.messages[:place], _from_person(text)))

    def _cut(self, messages: tuple[Message, ...]) -> "Conversation":
        """These messages, with the results that they still contain."""
        kept = tuple(result for result in self.results if _starts_with(messages, _with_answer(result)))
        return replace(self, messages=messages, results=kept)


def shown(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages for gr.Chatbot."""
    return [{"role": message.role, "content": message.content} for message in messages]


def _from_person(text: str) -> Message:
    return check(Message, {"role": "user", "content": text})


def _with_answer(result: ChatResult) -> tuple[Message, ...]:
    return (*result.request.messages, Message(role="assistant", content=result.text[:LONGEST]))


def _starts_with(messages: tuple[Message, ...], start: tuple[Message, ...]) -> bool:
    return messages[: len(start)] == start


def read_messages(shown: Any) -> tuple[Message, ...]:
    """The messages that a browser shows; what is none is left out."""
    found = []
    for each in shown if isinstance(shown, list) else []:
        if isinstance(each, dict):
            with suppress(InputError):
                found.append(check(Message, {"role": each.get("role"), "content": flat(each.get("content"))}))
    return tuple(found)


def flat(content: Any) -> str:
    """The text of a message as the browser sends it: plain, or in blocks."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else [content]
    return "".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict))
