"""A pretrained language model of the hub as the app uses it: it writes, converses, and shows its odds and attention.

The weights and the tokenizer are transformers' own; the loop that decodes, the sampler and the batch of several readers
are ours, so that a seed and a temperature mean here what they mean for every other model of the app.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text
from aigc_demo.families.transformer.adapters import Adapters
from aigc_demo.families.transformer.chat_template import (
    Conversation,
    Turn,
    read_conversation,
    what_was_left_out,
)
from aigc_demo.families.transformer.continuous_batching import (
    ContinuousBatch,
    GenerationRequest,
    generate_alone,
)
from aigc_demo.families.transformer.kv_batch import device_of
from aigc_demo.families.transformer.rewriting import Rewriting
from aigc_demo.language.sampling import Settings
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement
from aigc_demo.models.protocols import Step, TokenChoice
from aigc_demo.pretrained.detokenise import Pieces
from aigc_demo.pretrained.loading import from_pretrained, sentences
from aigc_demo.pretrained.quantise import quantise

LOOKED_AT = 256  # tokens whose attention is shown: every layer's (heads, T, T) is computed for it
UNBOUNDED = 2048  # tokens of context where config.json names none
SAMPLER = ("temperature", "top_k", "top_p", "repetition_penalty", "mark")


class HubLanguageModel(Rewriting):
    """A causal language model with its tokenizer. `language` is the card's; it knows no forms of verse."""

    forms: tuple[str, ...] = ()

    def __init__(self, network: Any, tokenizer: Any, language: str = "") -> None:
        self.network, self.tokenizer, self.language = network.eval(), tokenizer, language
        config = network.config.get_text_config()
        self.layers, self.heads = config.num_hidden_layers, config.num_attention_heads
        self.context_length = getattr(config, "max_position_embeddings", None) or UNBOUNDED
        self.pieces = Pieces(tokenizer, _ends(network, tokenizer))
        self.adapters = Adapters(network)
        self.note: Text | None = None

    def set_adapter(self, folder: Path | None, weight: float) -> None:
        """Switch to the adapter in `folder`, `weight` times as strong as trained; None: to the base, exactly."""
        self.adapters.use(folder, weight)

    def check_prompt(self, prompt: str, prompt_is: str = "opening") -> Text | None:
        """What will be left out of the prompt, if anything."""
        total, read = len(self._tokens(prompt)), len(self.encode_prompt(prompt))
        if read >= total:
            return None
        return Text(
            f"The prompt has {total} tokens; the model reads the last {read}.",
            f"提示词共 {total} 个词元；模型只读最后 {read} 个。",
        )

    def encode_prompt(self, prompt: str, form: str | None = None, prompt_is: str = "opening") -> list[int]:
        """The token ids that `generate` starts from: three quarters of the context at most, the prompt's end."""
        ids = self._tokens(prompt) or [self._first_token()]
        return ids[-(3 * self.context_length // 4) :]

    def generate(
        self,
        prompt: str,
        *,
        stop: Stop = never,
        count: int = 1,
        max_new_tokens: int = 100,
        seed: int = 0,
        **settings: Any,
    ) -> Iterator[Step]:
        """`count` continuations of the prompt at once, a Step each new token. What concerns verse alone is ignored."""
        ids = self.encode_prompt(prompt)
        length = min(max_new_tokens, self.context_length - len(ids))
        request = GenerationRequest(ids, _sampler(settings), length, seed, count, stop, spaced=bool(prompt))
        yield from generate_alone(self.network, self.pieces, request)

    def chat(
        self,
        messages: Sequence[Turn],
        system: str = "",
        *,
        stop: Stop = never,
        max_new_tokens: int = 512,
        seed: int = 0,
        **settings: Any,
    ) -> Iterator[TokenChoice]:
        """The answer to a conversation of {role, content}, token by token; the settings are ChatRequest's fields."""
        request, self.note = self.chat_request(messages, system, max_new_tokens, seed, stop, **settings)
        for step in generate_alone(self.network, self.pieces, request):
            yield step.tokens[0]

    def chat_request(
        self,
        messages: Sequence[Turn],
        system: str,
        max_new_tokens: int,
        seed: int,
        stop: Stop,
        **settings: Any,
    ) -> tuple[GenerationRequest, Text | None]:
        """What a batch is given for an answer, and what was left out of the conversation, if anything."""
        read = self.converse(messages, system, max_new_tokens)
        length = min(max_new_tokens, read.room)
        note = what_was_left_out(read, len(messages), max_new_tokens)
        return GenerationRequest(read.ids, _sampler(settings), length, seed, stop=stop), note

    def converse(self, messages: Sequence[Turn], system: str, max_new_tokens: int) -> Conversation:
        """The conversation as the model reads it, cut to its context."""
        return read_conversation(self.tokenizer, self.context_length, messages, system, max_new_tokens)

    def batch(self) -> ContinuousBatch:
        """An empty batch, for several requests at once."""
        return ContinuousBatch(self.network, self.pieces)

    def attention(self, ids: Sequence[int], layer: int, head: int) -> tuple[list[str], Tensor]:
        """Labels of the last tokens of `ids` and the attention weights (T, T) of one head; rows sum to 1.

        T is LOOKED_AT at most; a longer text's last tokens are read without those before them.
        """
        ids = list(ids)[-LOOKED_AT:]
        usual = self.network.config._attn_implementation
        self.network.set_attn_implementation("eager")  # the fused kernels never form the matrix
        try:
            with torch.inference_mode():
                read = self.network(
                    torch.tensor([ids], device=device_of(self.network)), output_attentions=True
                )
        finally:
            self.network.set_attn_implementation(usual)
        return [self.pieces.label(token) for token in ids], read.attentions[layer][0, head].float().cpu()

    def _tokens(self, text: str) -> list[int]:
        return list(self.tokenizer(text, verbose=False).input_ids)

    def _first_token(self) -> int:
        """What stands before an empty text."""
        return next(
            token
            for token in (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id, 0)
            if token is not None
        )


def load(card: ModelCard, placement: Placement) -> HubLanguageModel:
    """The model of a card's folder, in the placement's dtype, on its device."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with sentences(card.folder):
        tokenizer = AutoTokenizer.from_pretrained(card.folder, local_files_only=True, trust_remote_code=False)
    dtype = getattr(torch, placement.dtype)
    if placement.load_in_4bit:
        network = quantise(
            from_pretrained(AutoModelForCausalLM, card.folder, dtype=torch.bfloat16), dtype, placement.device
        )
    else:
        network = from_pretrained(AutoModelForCausalLM, card.folder, dtype=dtype)
    return HubLanguageModel(_put(network, placement), tokenizer, card.language)


def _put(network: Any, placement: Placement) -> Any:
    """Lay the weights where the placement says; offloaded ones come to the device layer by layer."""
    if placement.offload == "none":
        return network.to(placement.device)
    from accelerate import cpu_offload

    return cpu_offload(network, torch.device(placement.device))


def _ends(network: Any, tokenizer: Any) -> set[int]:
    """All token ids that end a text: generation_config may name several."""
    named = network.generation_config.eos_token_id
    ends = {named} if isinstance(named, int) else set(named or ())
    return ends | ({tokenizer.eos_token_id} - {None})


def _sampler(settings: Mapping[str, Any]) -> Settings:
    return Settings(**{name: settings[name] for name in SAMPLER if name in settings})
