"""A trained classifier as the app uses it: the odds of the classes, the features, and how far to trust them."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError
from aigc_demo.families.classifier.export import BANDS, nearest_mean
from aigc_demo.families.classifier.networks import ClassifierConfig, Network, odds
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights

CHUNK = 16  # pictures a pass: always the same shapes, so that odds are the same however many are asked for


class PictureClassifier:
    """The network of one run folder, in float32 on `device`; a Classifier that knows its record. Results are on the CPU."""

    def __init__(self, folder: Path, device: str) -> None:
        config, tensors = read_config(folder), read_weights(folder)
        try:
            sizes = ClassifierConfig(**config["network"])
            self.classes: dict[str, list[str]] = dict(config["classes"])
            self.temperature = float(config["temperature"])
            self.bands = torch.tensor(config["bands"], dtype=torch.long).view(len(BANDS) + 1, 2)
            self.quantiles = torch.tensor(config["distance_quantiles"], dtype=torch.float32)
            self.means, self.whitening = tensors["means"].float(), tensors["whitening"].float()
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise InputError(
                en=f"{folder.name}: its files do not describe a classifier ({error}); copy the run folder again.",
                zh=f"{folder.name}：其中的文件描述的不是分类器（{error}）；请重新复制训练记录文件夹。",
            ) from error
        self.image_shape = (sizes.channels, sizes.side, sizes.side)
        self.device = device
        self.network = Network(sizes).eval()
        load_strictly(self.network, tensors, "network.")
        self.network.requires_grad_(False).to(device, memory_format=torch.channels_last)

    @torch.inference_mode()
    def classify(self, images: Tensor) -> Tensor:
        """Odds (N, K) of pictures (N, C, H, W) in [-1, 1]; rows sum to 1."""
        return odds(self._in_chunks(self.network, images), self.temperature)

    @torch.inference_mode()
    def features(self, images: Tensor) -> Tensor:
        """The mean of the last level over places, (N, D) float32."""
        return self._in_chunks(self.network.features, images)

    def record(self, top: float) -> tuple[int, int]:
        """Of the held-out pictures whose likeliest class had about such odds, how many were right, and how many there were."""
        right, total = self.bands[int(torch.bucketize(torch.tensor(top), torch.tensor(BANDS), right=True))]
        return int(right), int(total)

    def strangeness(self, images: Tensor) -> Tensor:
        """The share of held-out pictures whose impression lies nearer to a class's mean than those of these do, (N,) in [0, 1]."""
        with torch.inference_mode():
            impressions = self._in_chunks(self.network.impression, images)
        distances = nearest_mean(impressions, self.means, self.whitening)
        return (torch.searchsorted(self.quantiles, distances) / len(self.quantiles)).clamp(0, 1)

    def _in_chunks(self, part: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
        """`part` of the network on pictures padded to whole chunks, each chunk on its own."""
        padded = torch.cat([images, images[-1:].expand(-len(images) % CHUNK, *images.shape[1:])])
        chunks = padded.to(self.device, torch.float32).split(CHUNK)
        return torch.cat([part(chunk).float().cpu() for chunk in chunks])[: len(images)]
