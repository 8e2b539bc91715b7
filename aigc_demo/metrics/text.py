r"""How like a reference a text is, how probable the model finds it, and how much it repeats itself.

BLEU (Papineni et al. 2002) is $\min(1, e^{1 - r/c}) \prod_{n=1}^4 p_n^{1/4}$, chrF (Popović 2015) the F of n-grams of 1 to 6
characters with recall weighed $\beta^2 = 4$ times, both from counts summed over all texts; ROUGE-n and -L (Lin 2004) the F of common
n-grams and of the longest common subsequence, a mean over texts.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

CHRF_ORDER, BLEU_ORDER, BETA = 6, 4, 2
ROUGE = ("rouge1", "rouge2", "rougeL")


def is_chinese(texts: Sequence[str]) -> bool:
    """Whether more than a quarter of what is no space is a Chinese character."""
    sample = "".join("".join(texts)[:100_000].split())
    return sum("一" <= character <= "鿿" for character in sample) > len(sample) / 4


def tokenizer_for(references: Sequence[str]) -> str:
    """sacrebleu's tokenizer for the language of the references: a Chinese character by itself, else as mteval-v13a does."""
    return "zh" if is_chinese(references) else "13a"


def bleu_rows(texts: Sequence[str], references: Sequence[str], tokenize: str) -> np.ndarray:
    """Counts (n, 10) whose sums are all that BLEU needs: matches and totals of orders 1 to 4, lengths of text and reference."""
    from sacrebleu.metrics import BLEU

    scorer, rows = BLEU(tokenize=tokenize, effective_order=True), []
    for text, reference in zip(texts, references, strict=True):
        found = scorer.sentence_score(text, [reference])
        rows.append([*found.counts, *found.totals, found.sys_len, found.ref_len])
    return np.array(rows, dtype=np.float64)


def bleu(sums: np.ndarray) -> np.ndarray:
    """BLEU of summed counts (..., 10), 0 to 100, smoothed as sacrebleu does: the k-th order without a match counts $2^{-k}$."""
    matches, totals = sums[..., :BLEU_ORDER], sums[..., BLEU_ORDER : 2 * BLEU_ORDER]
    none = matches == 0
    smooth = np.where(none, 0.5 ** np.cumsum(none, axis=-1), matches)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(totals > 0, 100 * smooth / totals, 0)).mean(-1)
        penalty = np.where(sums[..., -2] < sums[..., -1], np.exp(1 - sums[..., -1] / sums[..., -2]), 1.0)
    return np.where(matches.any(-1), penalty * np.exp(logs), 0.0)


def chrf_rows(texts: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """Counts (n, 18): n-grams of the text, of the reference, and of both, for orders 1 to 6; spaces do not count."""
    rows = []
    for text, reference in zip(texts, references, strict=True):
        row: list[int] = []
        for order in range(1, CHRF_ORDER + 1):
            mine, theirs = (_grams("".join(words.split()), order) for words in (text, reference))
            row += [mine.total() if theirs else 0, theirs.total(), (mine & theirs).total()]
        rows.append(row)
    return np.array(rows, dtype=np.float64)


def chrf(sums: np.ndarray) -> np.ndarray:
    """chrF2 of summed counts (..., 18), 0 to 100: precision and recall are means over the orders that both have."""
    mine, theirs, both = (sums[..., part::3] for part in range(3))
    counted = (mine > 0) & (theirs > 0)
    orders = np.maximum(counted.sum(-1), 1)
    precision, recall = (
        np.where(counted, both / np.maximum(total, 1), 0).sum(-1) / orders for total in (mine, theirs)
    )
    weight = BETA**2 * precision + recall
    return np.where(weight > 0, 100 * (1 + BETA**2) * precision * recall / np.maximum(weight, 1e-300), 0.0)


def signatures(references: Sequence[str], count: int) -> dict[str, str]:
    """What sacrebleu itself prints of its settings, of BLEU and of chrF."""
    from sacrebleu.metrics import BLEU, CHRF

    found = {}
    for name, scorer in (("BLEU", BLEU(tokenize=tokenizer_for(references))), ("chrF2", CHRF())):
        scorer.corpus_score(
            list(references[:1]), [list(references[:1])]
        )  # a signature is complete after a score
        found[name] = str(scorer.get_signature())
    return found


class CharacterTokenizer:
    """Each character that is no space, as rouge-score asks a tokenizer for: its own finds nothing in Chinese."""

    def tokenize(self, text: str) -> list[str]:
        """The characters of a text."""
        return [character for character in text.lower() if not character.isspace()]


def rouge_rows(texts: Sequence[str], references: Sequence[str], chinese: bool) -> np.ndarray:
    """ROUGE-1, -2 and -L (n, 3) of each text, F in [0, 100]: by characters in Chinese, else by rouge-score's words, unstemmed."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(ROUGE, tokenizer=CharacterTokenizer() if chinese else None)
    found = [scorer.score(reference, text) for text, reference in zip(texts, references, strict=True)]
    return np.array([[100 * scores[name].fmeasure for name in ROUGE] for scores in found])


def pieces(text: str, chinese: bool) -> list[str]:
    """What distinct-n counts: characters in Chinese, else words in small letters."""
    return CharacterTokenizer().tokenize(text) if chinese else text.lower().split()


def distinct(texts: Sequence[str], n: int, chinese: bool) -> tuple[float, np.ndarray]:
    r"""$\frac{\#\,\text{different n-grams}}{\#\,\text{n-grams}}$ over all texts, and the same (N,) without text i. (Li et al. 2016.)

    Falls as texts get longer or more: compare at equal amounts only.
    """
    counts = [_grams(tuple(pieces(text, chinese)), n) for text in texts]
    total: Counter = Counter()
    for own in counts:
        total.update(own)
    size, kinds = total.total(), len(total)
    without = [
        (kinds - sum(total[gram] == count for gram, count in own.items())) / max(size - own.total(), 1)
        for own in counts
    ]
    return kinds / max(size, 1), np.array(without)


def bits_per_character(sums: np.ndarray) -> np.ndarray:
    r"""$\frac{1}{\log 2}\sum_i \mathrm{nats}_i / \sum_i \mathrm{characters}_i$ of sums (..., 3): nats, characters, tokens."""
    return sums[..., 0] / np.log(2) / np.maximum(sums[..., 1], 1)


def perplexity(sums: np.ndarray) -> np.ndarray:
    r"""$\exp\big(\sum_i \mathrm{nats}_i / \sum_i \mathrm{tokens}_i\big)$ a token of sums (..., 3). Other alphabets, other scales."""
    return np.exp(sums[..., 0] / np.maximum(sums[..., 2], 1))


def _grams(sequence: "str | tuple[str, ...]", n: int) -> Counter:
    """The n-grams of a sequence, counted."""
    return Counter(sequence[i : i + n] for i in range(len(sequence) - n + 1))
