"""Our DDIM against diffusers', and what makes noise a latent space."""

import pytest
import torch

from aigc_demo.families.diffusion.loading import schedule_of
from aigc_demo.families.diffusion.sampling import ddim, guided, timesteps

SETTINGS = [
    {},
    {"prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": True},
    {"prediction_type": "sample", "timestep_spacing": "linspace"},
    {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1, "beta_schedule": "scaled_linear"},
    {"clip_sample_range": 2.0, "beta_schedule": "squaredcos_cap_v2"},
]


def network(x, step):
    """Something that depends on both."""
    return torch.tanh(x) * 0.7 + 0.1 * torch.sin(torch.tensor(float(step)))


@pytest.mark.parametrize("count", [1, 7, 20])
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(settings) or "plain")
def test_it_is_the_ddim_of_diffusers(settings, count):
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(**settings)
    scheduler.set_timesteps(count)
    schedule = schedule_of(scheduler)
    assert timesteps(schedule, count).tolist() == scheduler.timesteps.tolist()
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    ours = ddim(network, x, schedule, count)
    for step in scheduler.timesteps:
        x = scheduler.step(network(x, int(step)), step, x).prev_sample
    assert torch.allclose(ours, x, atol=1e-5)


def test_every_step_is_told_and_may_end_it():
    from diffusers import DDPMScheduler

    schedule, heard = schedule_of(DDPMScheduler()), []

    def told(step):
        heard.append(step)
        if step == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        ddim(network, torch.randn(1, 3, 4, 4), schedule, 10, told)
    assert heard == [1, 2, 3]


def test_with_the_true_noise_one_step_gives_the_picture_back():
    from diffusers import DDIMScheduler

    from aigc_demo.families.diffusion.losses import add_noise

    schedule = schedule_of(DDIMScheduler(timestep_spacing="trailing", clip_sample=False))
    clean, noise = torch.randn(2, 1, 3, 8, 8, generator=torch.Generator().manual_seed(1)).double()
    x = add_noise(clean, noise, schedule.alpha_bars[-1:].double())
    assert torch.allclose(ddim(lambda *_: noise, x, schedule, 1), clean, atol=1e-4)


def test_guidance():
    a, b = torch.ones(1, 2), torch.zeros(1, 2)
    assert torch.equal(guided(a, b, 1.0), a) and torch.equal(guided(a, b, 0.0), b)
    assert torch.equal(guided(a, b, 4.0), 4 * a)
