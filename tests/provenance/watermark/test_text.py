"""The text mark: its colours, its bias, what its detector says of plain and of marked texts."""

import math
import os
from fractions import Fraction

import numpy as np
import pytest
import torch

from aigc_demo.core.settings import ROOT
from aigc_demo.families.transformer import load
from aigc_demo.language.forms import check_form
from aigc_demo.language.sampling import Settings, sample
from aigc_demo.provenance.watermark.chance import binomial_tail
from aigc_demo.provenance.watermark.text import TextMark

KEY = bytes(range(32))
MARK = TextMark(KEY)


def write(model, mark, prompt, **settings):
    """Token ids and texts of all samples of a model."""
    ids, texts = [], []
    for step in model.generate(prompt, mark=mark, **settings):
        ids = ids or [[] for _ in step.tokens]
        texts = texts or [""] * len(step.tokens)
        for place, token in enumerate(step.tokens):
            if token:
                ids[place].append(token.id)
                texts[place] += token.text
    return ids, texts


def test_a_quarter_of_the_vocabulary_is_green_behind_every_token():
    shares = MARK.green(np.arange(200)[:, None], np.arange(4096)).mean(1)
    assert abs(shares.mean() - 0.25) < 0.002
    assert 0.5 < shares.std() / math.sqrt(0.25 * 0.75 / 4096) < 1.5  # as coins would


def test_contexts_and_keys_colour_independently():
    tokens = np.arange(20_000)
    first, second = MARK.green(np.array([7]), tokens), MARK.green(np.array([8]), tokens)
    other = TextMark(os.urandom(32)).green(np.array([7]), tokens)
    for one, two in ((first, second), (first, other)):
        assert abs((one & two).mean() - 1 / 16) < 0.01


def test_torch_and_numpy_see_the_same_colours():
    ids = torch.arange(1000)
    assert MARK.green(ids[:1], ids).tolist() == MARK.green(np.arange(1), np.arange(1000)).tolist()


def test_the_bias_lifts_the_green_alone_and_never_what_is_forbidden():
    logits = torch.full((2, 50), -math.inf)
    logits[:, :40] = 0.0
    biased = MARK.bias(logits, torch.tensor([3, 4]))
    green = MARK.green(torch.tensor([[3], [4]]), torch.arange(50))
    assert torch.equal(biased[:, :40], 2.0 * green[:, :40])
    assert (biased[:, 40:] == -math.inf).all()


def test_the_sampler_draws_by_the_biased_odds():
    logits, count = torch.zeros(1, 64), 20_000
    u = (torch.arange(count) + 0.5) / count
    last = torch.full((count,), 5)
    drawn = sample(logits.expand(count, -1), Settings(mark=MARK), u, last)
    green = MARK.green(torch.tensor([5]), torch.arange(64))
    lifted = math.e**2 * green.sum().item()
    expected = lifted / (lifted + 64 - green.sum().item())
    assert green[drawn].float().mean().item() == pytest.approx(expected, abs=1e-3)


def test_at_temperature_zero_nothing_changes():
    logits = torch.randn(8, 100)
    greedy = [
        sample(logits, Settings(0.0, mark=m), torch.zeros(8), torch.zeros(8, dtype=int)) for m in (None, MARK)
    ]
    assert torch.equal(*greedy)


def test_the_tail_is_exact():
    exact = sum(math.comb(40, j) * Fraction(1, 4) ** j * Fraction(3, 4) ** (40 - j) for j in range(20, 41))
    assert binomial_tail(20, 40, 0.25) == pytest.approx(float(exact), rel=1e-12)
    assert binomial_tail(0, 40, 0.25) == pytest.approx(1.0)


def test_repeated_pairs_count_once():
    ids = [1, 2, 3, 4, 5]
    assert MARK.detect(ids * 40).tokens == 5  # the four pairs and 5, 1
    assert MARK.detect(ids).green == sum(colour is True for colour in MARK.colours(ids))
    assert MARK.colours(ids)[0] is None


@pytest.mark.parametrize("ids", [[], [3]])
def test_a_text_without_pairs_says_nothing(ids):
    finding = MARK.detect(ids)
    assert (finding.z, finding.p, finding.found) == (0.0, 1.0, False)


def test_p_is_a_p_value_over_keys_even_for_a_repetitive_text():
    ids = np.random.default_rng(0).integers(0, 12, 300)  # at most 144 pairs
    found = [TextMark(os.urandom(32)).detect(ids) for _ in range(600)]
    for level in (0.01, 0.1, 0.5):
        share = np.mean([finding.p <= level for finding in found])
        assert share <= level + 4 * math.sqrt(level * (1 - level) / 600)


@pytest.fixture(scope="module")
def austen():
    """The shipped model of Austen's prose."""
    return load(ROOT / "weights" / "gpt-austen", "cpu")


DEFAULT = {"temperature": 0.9, "top_p": 0.95, "repetition_penalty": 1.1}


def test_two_hundred_tokens_of_gpt_austen_are_found_with_the_key_alone(austen):
    settings = {"count": 12, "max_new_tokens": 200, "seed": 1, **DEFAULT}
    marked, texts = write(austen, MARK, "She had been", **settings)
    long = [ids for ids in marked if len(ids) == 200]
    assert len(long) >= 8
    assert all(MARK.detect(ids).found for ids in long)
    assert not any(TextMark(bytes(32)).detect(ids).found for ids in long)
    again = [austen.tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    assert all(MARK.detect(ids).found for ids in again if len(ids) >= 190)


def test_the_same_seed_writes_the_same_marked_text(austen):
    settings = {"count": 2, "max_new_tokens": 20, "seed": 5, **DEFAULT}
    first, second, plain = (write(austen, mark, "The", **settings)[1] for mark in (MARK, MARK, None))
    assert first == second != plain


def test_marked_poems_keep_their_form_and_their_heads():
    poems = load(ROOT / "weights" / "gpt-poems", "cpu")
    settings = {"form": "qijue", "count": 8, "max_new_tokens": 64, **DEFAULT}
    _, texts = write(poems, MARK, "春望", **settings)
    assert sum(check_form(text, "qijue") for text in texts) >= 7
    _, acrostics = write(poems, MARK, "友人", heads="生日快乐", **settings)
    assert all(check_form(text, "qijue") for text in acrostics)
    assert all("".join(text[i * 8] for i in range(4)) == "生日快乐" for text in acrostics)
