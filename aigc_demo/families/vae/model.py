"""A trained VAE as the app uses it: draws, encodes, reconstructs, takes noise away, finds neighbours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.families.vae.density import Mixture
from aigc_demo.families.vae.networks import Decoder, Encoder, VAEConfig
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights

# pictures a pass: always the same shapes, so that a picture is the same however many are asked for
CHUNK = 16


class VAE:
    """Encoder, decoder and fitted density of one run folder, in float32 on `device`. Results are on the CPU."""

    def __init__(self, folder: Path, device: str) -> None:
        config, tensors = read_config(folder), read_weights(folder)
        try:
            sizes = VAEConfig(**config["network"])
            self.classes: dict[str, list[str]] = dict(config["classes"])
            self.repairs: tuple[str, ...] = tuple(config.get("repairs", ()))  # damage it has learnt to mend
            self.codes, self.code_labels = tensors["codes"].float(), tensors["code_labels"].long()
            self.mixtures = _mixtures(tensors)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                en=f"{folder.name}: its files do not describe a VAE ({error}); copy the run folder again.",
                zh=f"{folder.name}：其中的文件描述的不是 VAE（{error}）；请重新复制训练记录文件夹。",
            ) from error
        self.latent_dim = sizes.latent_dim
        self.image_shape = (sizes.channels, sizes.side, sizes.side)
        self.device = device
        self.encoder = Encoder(sizes).eval()
        self.decoder = Decoder(sizes).eval()
        load_strictly(self.encoder, tensors, "encoder.")
        load_strictly(self.decoder, tensors, "decoder.")
        for network in (self.encoder, self.decoder):
            network.requires_grad_(False).to(device, memory_format=torch.channels_last)

    def sample_latents(
        self, labels: Tensor, generator: torch.Generator, truncation_psi: float = 1.0
    ) -> Tensor:
        """A code (N, latent_dim) from the mixture of each of `labels` (N,).

        One draw a row, the same for a row however many follow: sixteen numbers for the component, of which the
        first counts, then the noise (torch fills its normal numbers in blocks of sixteen).
        """
        draws = torch.randn(len(labels), 16 + self.latent_dim, generator=generator)
        uniform, noise = torch.special.ndtr(draws[:, 0]), draws[:, 16:]
        codes = torch.empty(len(labels), self.latent_dim)
        for label in labels.unique().tolist():
            rows = labels == label
            codes[rows] = self.mixtures[label].sample(uniform[rows], noise[rows], truncation_psi)
        return codes

    @torch.inference_mode()
    def decode(self, z: Tensor, class_weights: Tensor | None = None, truncation_psi: float = 1.0) -> Tensor:
        """Pictures (N, C, H, W) in [-1, 1] of codes (N, latent_dim). The decoder needs no class, and no psi."""
        return _in_chunks(lambda part: (2 * self.decoder(part).sigmoid() - 1,), z, self.device)[0]

    @torch.inference_mode()
    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance (N, latent_dim) of q(z | x) for pictures (N, C, H, W) in [-1, 1]."""
        mean, log_variance = _in_chunks(self.encoder, images, self.device)
        return mean, log_variance

    def reconstruct(self, images: Tensor) -> Tensor:
        """Pictures decoded from the mean codes of `images`: through the bottleneck, and without noise."""
        return self.decode(self.encode(images)[0])

    def nearest(self, z: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
        """The k stored training codes nearest to z (latent_dim,): codes (k, latent_dim), labels and distances (k,)."""
        distances, index = (self.codes - z).norm(dim=1).topk(min(k, len(self.codes)), largest=False)
        return self.codes[index], self.code_labels[index], distances


def _mixtures(tensors: dict[str, Tensor]) -> list[Mixture]:
    """One mixture a class from the stacked tensors of a run."""
    stacks = (tensors["mixture.weights"], tensors["mixture.means"], tensors["mixture.factors"])
    return [Mixture(*rows) for rows in zip(*stacks, strict=True)]


def _in_chunks(network: Callable[[Tensor], Any], rows: Tensor, device: str) -> list[Tensor]:
    """The outputs of `network` on rows padded to whole chunks, each chunk on its own."""
    padded = torch.cat([rows, rows[-1:].expand(-len(rows) % CHUNK, *rows.shape[1:])])
    outputs = [network(part) for part in padded.to(device, torch.float32).split(CHUNK)]
    return [torch.cat(parts).cpu()[: len(rows)] for parts in zip(*outputs, strict=True)]
