"""Answers per second: our chat against transformers' own pipeline and against llama.cpp, on the same small Llama.

Ours is all that a reader gets, through the cache, with each token's odds. The pipeline answers eight conversations as
one batch that begins and ends together. llama.cpp has a slot for each reader and batches them as we do; it comes with the
PyPI packages xllamacpp and gguf, and is left out where they are not installed.
"""

import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from aigc_demo.actions import chat
from aigc_demo.bench.measure import Comparison, take_turns
from aigc_demo.bench.small_llama import write_gguf, write_llama
from aigc_demo.cli.flags import Asked
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.hub import records
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import kinds
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import ChatRequest, Message

MODEL = "bench/llama-22m"
READERS = (1, 8)
TOKENS = 64
ROUNDS = 3
SETTINGS = {"temperature": 0.7, "top_k": 20, "top_p": 0.9, "repetition_penalty": 1.05}
QUESTION = "Write a short poem about the river in spring, and say why the moon is bright."


def measure(asked: Asked) -> list[Comparison]:
    """One reader, then eight at once, against each of the others that is installed."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = write_llama(Path(temporary) / "llama")
        cache = ModelCache(_offer(folder, asked.settings, Path(temporary)))
        others = [(Text("transformers' pipeline", "transformers 的 pipeline"), 1.0, pipeline(folder))]
        if find_spec("xllamacpp") and find_spec("gguf"):
            others.append((Text("llama.cpp", "llama.cpp"), 0.9, llama_cpp(write_gguf(folder))))
        else:
            print("bench chat: llama.cpp is left out; pip install xllamacpp gguf", file=sys.stderr)
        found = []
        for readers in READERS:
            for other, target, answer in others:
                names = Text(
                    f"chat with a Llama of 22 M weights, {readers} at once, against {other.en}",
                    f"与 2200 万参数的 Llama 对话，同时 {readers} 位读者，对照 {other.zh}",
                )
                ours = rate(lambda readers=readers: ask(cache, readers))
                figures = take_turns(ours, rate(lambda a=answer, readers=readers: a(readers)), ROUNDS)
                found.append(Comparison(names, "tokens/s", target, *figures))
        return found


def rate(work: Callable[[], int]) -> Callable[[], float]:
    """Tokens a second of `work`, which returns how many it wrote."""

    def timed() -> float:
        start = time.perf_counter()
        return work() / (time.perf_counter() - start)

    return timed


def ask(cache: ModelCache, readers: int) -> int:
    """All readers ask at once, each in a thread of its own; the tokens of all answers."""

    def one(seed: int) -> int:
        said = [Message(role="user", content=QUESTION)]
        request = ChatRequest(model=MODEL, messages=said, max_new_tokens=TOKENS, seed=seed, **SETTINGS)
        return len(deque(chat(request, cache), maxlen=1).pop().tokens)

    with ThreadPoolExecutor(readers) as pool:
        return sum(pool.map(one, range(readers)))


def pipeline(folder: Path) -> Callable[[int], int]:
    """transformers' text-generation pipeline on a batch of conversations."""
    import torch
    from transformers import pipeline as make_pipeline

    made = make_pipeline("text-generation", model=str(folder), dtype=torch.float32)
    made.tokenizer.pad_token = made.tokenizer.eos_token
    said = [{"role": "user", "content": QUESTION}]
    options = {"do_sample": True, "min_new_tokens": TOKENS, "max_new_tokens": TOKENS, **SETTINGS}

    def answer(readers: int) -> int:
        made([said] * readers, batch_size=readers, **options)
        return readers * TOKENS

    return answer


def llama_cpp(model: Path) -> Callable[[int], int]:
    """llama.cpp's server inside this process, with as many threads as torch has."""
    import torch
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_parallel = max(READERS)
    params.n_ctx = 512 * max(READERS)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = torch.get_num_threads()
    params.cache_prompt = False
    params.verbosity = -1
    server = xllamacpp.Server(params)

    def one(seed: int) -> int:
        options = {"temperature": 0.7, "top_k": 20, "top_p": 0.9, "repeat_penalty": 1.05, "seed": seed}
        prompt = {"prompt": f"<s>user: {QUESTION}\nassistant:", "n_predict": TOKENS, "ignore_eos": True}
        return server.handle_completions({**prompt, **options})["usage"]["completion_tokens"]

    def answer(readers: int) -> int:
        with ThreadPoolExecutor(readers) as pool:
            return sum(pool.map(one, range(readers)))

    return answer


def _offer(folder: Path, settings: Settings, home: Path) -> Settings:
    """Settings under which the app has the model, as if it had been fetched."""
    settings = settings.model_copy(update={"hub_dir": home / "hub", "runs_dir": home / "runs"})
    words = Text(en="Random Llama", zh="随机的 Llama")
    card = ModelCard(
        id=MODEL, folder=folder, family=kinds()["causal_lm"][0].name, kind="causal_lm", tasks=("text", "chat"), title=words,
        summary=words, parameters=22_000_000, licence="MIT", data="none", revision="0" * 40,
    )  # fmt: skip
    records.keep(card, settings)
    return settings
