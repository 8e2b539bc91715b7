import torch
from torch.nn import functional as F

from aigc_demo.families.gan.networks import Discriminator, GANConfig, Generator

CONFIG = GANConfig(latent_dim=16, w_dim=32, width=8, head=32)


def test_shapes_and_range():
    torch.manual_seed(0)
    labels = F.one_hot(torch.arange(3), 10).float()
    images = Generator(CONFIG)(torch.randn(3, 16), labels)
    assert images.shape == (3, 1, 28, 28)
    assert images.abs().max() <= 1
    assert Discriminator(CONFIG)(images, labels).shape == (3,)


def test_one_hot_weights_are_the_row_of_the_embedding_and_mixtures_lie_between():
    mapping = Generator(CONFIG).mapping
    one_hot = F.one_hot(torch.tensor([4]), 10).float()
    torch.testing.assert_close(one_hot @ mapping.embedding, mapping.embedding[4:5])
    half = (one_hot + F.one_hot(torch.tensor([7]), 10)) / 2
    torch.testing.assert_close(half @ mapping.embedding, mapping.embedding[[4, 7]].mean(0, keepdim=True))


def test_truncation_zero_is_the_class_mean_and_one_changes_nothing():
    torch.manual_seed(0)
    generator = Generator(CONFIG).eval()
    generator.w_mean.normal_()
    z, labels = torch.randn(4, 16), F.one_hot(torch.tensor([2, 2, 5, 5]), 10).float()
    with torch.no_grad():
        mean = generator(z, labels, truncation_psi=0.0)
        torch.testing.assert_close(mean, generator.synthesize(generator.w_mean[[2, 2, 5, 5]]))
        torch.testing.assert_close(
            generator(z, labels, 1.0), generator.synthesize(generator.mapping(z, labels))
        )
        assert not torch.allclose(generator(z, labels, 0.5), mean)


def test_residual_blocks_start_as_the_identity():
    block = Generator(CONFIG).blocks[0]
    x = torch.randn(2, 16, 7, 7)
    torch.testing.assert_close(block(x, torch.randn(2, 32)), x)
