"""What is looked at while a model trains: the same pairs each time."""

from collections.abc import Sequence

from aigc_demo.families.seq2seq.corpus import Corpus
from aigc_demo.families.seq2seq.evaluate import rewritten, some
from aigc_demo.families.seq2seq.likelihood import nats_of, with_wrong_sources
from aigc_demo.families.seq2seq.model import PairModel
from aigc_demo.language.losses import bits
from aigc_demo.language.samples import repetition

LOOKED_AT = 160  # pairs of either side of the split
SAMPLES = 6


class Validation:
    """Pairs of a corpus, trained on and held out, and some that are written."""

    def __init__(self, corpus: Corpus) -> None:
        self.start = corpus.vocabulary.start
        self.train, train_pairs = some(corpus.train, corpus.train_pairs, LOOKED_AT)
        self.held_out, held_out_pairs = some(corpus.held_out, corpus.held_out_pairs, LOOKED_AT)
        self.train_characters, self.characters = (
            sum(len(pair.target) for pair in pairs) for pairs in (train_pairs, held_out_pairs)
        )
        self.wrong = with_wrong_sources(self.held_out, int(corpus.task.both_ways))
        pairs = corpus.held_out_pairs
        # odd and even by turns: with two languages these are the two directions
        places = [index * len(pairs) // SAMPLES // 2 * 2 + index % 2 for index in range(SAMPLES)]
        self.sampled = [pairs[min(place, len(pairs) - 1)] for place in places]

    def figures(self, model: PairModel) -> dict[str, float]:
        """Bits a target character: in training, held out, and held out behind the source of another pair; repetition."""

        def told(rows: Sequence[Sequence[int]], characters: int) -> float:
            return bits(sum(nats_of(model.network, rows, self.start)), max(characters, 1))

        written = [model.vocabulary.encode(rewritten(model, pair.source)) for pair in self.sampled]
        return {
            "train_bits": told(self.train, self.train_characters),
            "held_out": told(self.held_out, self.characters),
            "wrong_source": told(self.wrong, self.characters),
            "repetition": repetition(written),
        }

    def samples(self, model: PairModel) -> list[str]:
        """Some held-out sources, each with what the model makes of it."""
        return [f"{pair.source}　→　{rewritten(model, pair.source)}" for pair in self.sampled]
