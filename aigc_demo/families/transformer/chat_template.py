"""From a conversation to the token ids that a chat model answers, by its own chat template, within its context."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text

Turn = Mapping[str, str]  # role and content


@dataclass(frozen=True)
class Conversation:
    """Token ids up to where the answer begins, room for how many tokens, and how many of the messages are read."""

    ids: list[int]
    room: int
    messages: int


def read_conversation(
    tokenizer: Any, context_length: int, messages: Sequence[Turn], system: str, max_new_tokens: int
) -> Conversation:
    """The conversation with as many of its last messages as leave room for the answer: half the context at most.

    InputError where the model has no template, the last message is not the user's, or alone is too long.
    """
    if not tokenizer.chat_template:
        raise InputError(
            en="This model was not made for conversations; use it in the Write tab, or choose a chat model.",
            zh="该模型不是对话模型；请用于续写，或选择对话模型。",
        )
    if messages[-1]["role"] != "user":
        raise InputError(
            en="The last message must be the user's; add one.", zh="最后一条消息应来自用户；请添加一条。"
        )
    limit = context_length - min(max_new_tokens, context_length // 2)
    for start in _starts(messages):
        ids = _encode(tokenizer, messages[start:], system)
        if len(ids) <= limit:
            return Conversation(ids, context_length - len(ids), len(messages) - start)
    raise InputError(
        en=f"The last message is {len(ids)} tokens long with the system prompt; "
        f"this model reads {limit} and answers in the rest: shorten it.",
        zh=f"最后一条消息连同系统提示词共 {len(ids)} 个词元；该模型最多读 {limit} 个，其余留给回答：请缩短。",
    )


def what_was_left_out(read: Conversation, total: int, max_new_tokens: int) -> Text | None:
    """What a reader should know of how a conversation was read, if anything."""
    if read.messages < total:
        return Text(
            f"The conversation is longer than the model's context: it reads the last {read.messages} of {total} messages.",
            f"对话超出了模型的上下文长度：只读最后 {read.messages} 条消息（共 {total} 条）。",
        )
    if read.room < max_new_tokens:
        return Text(
            f"The model's context has room for {read.room} more tokens.",
            f"模型的上下文还能容纳 {read.room} 个词元。",
        )
    return None


def _starts(messages: Sequence[Turn]) -> list[int]:
    """Places of the user's messages, at which a conversation may be cut: templates want the user to begin."""
    return [place for place, message in enumerate(messages) if message["role"] == "user"]


def _encode(tokenizer: Any, messages: Sequence[Turn], system: str) -> list[int]:
    """The template's tokens; where it knows no system role, the system prompt goes before the first message."""
    from jinja2 import TemplateError

    turns = [dict(message) for message in messages]
    if not system:
        return _apply(tokenizer, turns)
    try:
        return _apply(tokenizer, [{"role": "system", "content": system}, *turns])
    except TemplateError:
        first = {**turns[0], "content": f"{system}\n\n{turns[0]['content']}"}
        return _apply(tokenizer, [first, *turns[1:]])


def _apply(tokenizer: Any, turns: Sequence[Turn]) -> list[int]:
    """Templates that can let a model think aloud before it answers are asked for the answer alone."""
    read = tokenizer.apply_chat_template(
        list(turns),
        add_generation_prompt=True,
        return_dict=True,
        enable_thinking=False,
        tokenizer_kwargs={"verbose": False},
    )
    return list(read["input_ids"])
