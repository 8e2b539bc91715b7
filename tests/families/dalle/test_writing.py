"""The Transformer over captions and codes, and codes drawn one at a time."""

import math

import pytest
import torch

from aigc_demo.core.errors import Stopped
from aigc_demo.families.dalle.decoding import UNKNOWN, Asked, write_codes
from aigc_demo.families.dalle.losses import digit_bits
from aigc_demo.families.dalle.networks import Shape, Transformer
from aigc_demo.language.sampling import Settings

SHAPE = Shape(words=9, caption=6, side=16, levels=(4, 3), hidden=16, layers=2, heads=2)
CAPTIONS = torch.tensor([[2, 3, 4, 0, 0], [5, 6, 7, 8, 2]])


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = Transformer(SHAPE).eval()
    for weight in network.parameters():  # layers begin as the identity, which would hide what they do
        torch.nn.init.normal_(weight, std=0.3)
    return network.requires_grad_(False)


@pytest.fixture(scope="module")
def codes():
    return torch.randint(12, (2, 16), generator=torch.Generator().manual_seed(1))


def odds(network, captions, codes):
    """ln p of every code at every place, (B, T, 12), by trying each."""
    found = []
    for code in range(12):
        bits = []
        for place in range(codes.shape[1]):
            tried = codes.clone()
            tried[:, place] = code
            bits.append(network(captions, tried)[:, place])
        found.append(-math.log(2) * torch.stack(bits, 1))
    return torch.stack(found, -1)


def test_probabilities_of_all_codes_sum_to_one(network, codes):
    logs = odds(network, CAPTIONS, codes)
    assert torch.allclose(logs.exp().sum(-1), torch.ones(2, 16), atol=1e-4)
    assert logs.std(-1).min() > 0.05
    own = logs.gather(2, codes[..., None])[..., 0]
    assert torch.allclose(network(CAPTIONS, codes), -own / math.log(2), atol=1e-3)


def test_a_digit_costs_what_its_odds_say():
    assert torch.allclose(
        digit_bits(torch.zeros(2, 5, 2, 8), torch.ones(2, 5, 2).long()), torch.full((2, 5), 6.0)
    )
    logits = torch.tensor([[[0.0, math.log(3)]]])
    assert digit_bits(logits, torch.tensor([[1]])).item() == pytest.approx(math.log2(4 / 3))


def test_the_beam_finds_the_likeliest_codes(network, codes):
    digits, logs = network.head.likeliest(network.states(CAPTIONS, codes)[0], 12)
    found = network.quantiser.from_digits(digits)
    every = odds(network, CAPTIONS, codes)[0]
    assert torch.equal(
        found.sort(1).values, torch.arange(12).expand(16, 12)
    )  # a beam as wide as the alphabet
    assert torch.allclose(logs, every.gather(1, found), atol=1e-3) and (logs.diff(dim=1) <= 0).all()
    first, _ = network.head.likeliest(network.states(CAPTIONS, codes)[0], 4)
    assert (network.quantiser.from_digits(first)[:, 0] == every.argmax(1)).float().mean() > 0.8


def test_a_code_depends_on_the_caption_and_on_what_is_before_it_alone(network, codes):
    bits = network(CAPTIONS, codes)
    later = codes.clone()
    later[:, 9] = (later[:, 9] + 1) % 12
    changed = network(CAPTIONS, later)
    assert torch.allclose(changed[:, :9], bits[:, :9], atol=1e-5)
    assert not torch.allclose(changed[:, 10], bits[:, 10], atol=1e-3)
    other = network(CAPTIONS.flip(0), codes)
    assert not torch.allclose(other[:, 0], bits[:, 0], atol=1e-3)


def test_padding_changes_nothing(network, codes):
    short = network(CAPTIONS[:1, :3], codes[:1])
    assert torch.allclose(network(CAPTIONS[:1], codes[:1]), short, atol=1e-4)


