import pytest
import torch

from aigc_demo.families.vae.networks import SIDES, Decoder, Encoder, VAEConfig


@pytest.mark.parametrize("side", SIDES)
def test_every_side_goes_through_the_bottleneck_and_back(side):
    config = VAEConfig(latent_dim=4, width=2, hidden=8, side=side, channels=1 + 2 * (side % 8 == 0))
    images = torch.zeros(2, config.channels, side, side)
    mean, log_variance = Encoder(config)(images)
    assert mean.shape == log_variance.shape == (2, 4)
    assert Decoder(config)(mean).shape == images.shape


def test_levels_halve_until_nine():
    assert VAEConfig().sides == [14, 7] and VAEConfig().widths == [32, 64]
    assert VAEConfig(side=128, channels=3).sides == [32, 16, 8]
    assert all(4 < VAEConfig(side=side).sides[-1] < 10 for side in SIDES)


@pytest.mark.parametrize(
    "sizes", [{"side": 30}, {"side": 132}, {"channels": 2}, {"width": 10**6}, {"hidden": "8"}]
)
def test_other_sizes_are_refused(sizes):
    with pytest.raises(ValueError):
        VAEConfig(**sizes)
