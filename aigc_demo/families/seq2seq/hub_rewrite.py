"""A pretrained encoder-decoder of the hub as the app uses it: it translates or summarises, and shows where it looks."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Stop
from aigc_demo.language.odds import odds_of
from aigc_demo.language.sentences import cut
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement
from aigc_demo.models.protocols import Part, TokenChoice
from aigc_demo.pretrained.detokenise import Pieces
from aigc_demo.pretrained.loading import cache_argument, from_pretrained, sentences

# tokens of a part: translators were trained on single sentences
AT_ONCE = {"translate": 128, "summarise": 512}
LARGEST = 1 << 20  # entries of an attention matrix that is still kept
UNSPACED = ("zh", "ja")  # languages whose sentences follow each other without a space


class HubRewriter:
    """A pretrained sequence-to-sequence model with its tokenizer.

    prefixes: for each task it can do, the words that tell it so; a translator needs none. language: the one it writes.
    """

    looks, options = "cross", ()

    def __init__(self, network: Any, tokenizer: Any, prefixes: dict[str, str], language: str) -> None:
        self.network, self.tokenizer, self.prefixes = network.eval(), tokenizer, prefixes
        config = network.generation_config
        self.start = config.decoder_start_token_id
        ends = config.eos_token_id
        self.pieces = Pieces(tokenizer, {ends} if isinstance(ends, int) else ends)
        self.never = [words[0] for words in config.bad_words_ids or () if len(words) == 1]
        self.between = "" if language in UNSPACED else " "
        self.longest = getattr(network.config, "max_position_embeddings", AT_ONCE["summarise"])

    def cut(self, text: str, task: str) -> list[Part]:
        """The text in parts that the model can read, each behind the prefix of its task; InputError if it cannot do it."""
        task = next(iter(self.prefixes)) if task == "auto" else task
        if task not in self.prefixes:
            raise _cannot(task)
        prefix = self.prefixes[task]
        limit = min(AT_ONCE[task], self.longest)
        parts = []
        for part in cut(text.strip(), lambda part: len(self._ids(prefix + part)), limit):
            ids = self._ids(prefix + part.strip())[:limit]
            behind = "\n" * part[len(part.rstrip()) :].count("\n")
            parts.append(Part(ids, [self.pieces.label(token) for token in ids], behind or self.between))
        return parts

    def write(self, part: Part, max_new_tokens: int, num_beams: int, stop: Stop) -> Iterator[TokenChoice]:
        """Translate or summarise one part: greedily, token by token, or by beam search, all at the end."""
        room = min(max_new_tokens, self.longest - 1)
        write = self.pieces.writer()
        if num_beams > 1:
            written = self._search(part, room, num_beams, stop)
            for token, logits in zip(written, self._read(part, written)[0], strict=True):
                yield self._choice(write, token, logits)
            return
        for token, logits in self._greedy(part, room, stop):
            yield self._choice(write, token, logits)

    def look(
        self, parts: Sequence[Part], written: Sequence[Sequence[TokenChoice]], width: int
    ) -> np.ndarray | None:
        """Cross-attention (T_out, width) of the last layer, mean over heads; a part's answer looks at that part alone."""
        height = sum(map(len, written))
        if not height or height * width > LARGEST:
            return None
        whole, row, column = np.zeros((height, width), np.float32), 0, 0
        for part, tokens in zip(parts, written, strict=True):
            if tokens:
                seen = self._read(part, [token.id for token in tokens], attention=True)[1]
                whole[row : row + len(tokens), column : column + len(part.ids)] = seen.numpy()
            row, column = row + len(tokens), column + len(part.ids)
        return whole

    @torch.inference_mode()
    def _greedy(self, part: Part, room: int, stop: Stop) -> Iterator[tuple[int, Tensor]]:
        """Tokens, the likeliest each time, with the logits (vocab,) that they were chosen from."""
        from transformers.cache_utils import DynamicCache, EncoderDecoderCache

        source = torch.tensor([part.ids], device=self.network.device)
        read = self.network.get_encoder()(source)
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        token = self.start
        for _ in range(room):
            if stop():
                return
            logits = (
                self.network(
                    encoder_outputs=read,
                    decoder_input_ids=torch.tensor([[token]], device=self.network.device),
                    use_cache=True,
                    **{cache_argument(): cache},
                )
                .logits[0, -1]
                .float()
            )
            logits[self.never] = -torch.inf
            token = int(logits.argmax())
            if token in self.pieces.ends:
                return
            yield token, logits

    @torch.inference_mode()
    def _search(self, part: Part, room: int, beams: int, stop: Stop) -> list[int]:
        """The best of `beams` hypotheses by transformers' own beam search, its start and end left out."""

        def stopped(ids: Tensor, scores: Any, **kwargs: Any) -> Tensor:
            return torch.full((len(ids),), stop(), device=ids.device)

        source = torch.tensor([part.ids], device=self.network.device)
        found = self.network.generate(
            source,
            attention_mask=torch.ones_like(source),
            num_beams=beams,
            do_sample=False,
            max_new_tokens=room,
            stopping_criteria=[stopped],
        )[0].tolist()
        padding = self.network.config.pad_token_id
        return [token for token in found[1:] if token not in self.pieces.ends and token != padding]

    @torch.inference_mode()
    def _read(
        self, part: Part, written: Sequence[int], attention: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Logits (T_out, vocab) that each written token was chosen from, and with `attention` where it looked, (T_out, T_in)."""
        usual = self.network.config._attn_implementation
        if attention:
            self.network.set_attn_implementation("eager")  # the fused kernels never form the matrix
        try:
            read = self.network(
                torch.tensor([part.ids], device=self.network.device),
                decoder_input_ids=torch.tensor([[self.start, *written[:-1]]], device=self.network.device),
                output_attentions=attention,
            )
        finally:
            self.network.set_attn_implementation(usual)
        seen = read.cross_attentions[-1][0].float().mean(0).cpu() if attention else None
        return read.logits[0].float(), seen

    def _choice(self, write: Callable[[int], str], token: int, logits: Tensor) -> TokenChoice:
        [odds] = odds_of(logits[None], torch.tensor([token], device=logits.device), self.pieces.label)
        return TokenChoice(write(token), token, *odds)

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, verbose=False).input_ids)


def _cannot(task: str) -> InputError:
    if task not in AT_ONCE:
        return InputError(
            en="This model translates or summarises and does nothing else; choose another model for that.",
            zh="该模型只会翻译或概括；请换一个会做这件事的模型。",
        )
    if task == "translate":
        return InputError(
            en="This model does not translate; choose a translation model, or the task summarise.",
            zh="该模型不会翻译；请选择翻译模型，或将任务改为概括。",
        )
    return InputError(
        en="This model does not summarise; choose one that does, such as flan-t5, or the task translate.",
        zh="该模型不会概括；请选择会概括的模型（如 flan-t5），或将任务改为翻译。",
    )


def load(card: ModelCard, placement: Placement) -> HubRewriter:
    """The model of a card's folder, in the placement's dtype, on its device."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    with sentences(card.folder):
        tokenizer = AutoTokenizer.from_pretrained(card.folder, local_files_only=True, trust_remote_code=False)
    network = from_pretrained(AutoModelForSeq2SeqLM, card.folder, dtype=getattr(torch, placement.dtype))
    return HubRewriter(
        network.to(placement.device), tokenizer, prefixes_of(card, network.config), _target(card, tokenizer)
    )


def prefixes_of(card: ModelCard, config: Any) -> dict[str, str]:
    """What to write before a text for each task: by the card's defaults (prefix_translate, prefix_summarise), else by
    the config's task_specific_params, else by the class: Marian only translates, T5 was taught "summarize: "."""
    told = {task: card.defaults.get(f"prefix_{task}") for task in AT_ONCE}
    if any(prefix is not None for prefix in told.values()):
        return {task: prefix for task, prefix in told.items() if prefix is not None}
    if config.model_type == "marian":
        return {"translate": ""}
    named = getattr(config, "task_specific_params", None) or {}
    found = {"summarise": named.get("summarization", {}).get("prefix", "summarize: ")}
    for name, values in named.items():
        if name.startswith("translation"):
            found.setdefault("translate", values.get("prefix", ""))
    return found


def _target(card: ModelCard, tokenizer: Any) -> str:
    """The language that the model writes, as far as it is known."""
    return str(getattr(tokenizer, "target_lang", None) or card.language).split("-")[-1][:2]