def test_one_place_at_a_time_gives_the_same_states_as_all_at_once(network, codes):
    whole = network.states(CAPTIONS, codes)
    cache, states = network.read(CAPTIONS)
    found = [states]
    for place in range(15):
        found.append(network.go_on(codes[:, place], cache))
    assert torch.allclose(torch.stack(found, 1), whole, atol=1e-4)


def test_attention_of_each_code_sums_to_one_over_words_and_earlier_places(network, codes):
    looked = network.attentions(CAPTIONS, codes)
    assert looked.shape == (2, 2, 2, 16, 5 + 16)
    assert torch.allclose(looked.sum(-1), torch.ones(2, 2, 2, 16), atol=1e-5)
    assert not looked[:, 0, :, :, 3:5].any()  # padding
    assert not looked[..., 5:].triu(1).any()


def noise(count, seed=3):
    return torch.randn(count, 16, 2, generator=torch.Generator().manual_seed(seed))


def test_the_same_noise_gives_the_same_codes_however_many_are_drawn(network):
    asked = Asked(CAPTIONS[:1, None], (1.0,))
    four = write_codes(network, asked, noise(4), Settings()).codes
    one = write_codes(network, asked, noise(4)[2:3], Settings()).codes
    assert torch.equal(four[2:3], one) and not torch.equal(four[0], four[1])
    each = write_codes(network, Asked(CAPTIONS[None], (1.0,)), noise(2), Settings()).codes
    assert torch.equal(
        each[0], write_codes(network, Asked(CAPTIONS[:1, None], (1.0,)), noise(2)[:1], Settings()).codes[0]
    )


def test_codes_are_drawn_as_often_as_the_network_says(network):
    asked = Asked(CAPTIONS[:1, None], (1.0,))
    drawn = write_codes(network, asked, noise(3000), Settings()).codes[:, 0]
    shares = drawn.bincount(minlength=12) / 3000
    assert torch.allclose(
        shares, odds(network, CAPTIONS[:1], torch.zeros(1, 1).long())[0, 0].exp(), atol=0.03
    )


def test_guidance_leads_from_the_one_caption_to_the_other(network):
    def first(weight):
        asked = Asked(CAPTIONS[:, None], (weight, 1 - weight))
        return write_codes(network, asked, noise(1), Settings(temperature=0)).codes[0, 0].item()

    logs = [odds(network, CAPTIONS[i : i + 1], torch.zeros(1, 1).long())[0, 0].view(3, 4) for i in range(2)]
    firsts = [one.logsumexp(0) for one in logs]  # of a code's first digit, whatever the second is
    for weight in (0.0, 0.5, 1.0, 4.0):
        digit = (weight * firsts[0] + (1 - weight) * firsts[1]).argmax()
        seconds = [one[:, digit] - whole[digit] for one, whole in zip(logs, firsts, strict=True)]
        second = (weight * seconds[0] + (1 - weight) * seconds[1]).argmax()
        assert first(weight) == digit + 4 * second


def test_given_codes_stay_and_cost_what_the_network_says(network, codes):
    given = codes.clone()
    given[:, 4:7] = UNKNOWN
    written = write_codes(network, Asked(CAPTIONS[None], (1.0,)), noise(2), Settings(), given)
    assert torch.equal(written.codes.where(given != UNKNOWN, given), given)
    bits = network(CAPTIONS, written.codes)
    assert torch.allclose(written.given_bits, (bits * (given != UNKNOWN)).sum(1), rtol=1e-3)


def test_each_code_is_told_and_a_stop_is_heard_at_once(network):
    heard = []

    def stop():
        return len(heard) == 5

    with pytest.raises(Stopped):
        write_codes(
            network, Asked(CAPTIONS[:1, None], (1.0,)), noise(2), Settings(), None, stop, heard.append
        )
    assert [codes.shape for codes in heard] == [(2, n) for n in range(1, 6)]
