import math

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.language.sampling import Settings, keep_top_k, keep_top_p, penalise, sample, uniforms

P = torch.tensor([[0.1, 0.4, 0.2, 0.3]])
LAST = torch.tensor([0])  # the token before, of which only a watermark asks


def kept(top_k: int = 0, top_p: float = 1.0) -> dict[int, float]:
    probabilities = keep_top_p(keep_top_k(P.log(), top_k), top_p).softmax(-1)
    return {i: round(p, 4) for i, p in enumerate(probabilities[0].tolist()) if p > 0}


def test_top_k_keeps_the_k_likeliest_and_rescales():
    assert kept(top_k=2) == {1: 0.5714, 3: 0.4286}
    assert kept(top_k=0) == {0: 0.1, 1: 0.4, 2: 0.2, 3: 0.3}
    assert len(kept(top_k=1000)) == 4


def test_top_p_keeps_the_smallest_set_that_reaches_p():
    assert kept(top_p=0.69) == {1: 0.5714, 3: 0.4286}
    assert kept(top_p=0.71) == {1: 0.4444, 3: 0.3333, 2: 0.2222}
    assert kept(top_p=1e-9) == {1: 1.0}
    assert kept(top_k=3, top_p=0.5) == {1: 0.5714, 3: 0.4286}  # 0.4 / 0.9 < 0.5 <= 0.7 / 0.9


def test_repetition_penalty_divides_positive_and_multiplies_negative_logits():
    logits = torch.tensor([[2.0, -2.0, 1.0]])
    seen = torch.tensor([[True, True, False]])
    assert penalise(logits, seen, 2.0).tolist() == [[1.0, -4.0, 1.0]]
    assert penalise(logits, seen, 1.0) is logits


@pytest.mark.parametrize(
    ("temperature", "expected"), [(1.0, 2 / 3), (0.5, 4 / 5), (2.0, math.sqrt(2) / (1 + math.sqrt(2)))]
)
def test_temperature_is_the_power_of_the_probabilities(temperature, expected):
    logits = torch.tensor([[math.log(2.0), 0.0]]).expand(4000, -1)
    u = (torch.arange(4000) + 0.5) / 4000
    drawn = sample(logits, Settings(temperature=temperature), u, LAST)
    assert (drawn == 0).float().mean().item() == pytest.approx(expected, abs=1e-3)


def test_temperature_zero_takes_the_likeliest():
    assert sample(P.log(), Settings(temperature=0.0), torch.tensor([0.999]), LAST).tolist() == [1]


def test_extreme_numbers_never_draw_a_forbidden_token():
    logits = torch.tensor([[-math.inf, 0.0, 0.0, -math.inf]]).expand(2, -1)
    assert sample(logits, Settings(), torch.tensor([0.0, 1 - 2**-24]), LAST).tolist() == [1, 2]


def test_a_sample_has_numbers_of_its_own():
    assert torch.equal(uniforms([7, 8, 9], 5)[2], uniforms([9], 5)[0])


@pytest.mark.parametrize(
    "wrong", [{"temperature": math.nan}, {"temperature": -1}, {"top_p": 0}, {"top_k": -1}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InputError):
        Settings(**wrong)
