r"""How near an enlarged picture comes to the original, beside bicubic interpolation.

    python -m aigc_demo.families.upscaler.evaluate weights/realesrgan-x4 FOLDER [FOLDER ...] [--count 100]

A folder of pictures, or a prepared data set (`python -m aigc_demo data get digits` names its folder).

Each picture is scaled down by the model's scale with an antialiased bicubic filter, enlarged again in both ways, and

$$\mathrm{PSNR} = 10 \log_{10} \frac{255^2}{\overline{(x - \hat x)^2}}\ \text{dB}$$

is averaged over the pictures of a folder: all channels, no border cut off, exact pictures counted as 60 dB. It
rewards a blur that dares nothing: a network that draws sharp edges where the truth is unknown scores lower than it
looks.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from aigc_demo.core.stopping import never
from aigc_demo.data.images import load
from aigc_demo.families.upscaler.model import Upscaler

MOST = 60.0  # dB: less than half a grey level away on average


def psnr(truth: np.ndarray, guess: np.ndarray) -> float:
    """PSNR in dB of two pictures of uint8, at most 60."""
    error = np.square(truth.astype(np.float64) - guess).mean()
    return min(MOST, float(10 * np.log10(255**2 / max(error, 1e-12))))


def compare(model: Upscaler, picture: Image.Image) -> tuple[float, float]:
    """PSNR in dB of bicubic interpolation and of the model, for one picture, cut to whole pixels of the small one."""
    width, height = (side // model.scale for side in picture.size)
    size = (width * model.scale, height * model.scale)
    whole = picture.crop((0, 0, *size))
    small = whole.resize((width, height), Image.Resampling.BICUBIC)
    guesses = (small.resize(size, Image.Resampling.BICUBIC), model.enlarge(np.asarray(small), never))
    bicubic, drawn = (psnr(np.asarray(whole), np.asarray(guess)) for guess in guesses)
    return bicubic, drawn


def pictures(folder: Path, count: int) -> list[Image.Image]:
    """The first pictures of a folder by name, or of a prepared data set's test split; transparent parts are white."""
    if (folder / "images.safetensors").exists():
        return [
            Image.fromarray(array.numpy()).convert("RGB") for array in load(folder)["test_images"][:count]
        ]
    paths = [path for path in sorted(folder.iterdir()) if path.suffix in (".png", ".jpg", ".webp")]
    found = []
    for path in paths[:count]:
        colour = Image.open(path).convert("RGBA")
        found.append(Image.alpha_composite(Image.new("RGBA", colour.size, "white"), colour).convert("RGB"))
    return found


def main() -> None:
    """A line of figures a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=100)
    arguments = parser.parse_args()
    model = Upscaler(arguments.model, "cpu")
    for folder in arguments.folders:
        results = np.array([compare(model, picture) for picture in pictures(folder, arguments.count)])
        bicubic, drawn = results.mean(0)
        wins = (results[:, 1] > results[:, 0]).mean()
        print(
            f"{folder.name}: {len(results)} pictures, bicubic {bicubic:.2f} dB, model {drawn:.2f} dB, better on {wins:.0%}"
        )


if __name__ == "__main__":
    main()
