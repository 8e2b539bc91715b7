"""Tokens per second of gpt-poems: our decoding against transformers' generate() on the same weights."""

import time
from pathlib import Path
from typing import Any

from aigc_demo.bench.measure import Comparison, seconds, take_turns
from aigc_demo.cli.flags import Asked
from aigc_demo.core.words import Text
from aigc_demo.runtime import registry

MODEL, PROMPT, FORM = "gpt-poems", "春望", "qilu"  # regulated verse of 7 characters: 64 tokens a poem
ROUNDS = 7
BATCHES = (1, 16)
SETTINGS = {"temperature": 0.9, "top_p": 0.95, "repetition_penalty": 1.1}


def measure(asked: Asked) -> list[Comparison]:
    """One poem, and sixteen at once."""
    card = registry.find_card(MODEL, asked.settings, "text")
    with asked.cache.use(card) as model:
        return [compare(model, card.folder, batch) for batch in BATCHES]


def compare(model: Any, folder: Path, batch: int, rounds: int = ROUNDS) -> Comparison:
    """Both write as many tokens; the app's own also reports each token's odds and alternatives."""
    import torch
    from transformers import AutoModelForCausalLM

    plain_model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(model.device).eval()
    ids = torch.tensor([model.encode_prompt(PROMPT, FORM)] * batch, device=model.device)
    steps: list[int] = []

    def ours() -> float:
        start, tokens, count = time.perf_counter(), 0, 0
        for step in model.generate(
            PROMPT, form=FORM, count=batch, max_new_tokens=64, seed=len(steps), **SETTINGS
        ):
            tokens += sum(token is not None for token in step.tokens)
            count += 1
        steps.append(count)
        return tokens / (time.perf_counter() - start)

    def plain() -> float:
        new = steps[-1]
        options = {"do_sample": True, "top_k": 0, "min_new_tokens": new, "max_new_tokens": new, **SETTINGS}
        took = seconds(lambda: plain_model.generate(ids, attention_mask=torch.ones_like(ids), **options))
        return new * batch / took

    names = Text(
        f"{MODEL}, {batch} at once, against transformers generate() on the same weights",
        f"{MODEL}，每批 {batch} 首，对照 transformers generate()，相同权重",
    )
    return Comparison(names, "tokens/s", 1, *take_turns(ours, plain, rounds))
