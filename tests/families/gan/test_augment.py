import torch

from aigc_demo.families.gan.augment import DRAWS, augment, cut_out, recolour, translate


def pictures(channels=3, side=32):
    return torch.rand(4, channels, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_same_draws_change_pictures_the_same_way_and_others_otherwise():
    draws = torch.rand(4, DRAWS)
    assert torch.equal(augment(pictures(), draws), augment(pictures(), draws))
    assert not torch.equal(augment(pictures(), draws), augment(pictures(), torch.rand(4, DRAWS)))


def test_gradients_pass_and_are_those_of_finite_differences():
    images = pictures(side=28)[:1, :, ::4, ::4].double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: augment(x, torch.rand(1, DRAWS).double().fill_(0.3)), images)


def test_grey_pictures_keep_their_tones():
    found = augment(pictures(channels=1), torch.rand(4, DRAWS))
    kept = found[found != 0]
    assert torch.isin(kept, pictures(channels=1)).all()


def test_translation_moves_whole_pixels_by_an_eighth_at_most():
    images = pictures(side=32)
    down_most = translate(images, torch.tensor([[0.0, 0.5]]).expand(4, 2))
    assert torch.equal(down_most[:, :, 4:], images[:, :, :-4])
    assert (down_most[:, :, :4] == 0).all()
    assert torch.equal(translate(images, torch.full((4, 2), 0.5)), images)


def test_cutout_takes_a_square_of_half_the_side():
    images = torch.ones(1, 1, 32, 32)
    assert (cut_out(images, torch.full((1, 2), 0.5)) == 0).sum() == 16 * 16
    assert (cut_out(images, torch.zeros(1, 2)) == 0).sum() == 8 * 8  # half of it outside on both sides


def test_middle_draws_leave_colours_as_they_are():
    half = torch.full((4, 1, 1, 1), 0.5)
    torch.testing.assert_close(recolour(pictures(), half, half, half), pictures())
    brighter = recolour(pictures(), 2 * half, half, half)
    torch.testing.assert_close(brighter, pictures() + 0.2)
    spread = pictures().std(dim=1)
    torch.testing.assert_close(recolour(pictures(), half, 0 * half, half).std(dim=1), spread / 2)
