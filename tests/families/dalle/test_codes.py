"""Numbers to codes and back, and what the autoencoder and its loss keep of a picture."""

import pytest
import torch

from aigc_demo.families.dalle.autoencoder import Autoencoder
from aigc_demo.families.dalle.losses import reconstruction_loss
from aigc_demo.families.dalle.networks import Shape
from aigc_demo.families.dalle.quantiser import Quantiser


@pytest.mark.parametrize("levels", [(8, 5, 5, 5), (2, 3), (7,)])
def test_every_code_survives_the_way_to_levels_and_back(levels):
    quantiser = Quantiser(levels)
    codes = torch.arange(quantiser.codes)
    found = quantiser.to_levels(codes)
    assert found.shape == (quantiser.codes, len(levels)) and found.abs().max() <= 1
    assert len(found.unique(dim=0)) == quantiser.codes
    assert torch.equal(quantiser.to_codes(found), codes)
    digits = quantiser.to_digits(codes)
    assert (digits < torch.tensor(levels)).all() and torch.equal(quantiser.from_digits(digits), codes)


@pytest.mark.parametrize("levels", [(8, 5, 5, 5), (2, 3)])
def test_numbers_of_any_size_fall_on_the_levels_and_zero_on_the_middle_one(levels):
    quantiser = Quantiser(levels)
    z = 3 * torch.randn(4000, len(levels), generator=torch.Generator().manual_seed(0))
    found = quantiser.quantise(z)
    assert [len(found[:, i].unique()) for i in range(len(levels))] == list(levels)
    codes = quantiser.to_codes(found)
    assert codes.min() >= 0 and codes.max() < quantiser.codes
    assert torch.allclose(quantiser.to_levels(codes), found)
    assert not quantiser.quantise(torch.zeros(1, len(levels))).any()
    assert torch.allclose(quantiser.quantise(torch.full((1, 1), 50.0).expand(1, len(levels))), found.amax(0))


def test_gradients_pass_the_rounding_as_if_it_were_not_there():
    quantiser = Quantiser((8, 5))
    z = torch.randn(50, 2, generator=torch.Generator().manual_seed(0)).requires_grad_()
    quantiser.quantise(z).sum().backward()
    found = z.grad.clone()
    z.grad = None
    (quantiser.bound(z) / torch.tensor([4.0, 2.0])).sum().backward()
    assert torch.allclose(found, z.grad) and (found > 0).all()


def test_a_picture_becomes_a_square_of_codes_and_the_encoder_learns_through_them():
    torch.manual_seed(0)
    network = Autoencoder(Shape(words=2, side=20, width=4, depth=1, levels=(4, 3)))
    pictures = torch.rand(3, 3, 20, 20) * 2 - 1
    codes = network.encode(pictures)
    assert codes.shape == (3, 5, 5) and codes.max() < 12
    assert torch.equal(network.decode(codes), network(pictures).detach().clamp(-1, 1))
    reconstruction_loss(network(pictures), pictures).backward()
    assert network.encoder[-1].weight.grad.abs().max() > 0


def test_the_reconstruction_loss_counts_in_levels_of_255():
    pictures = torch.zeros(2, 3, 4, 4)
    assert reconstruction_loss(pictures, pictures) == 0
    # two levels of 255 off everywhere: 2, and the square of 2 / 127.5
    assert reconstruction_loss(pictures + 2 / 127.5, pictures).item() == pytest.approx(2 + 4 / 127.5)


@pytest.mark.parametrize(
    "wrong", [{"side": 30}, {"side": 68}, {"hidden": 30, "heads": 4}, {"levels": (1, 5)}, {"levels": (64, 64, 64, 64, 64)},
              {"words": 0}, {"layers": 99}, {"width": 2.5}],
)  # fmt: skip
def test_sizes_beyond_any_use_are_refused(wrong):
    with pytest.raises(ValueError):
        Shape(**{"words": 9, **wrong})
