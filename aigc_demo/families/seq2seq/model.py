"""An encoder-decoder that was trained here, as the app uses it: it rewrites, and shows which source token each word came from."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text
from aigc_demo.data.pairs import read_pairs
from aigc_demo.families.seq2seq.corpus import SEPARATOR, Task, encode
from aigc_demo.families.seq2seq.likelihood import nats_of
from aigc_demo.families.seq2seq.networks import EncoderDecoder
from aigc_demo.families.seq2seq.saving import load_network, load_task
from aigc_demo.families.seq2seq.vocabulary import Vocabulary, script_of
from aigc_demo.families.seq2seq.writing import Rules, beam_search, write
from aigc_demo.language.odds import odds_of
from aigc_demo.language.prompts import simplify
from aigc_demo.language.sentences import cut
from aigc_demo.models.protocols import Measured, Part, TokenChoice

LARGEST = 1 << 20  # entries of a map that is still kept
BETWEEN = {"zh": "", "en": " "}  # sentences in a row
LINE = re.compile(r"[^\s，。！？；、,.!?;]+")  # of verse
TASKS = {
    "translate": Text("translate", "翻译"),
    "summarise": Text("summarise", "概括"),
    "couplet": Text("answer a line of verse with the second line of a couplet", "对对联"),
    "rewrite": Text("rewrite as its pairs show", "按句对改写"),
}


class PairModel:
    """A network with its vocabulary and what it does."""

    options = ("temperature", "seed", "couplet_rules")

    def __init__(self, network: EncoderDecoder, vocabulary: Vocabulary, task: Task) -> None:
        self.network, self.vocabulary, self.task = network.eval(), vocabulary, task
        self.device = network.embedding.weight.device
        self.looks = "cross" if network.attends else "occlusion"

    @classmethod
    def load(cls, folder: Path, device: str) -> "PairModel":
        """The model in a folder."""
        return cls(load_network(folder, device), Vocabulary.load(folder), load_task(folder))

    def cut(self, text: str, task: str) -> list[Part]:
        """The text in parts that the model can read: lines of verse, a poem whole, or sentences; InputError if it cannot do it."""
        if task not in ("auto", self.task.name):
            can = TASKS.get(self.task.name, TASKS["rewrite"])
            raise InputError(
                en=f"This model does not do that: it was trained to {can.en}. Choose that task, or another model.",
                zh=f"该模型不会做这件事：它学的是{can.zh}。请改选该任务，或换一个模型。",
            )
        text = text.strip()
        if self.task.languages == ("zh", "zh"):
            text = simplify(text)
        if self.task.name == "couplet":
            return [self._part(line, "\n") for line in LINE.findall(text)]
        if self.task.name == "summarise" and self.task.languages[0] == "zh":
            text = "".join(text.split())
        target = self._target(text)
        parts = cut(text, lambda part: len(self._ids(part.strip())), self.network.shape.longest)
        return [
            self._part(part.strip(), "\n" * _behind(part).count("\n") or BETWEEN[target])
            for part in parts
            if part.strip()
        ]

    def write(
        self,
        part: Part,
        max_new_tokens: int,
        num_beams: int,
        stop: Stop,
        temperature: float = 0.0,
        seed: int = 0,
        couplet_rules: bool = False,
    ) -> Iterator[TokenChoice]:
        """Rewrite one part: token by token, by the odds where there is a temperature; with beams, all at the end.

        couplet_rules: as many characters as the source has, and none of them. Odds are the model's own, before any rule.
        """
        vocabulary, room = self.vocabulary, min(max_new_tokens, self.network.shape.longest)
        rules = Rules(vocabulary.never, vocabulary.end)
        if couplet_rules:
            length, room = len(part.ids), max(room, len(part.ids) + 1)
            rules = Rules(vocabulary.never, vocabulary.end, length, tuple(part.ids))
        if num_beams > 1:
            ids = beam_search(self.network, part.ids, vocabulary.start, rules, room, num_beams, stop)
            written = zip(ids, self._logits([part.ids], ids)[0], strict=True)
        else:
            written = write(self.network, part.ids, vocabulary.start, rules, room, temperature, seed, stop)
        label = vocabulary.labels.__getitem__
        for token, logits in written:
            [odds] = odds_of(logits[None], torch.tensor([token]), label)
            yield TokenChoice(label(token), token, *odds)

    def look(
        self, parts: Sequence[Part], written: Sequence[Sequence[TokenChoice]], width: int
    ) -> np.ndarray | None:
        """(T_out, width): the decoder's attention over the source; without attention, what each source token is worth."""
        height = sum(map(len, written))
        if not height or height * width > LARGEST:
            return None
        whole, row, column = np.zeros((height, width), np.float32), 0, 0
        for part, tokens in zip(parts, written, strict=True):
            if tokens:
                ids = [token.id for token in tokens]
                seen = (
                    self._attention(part.ids, ids) if self.network.attends else self.occlusion(part.ids, ids)
                )
                whole[row : row + len(tokens), column : column + len(part.ids)] = seen.cpu().numpy()
            row, column = row + len(tokens), column + len(part.ids)
        return whole

    @torch.inference_mode()
    def occlusion(self, source: list[int], written: list[int]) -> Tensor:
        r"""(T, S): how much less likely each written token is where one source token is made unknown, rows scaled to sum 1.

        $\max(0, \log p(y_t \mid y_{<t}, x) - \log p(y_t \mid y_{<t}, x_{-j}))$: what stands in the place of attention where a
        network has none (Zeiler and Fergus 2014, on pictures).
        """
        without = [
            [*source[:place], self.vocabulary.unknown, *source[place + 1 :]] for place in range(len(source))
        ]
        logs = self._logits([source, *without], written).log_softmax(-1)
        chosen = logs.gather(2, torch.tensor(written).expand(len(logs), -1)[..., None])[..., 0]
        lost = (chosen[:1] - chosen[1:]).clamp(min=0).T
        return lost / lost.sum(1, keepdim=True).clamp(min=1e-6)

    def measure(self, data: Path, count: int, stop: Stop = never) -> list[Measured]:
        """How likely each of at most `count` held-out targets is, given its source; evenly taken, of both directions."""
        rows, pairs = encode(read_pairs(data), True, self.task, self.vocabulary, self.network.shape.longest)
        apart = max(1, -(-len(rows) // count))
        nats = nats_of(self.network, rows[::apart], self.vocabulary.start, stop)
        return [
            Measured(value, len(pair.target), len(row) - row.index(SEPARATOR) - 1)
            for value, pair, row in zip(nats, pairs[::apart], rows[::apart], strict=True)
        ]

    def _target(self, text: str) -> str:
        """The language to write."""
        first, second = self.task.languages
        return first if self.task.both_ways and script_of(text) == second else second

    def _ids(self, text: str) -> list[int]:
        ids = self.vocabulary.encode(text)
        return [self.vocabulary.into[self._target(text)], *ids] if self.task.both_ways else ids

    def _part(self, text: str, behind: str) -> Part:
        ids = self._ids(text)[: self.network.shape.longest]
        return Part(ids, [self.vocabulary.labels[token] for token in ids], behind)

    @torch.inference_mode()
    def _logits(self, sources: list[list[int]], written: list[int]) -> Tensor:
        """(N, T, V): what each of the written tokens was chosen from, for N sources of one length."""
        tokens = torch.tensor([[self.vocabulary.start, *written[:-1]]] * len(sources), device=self.device)
        return self.network(torch.tensor(sources, device=self.device), tokens).float().cpu()

    @torch.inference_mode()
    def _attention(self, source: list[int], written: list[int]) -> Tensor:
        tokens = torch.tensor([[self.vocabulary.start, *written[:-1]]], device=self.device)
        memory = self.network.encode(torch.tensor([source], device=self.device))
        weights = self.network.decode(tokens, memory).weights
        assert weights is not None
        return weights[0].float()


def _behind(part: str) -> str:
    return part[len(part.rstrip()) :]
