"""A chat model that rewrites: it is told to sum a text up or to translate it, and its odds and attention are shown.

An encoder-decoder looks at the source by cross-attention; here the source stands before the answer, and the same map is
the part of the last layer's self-attention that falls on it, each row scaled to sum to 1.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Stop
from aigc_demo.families.transformer.continuous_batching import GenerationRequest, generate_alone
from aigc_demo.families.transformer.kv_batch import device_of
from aigc_demo.language.sampling import Settings
from aigc_demo.language.sentences import cut
from aigc_demo.models.protocols import Part, TokenChoice

# The words under which SmolLM2 and its like were taught to sum up (the data set smol-summarize).
SUMMARISE = (
    "Provide a concise, objective summary of the input text in up to three sentences, "
    "focusing on key actions and intentions without using second or third person pronouns."
)
TRANSLATE = {
    "en": "Translate the user's text into Chinese. Answer with the translation alone.",
    "zh": "Translate the user's text into English. Answer with the translation alone.",
}
GREEDY = Settings(temperature=0.0)  # what a small model adds when it is sampled is often invented
AT_ONCE = {"translate": 512, "summarise": 1024}  # tokens of a part
LARGEST = 1 << 20  # entries of an attention matrix that is still kept


class Rewriting:
    """The part of a HubLanguageModel that the protocol Rewriter asks for."""

    network: Any
    tokenizer: Any
    pieces: Any
    language: str
    context_length: int
    converse: Any
    looks, options = "self", ()

    def cut(self, text: str, task: str) -> list[Part]:
        """The text in parts that the model reads at once, each as the whole conversation it answers; InputError if it cannot."""
        if task == "auto":
            task = "translate" if self._bilingual() else "summarise"
        if task not in AT_ONCE:
            raise InputError(
                en="A chat model translates or summarises here; choose another model for that.",
                zh="对话模型在此只会翻译或概括；请换一个会做这件事的模型。",
            )
        asked = len(self._part("", task).ids)
        limit = min(AT_ONCE[task], 3 * (self.context_length - asked) // 4)  # the rest is for the answer
        parts = cut(text.strip(), lambda part: len(self._source(part)), limit)
        return [self._part(part, task) for part in parts]

    def write(self, part: Part, max_new_tokens: int, num_beams: int, stop: Stop) -> Iterator[TokenChoice]:
        """The answer to one part, the likeliest token each time."""
        if num_beams > 1:
            raise InputError(
                en="A chat model writes one text at a time here; set Beams to 1.",
                zh="对话模型在此一次只写一个文本；请把束宽设为 1。",
            )
        room = min(max_new_tokens, self.context_length - len(part.ids))
        for step in generate_alone(
            self.network, self.pieces, GenerationRequest(part.ids, GREEDY, room, stop=stop)
        ):
            yield step.tokens[0]

    def look(
        self, parts: Sequence[Part], written: Sequence[Sequence[TokenChoice]], width: int
    ) -> np.ndarray | None:
        """Self-attention (T_out, width) of the last layer from the answer to the source, mean over heads, rows sum to 1."""
        height = sum(map(len, written))
        if not height or max(height * width, *(len(part.ids) ** 2 for part in parts)) > LARGEST:
            return None
        whole, row, column = np.zeros((height, width), np.float32), 0, 0
        for part, tokens in zip(parts, written, strict=True):
            length = len(part.source)
            if tokens:
                seen = self._looked(part, [token.id for token in tokens])
                whole[row : row + len(tokens), column : column + length] = seen
            row, column = row + len(tokens), column + length
        return whole

    def _part(self, text: str, task: str) -> Part:
        """A part as the conversation that the model is to answer."""
        source = self._source(text.strip())
        system = SUMMARISE if task == "summarise" else self._translation(text)
        turns = [{"role": "user", "content": text.strip()}]
        ids = self.converse(turns, system, 1).ids
        behind = "\n" * text[len(text.rstrip()) :].count("\n")
        return Part(ids, [self.pieces.label(token) for token in source], behind or " ")

    def _translation(self, text: str) -> str:
        """What to tell a model that knows both languages."""
        if not self._bilingual():
            raise InputError(
                en="This model does not translate; choose a translation model, or the task summarise.",
                zh="该模型不会翻译；请选择翻译模型，或将任务改为概括。",
            )
        chinese = sum("\u4e00" <= character <= "\u9fff" for character in text)
        return TRANSLATE["zh" if 4 * chinese > len(text) else "en"]

    def _bilingual(self) -> bool:
        return {"en", "zh"} <= {code.strip() for code in self.language.split(",")}

    def _source(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False, verbose=False).input_ids)

    @torch.inference_mode()
    def _looked(self, part: Part, written: Sequence[int]) -> np.ndarray:
        """(T_out, T_source): row i is read where the model named token i, one place before it."""
        start = _place([self.pieces.label(token) for token in part.ids], part.source)
        ids = torch.tensor([[*part.ids, *written[:-1]]], device=device_of(self.network))
        usual = self.network.config._attn_implementation
        self.network.set_attn_implementation("eager")  # the fused kernels never form the matrix
        try:
            read = self.network(ids, output_attentions=True)
        finally:
            self.network.set_attn_implementation(usual)
        seen = read.attentions[-1][0].float().mean(0).cpu().numpy()
        rows = seen[len(part.ids) - 1 :, start : start + len(part.source)]
        return rows / np.maximum(rows.sum(1, keepdims=True), 1e-9)


def _place(whole: Sequence[str], part: Sequence[str]) -> int:
    """Where `part` stands in `whole` last; at its end where a template has changed it."""
    last = len(whole) - len(part)
    return next((i for i in range(last, -1, -1) if whole[i : i + len(part)] == part), max(last, 0))
