"""A language model on an OpenAI-compatible server: chat and completion, token by token."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, NoReturn

from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Stop
from aigc_demo.core.words import Text
from aigc_demo.families.remote import wire
from aigc_demo.families.remote.directory import ServedCard
from aigc_demo.families.remote.troubles import status_of
from aigc_demo.models.protocols import Step, TokenChoice

ALTERNATIVES = 8
NO_ID = -1  # a server sends texts, not the numbers of its vocabulary
PLAINER = (400, 422)  # what servers say to a field that they do not know
Settings = Mapping[str, Any]


class ServedLanguageModel:
    """Speaks for a model on a server. `note` tells the reader which settings the server did not take."""

    forms: tuple[str, ...] = ()
    context_length = 0  # the server alone knows
    layers = heads = 0

    def __init__(self, card: ServedCard) -> None:
        self.server, self.name, self.language = card.server, card.name, card.language
        self.note: Text | None = None

    def check_prompt(self, prompt: str, prompt_is: str = "opening") -> None:
        """A server reads any prompt."""

    def attentions(self, ids: Sequence[int]) -> NoReturn:
        """No server sends its attention weights."""
        raise InputError(
            en="A model on a server does not show its attention; choose a model of this machine.",
            zh="服务器上的模型不提供注意力；请选择本机的模型。",
        )

    def chat(
        self,
        messages: Sequence[Mapping[str, str]],
        system: str = "",
        *,
        stop: Stop,
        **settings: Any,
    ) -> Iterator[TokenChoice]:
        """The answer to a conversation of {role, content}; the settings are ChatRequest's fields."""
        said = [{"role": "system", "content": system}] if system else []
        said += [{"role": message["role"], "content": message["content"]} for message in messages]
        yield from self._negotiated(lambda rich: self._ask_chat(said, settings, rich), stop)

    def generate(self, prompt: str, *, stop: Stop, **settings: Any) -> Iterator[Step]:
        """`count` continuations of a prompt at once, each a request of its own; the settings are TextRequest's fields."""
        seeds = [settings["seed"] + i for i in range(settings["count"])]
        streams = [
            self._negotiated(
                lambda rich, seed=seed: self._ask(prompt, {**settings, "seed": seed}, rich), stop
            )
            for seed in seeds
        ]
        index = 0
        while any(tokens := [next(stream, None) for stream in streams]):
            yield Step(index, tokens)
            index += 1

    def _negotiated(self, ask: Callable[[bool], Iterator[TokenChoice]], stop: Stop) -> Iterator[TokenChoice]:
        """Ask with every setting and for the odds; of a server that knows only OpenAI's own fields, with these."""

        def start() -> Iterator[TokenChoice]:
            try:
                yield from ask(True)
            except Exception as error:
                if status_of(error) not in PLAINER:
                    raise
                self.note = Text(
                    "This server takes temperature, top-p and seed; top-k and the repetition penalty were not used.",
                    "该服务器只接受温度、top-p 和随机种子；top-k 与重复惩罚未生效。",
                )
                yield from ask(False)

        yield from wire.patient(start, stop)

    def _ask_chat(
        self, messages: list[dict[str, str]], settings: Settings, rich: bool
    ) -> Iterator[TokenChoice]:
        from huggingface_hub import InferenceClient

        with closing(
            InferenceClient(base_url=self.server, api_key=wire.key(), timeout=wire.timeouts())
        ) as client:
            ended = None
            for part in client.chat_completion(
                messages,
                model=self.name,
                stream=True,
                max_tokens=settings["max_new_tokens"],
                temperature=settings["temperature"],
                top_p=settings["top_p"],
                seed=settings["seed"],
                **(
                    {"logprobs": True, "top_logprobs": ALTERNATIVES, "extra_body": _more(settings)}
                    if rich
                    else {}
                ),
            ):
                for choice in part.choices[:1]:
                    ended = choice.finish_reason or ended
                    yield from chat_tokens(choice.delta.content or "", choice.logprobs)
            _must_have_ended(ended)

    def _ask(self, prompt: str, settings: Settings, rich: bool) -> Iterator[TokenChoice]:
        body = {
            "model": self.name,
            "prompt": prompt,
            "stream": True,
            "max_tokens": settings["max_new_tokens"],
            **{name: settings[name] for name in ("temperature", "top_p", "seed")},
            **({"logprobs": ALTERNATIVES, **_more(settings)} if rich else {}),
        }
        ended = None
        for part in wire.events(f"{self.server}/completions", body):
            for choice in part["choices"][:1]:
                ended = choice.get("finish_reason") or ended
                yield from completion_tokens(choice.get("text") or "", choice.get("logprobs"))
        _must_have_ended(ended)


def _more(settings: Settings) -> dict[str, Any]:
    """Settings that vLLM and SGLang take beside OpenAI's fields."""
    return {"top_k": settings["top_k"] or -1, "repetition_penalty": settings["repetition_penalty"]}


def _must_have_ended(reason: str | None) -> None:
    """A stream that stops without a reason was cut off."""
    if reason is None:
        raise ConnectionResetError("the stream ended without a finish_reason")


def chat_tokens(text: str, logprobs: Any) -> Iterator[TokenChoice]:
    """The tokens of one part of a chat stream, with their odds where the server sends them."""
    entries = [
        (entry["token"], entry["logprob"], [(top["token"], top["logprob"]) for top in entry["top_logprobs"]])
        for entry in (logprobs or {}).get("content") or []
    ]
    yield from _tokens(text, entries)


def completion_tokens(text: str, logprobs: Mapping[str, Any] | None) -> Iterator[TokenChoice]:
    """The tokens of one part of a completion stream: parallel lists of tokens, log p, and {token: log p} each."""
    if not logprobs or not logprobs.get("tokens"):
        yield from _tokens(text, [])
        return
    tokens, values = logprobs["tokens"], logprobs["token_logprobs"]
    tops = [list(top.items()) for top in logprobs.get("top_logprobs") or [{}] * len(tokens)]
    yield from _tokens(text, list(zip(tokens, values, tops, strict=True)))


def _tokens(
    text: str, entries: Sequence[tuple[str, float, list[tuple[str, float]]]]
) -> Iterator[TokenChoice]:
    """One token an entry; where the entries do not spell the text (half a character), or there are none, one for all."""
    if entries and "".join(token for token, *_ in entries) == text:
        for token, value, top in entries:
            others = [(other, math.exp(p)) for other, p in top]
            yield TokenChoice(token, NO_ID, math.exp(value), others)
    elif text:
        known = bool(entries)
        probability = math.exp(sum(value for _, value, _ in entries)) if known else None
        yield TokenChoice(text, NO_ID, probability, [])
