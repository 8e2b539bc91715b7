"""The Transformer over captions and codes, and codes drawn one at a time."""

import math

import pytest
import torch

from aigc_demo.core.errors import Stopped
from aigc_demo.families.dalle.decoding import UNKNOWN, Asked, write_codes
from aigc_demo.families.dalle.losses import code_bits
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


def test_probabilities_of_all_codes_sum_to_one_and_cost_what_the_loss_says(network, codes):
    logits = network(CAPTIONS, codes)
    assert logits.shape == (2, 16, 12)
    probabilities = logits.softmax(-1)
    assert torch.allclose(probabilities.sum(-1), torch.ones(2, 16))
    own = probabilities.gather(2, codes[..., None])[..., 0]
    assert torch.allclose(code_bits(logits, codes), -own.log2(), atol=1e-4)
    assert torch.allclose(code_bits(torch.zeros(2, 16, 12), codes), torch.full((2, 16), math.log2(12)))


def test_a_code_depends_on_the_caption_and_on_what_is_before_it_alone(network, codes):
    logits = network(CAPTIONS, codes)
    later = codes.clone()
    later[:, 9] = (later[:, 9] + 1) % 12
    changed = network(CAPTIONS, later)
    assert torch.allclose(changed[:, :10], logits[:, :10], atol=1e-5)
    assert not torch.allclose(changed[:, 10], logits[:, 10], atol=1e-3)
    other = network(CAPTIONS.flip(0), codes)
    assert not torch.allclose(other[:, 0], logits[:, 0], atol=1e-3)


def test_padding_changes_nothing(network, codes):
    short = network(CAPTIONS[:1, :3], codes[:1])
    assert torch.allclose(network(CAPTIONS[:1], codes[:1]), short, atol=1e-5)


def test_one_place_at_a_time_gives_the_same_logits_as_all_at_once(network, codes):
    whole = network(CAPTIONS, codes)
    cache, logits = network.read(CAPTIONS)
    found = [logits]
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
    return torch.randn(count, 16, generator=torch.Generator().manual_seed(seed))


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
    _, logits = network.read(CAPTIONS[:1])
    shares = drawn.bincount(minlength=12) / 3000
    assert torch.allclose(shares, logits[0].softmax(-1), atol=0.03)


def test_guidance_leads_from_the_one_caption_to_the_other(network):
    def first(weight):
        asked = Asked(CAPTIONS[:, None], (weight, 1 - weight))
        return write_codes(network, asked, noise(1), Settings(temperature=0)).codes[0, 0].item()

    logs = [network.read(CAPTIONS[i : i + 1])[1][0].log_softmax(-1) for i in range(2)]
    for weight in (0.0, 0.5, 1.0, 4.0):
        assert first(weight) == (weight * logs[0] + (1 - weight) * logs[1]).argmax().item()


def test_given_codes_stay_and_cost_what_the_network_says(network, codes):
    given = codes.clone()
    given[:, 4:7] = UNKNOWN
    written = write_codes(network, Asked(CAPTIONS[None], (1.0,)), noise(2), Settings(), given)
    assert torch.equal(written.codes.where(given != UNKNOWN, given), given)
    bits = code_bits(network(CAPTIONS, written.codes), written.codes)
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
