"""Training of the VAE, then the fit of a density to its codes.

Half of each batch enters the encoder with Gaussian noise on it while the decoder is asked for the clean picture,
so that the trained model can also take noise away.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.checkpoints import load_state, save_state, save_weights
from aigc_demo.metrics import active_units, reconstruction_error
from aigc_demo.training import (
    Average,
    Clock,
    Log,
    Progress,
    StopFlag,
    random_state,
    restore_optimizer,
    restore_random_state,
    set_rate,
    warmup_cosine,
)
from aigc_demo.vae.density import Mixture, fit
from aigc_demo.vae.losses import divergence, reconstruction
from aigc_demo.vae.networks import Decoder, Encoder, VAEConfig, reparameterise

LOG_EVERY = 50
SHOWN_CODES = 200  # training codes a class that are stored for "the nearest training pictures"


@dataclass(frozen=True)
class TrainPlan:
    """What to train, where, and for how long. `data` is what `aigc_demo.data.images.load` returns."""

    data: dict[str, Any]
    run: Path
    size: str
    steps: int
    seed: int
    save_every: int


@dataclass(frozen=True)
class Recipe:
    r"""Settings of the optimisation and of the density. `noise` is the largest standard deviation, pictures in [-1, 1].

    `kl_weight` is $\beta$ (Higgins et al. 2017), below 1 here: pictures get sharper and codes leave N(0, I), which a
    density fitted to them afterwards makes good (Dai and Wipf 2019, two-stage VAE; Ghosh et al. 2020).
    """

    batch: int = 64
    learning_rate: float = 1e-3
    ema_decay: float = 0.999
    noise: float = 1.0
    kl_weight: float = 0.2
    components: int = 6


SIZES = {
    "tiny": (VAEConfig(latent_dim=16, width=8, hidden=64), Recipe(components=2)),
    "small": (VAEConfig(width=16, hidden=256), Recipe()),
    "base": (VAEConfig(width=32, hidden=512), Recipe()),
}


class Learner:
    """Encoder and decoder, their averages and the optimiser: all that a step changes."""

    def __init__(self, config: VAEConfig, recipe: Recipe) -> None:
        self.recipe = recipe
        self.encoder = Encoder(config).to(memory_format=torch.channels_last)
        self.decoder = Decoder(config).to(memory_format=torch.channels_last)
        self.encoder_average = Average(self.encoder, recipe.ema_decay)
        self.decoder_average = Average(self.decoder, recipe.ema_decay)
        parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.optimizer = torch.optim.Adam(parameters, lr=recipe.learning_rate, fused=True)

    def parts(self) -> dict[str, Any]:
        """Everything with a state_dict, by name."""
        return {name: part for name, part in vars(self).items() if name != "recipe"}

    def step(self, images: Tensor, generator: torch.Generator, progress: float) -> dict[str, float]:
        """One step of pictures (N, 1, 28, 28) in [-1, 1] down the weighted negative ELBO; `progress` sets the rate."""
        set_rate(self.optimizer, warmup_cosine(progress))
        mean, log_variance = self.encoder(corrupt_half(images, self.recipe.noise, generator))
        z = reparameterise(mean, log_variance, torch.randn(mean.shape, generator=generator))
        distortion = reconstruction(self.decoder(z), (images + 1) / 2).mean()
        rate = divergence(mean, log_variance).mean()
        loss = distortion + self.recipe.kl_weight * rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.encoder_average.update(self.encoder)
        self.decoder_average.update(self.decoder)
        return {"loss": loss.item(), "reconstruction": distortion.item(), "kl": rate.item()}


def corrupt_half(images: Tensor, largest: float, generator: torch.Generator) -> Tensor:
    """The first half of a batch with Gaussian noise, of a deviation drawn from U(0, largest) for each picture."""
    half = len(images) // 2
    deviation = largest * torch.rand(half, 1, 1, 1, generator=generator)
    noise = torch.randn(images[:half].shape, generator=generator)
    return torch.cat([(images[:half] + deviation * noise).clamp(-1, 1), images[half:]])


def train(plan: TrainPlan) -> Iterator[Progress]:
    """Train, or go on where the run folder stands; leaves config.json and model.safetensors there.

    Yields every 50 steps and at the end. Ends early, all saved, when the file STOP appears in the run folder.
    """
    config, recipe = SIZES[plan.size]
    torch.manual_seed(plan.seed)
    generator = torch.Generator().manual_seed(plan.seed)
    learner = Learner(config, recipe)
    step, seconds = _resume(plan.run, learner, generator)
    clock, log, stop = Clock(seconds), Log(plan.run / "log.jsonl"), StopFlag(plan.run)
    stop.clear()
    images = plan.data["train_images"]
    last = step >= plan.steps
    while not last:
        chosen = torch.randint(len(images), (recipe.batch,), generator=generator)
        figures = learner.step(_scaled(images[chosen]), generator, step / plan.steps)
        step += 1
        last = step == plan.steps or stop.is_set()  # asked once a step, so that no stop slips past the save
        if step % LOG_EVERY == 0 or last:
            progress = Progress(step, plan.steps, clock.seconds(), figures)
            log.write(progress)
            yield progress
        if step % plan.save_every == 0 or last:
            _save(plan.run, learner, generator, step, clock.seconds())
            export(plan, config, recipe, learner.encoder_average.network, learner.decoder_average.network)


def _resume(run: Path, learner: Learner, generator: torch.Generator) -> tuple[int, float]:
    """Steps and seconds done so far in this run folder, with everything put back as it stood then."""
    state = load_state(run)
    if state is None:
        return 0, 0.0
    for name, part in learner.parts().items():
        if isinstance(part, torch.optim.Optimizer):
            restore_optimizer(part, state[name])
        else:
            part.load_state_dict(state[name])
    restore_random_state(state["random"], generator)
    return state["step"], state["seconds"]


def _save(run: Path, learner: Learner, generator: torch.Generator, step: int, seconds: float) -> None:
    parts = {name: part.state_dict() for name, part in learner.parts().items()}
    save_state(run, {**parts, "random": random_state(generator), "step": step, "seconds": seconds})


def _scaled(images: Tensor) -> Tensor:
    """uint8 (N, 28, 28) -> float (N, 1, 28, 28) in [-1, 1]."""
    return images[:, None].float() / 127.5 - 1


@torch.no_grad()
def export(plan: TrainPlan, config: VAEConfig, recipe: Recipe, encoder: Encoder, decoder: Decoder) -> None:
    """Write what the app uses: both networks in half precision, a mixture a class, some training codes."""
    labels = plan.data["train_labels"].long()
    parts = [encoder(_scaled(part))[0] for part in plan.data["train_images"].split(500)]
    codes = torch.cat(parts)
    classes = range(len(plan.data["classes"]["en"]))
    mixtures = [fit(codes[labels == label], recipe.components, plan.seed + label) for label in classes]
    shown = torch.cat([(labels == label).nonzero()[:SHOWN_CODES, 0] for label in classes])
    tensors = {
        **{f"encoder.{key}": value.half() for key, value in encoder.state_dict().items()},
        **{f"decoder.{key}": value.half() for key, value in decoder.state_dict().items()},
        **_stacked(mixtures),
        "codes": codes[shown].half(),
        "code_labels": labels[shown].to(torch.uint8),
    }
    config_json = {
        "family": "vae",
        "classes": plan.data["classes"],
        "network": asdict(config),
        "noise": recipe.noise,
        "held_out": held_out_figures(plan.data, encoder, decoder, plan.seed),
    }
    save_weights(plan.run, tensors, config_json)


def _stacked(mixtures: list[Mixture]) -> dict[str, Tensor]:
    """The classes' mixtures as three tensors: weights (C, K), means (C, K, d), lower factors (C, K, d, d)."""
    fields = ("weights", "means", "factors")
    return {f"mixture.{name}": torch.stack([getattr(m, name) for m in mixtures]).float() for name in fields}


@torch.no_grad()
def held_out_figures(data: dict[str, Any], encoder: Encoder, decoder: Decoder, seed: int) -> dict[str, float]:
    """ELBO and its terms in nats, squared error a pixel in [0, 1], active units, on the held-out pictures."""
    images = _scaled(data["test_images"])
    generator = torch.Generator().manual_seed(seed)
    encoded = [encoder(part) for part in images.split(500)]
    mean, log_variance = (torch.cat(part) for part in zip(*encoded, strict=True))
    z = reparameterise(mean, log_variance, torch.randn(mean.shape, generator=generator))
    logits = torch.cat([decoder(part) for part in z.split(500)])
    clear = torch.cat([decoder(part).sigmoid() for part in mean.split(500)])
    targets = (images + 1) / 2
    distortion = reconstruction(logits, targets).mean().item()
    rate = divergence(mean, log_variance).mean().item()
    return {
        "elbo": round(-distortion - rate, 2),
        "reconstruction": round(distortion, 2),
        "kl": round(rate, 2),
        "squared_error": round(reconstruction_error(targets, clear), 5),
        "active_units": active_units(mean),
    }
