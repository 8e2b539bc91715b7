"""The picture mark on crops of photographs, sheets of our models' pictures and gradients, of 112 to 768 pixels."""

import io
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from aigc_demo import actions, media
from aigc_demo.actions.save import SHEET_SIDE, scale_to
from aigc_demo.actions.save_pictures import columns_for
from aigc_demo.cli.flags import Asked
from aigc_demo.provenance.watermark import image
from aigc_demo.provenance.watermark.keys import mark_key
from aigc_demo.schemas import ImageRequest
from tests.load.figures import Figure

SIDES = (112, 128, 192, 256, 384, 512, 768)
PHOTOS_EACH = 40  # of a side
ARTISTS = ("gan-digits", "gan-fashion", "vae-digits", "vae-fashion")
COUNTS = (1, 2, 4, 10, 16, 40)
PLAIN = 10_000
Change = Callable[[np.ndarray], np.ndarray]


def measure(asked: Asked) -> list[Figure]:
    """What is found after what, what it costs, and false alarms."""
    key = mark_key(asked.settings, "image")
    pictures = [*photographs(), *sheets(asked), *gradients()]
    marked = [image.embed(picture, key) for picture in pictures]
    losses = [psnr(one, two) for one, two in zip(pictures, marked, strict=True)]
    return [
        *(found_after(name, change, marked, key) for name, change in changes().items()),
        Figure(
            "PSNR of marked pictures, the lowest, dB", "加水印图片的最低 PSNR，dB", min(losses), at_least=38
        ),
        Figure("PSNR, the median, dB", "PSNR 中位数，dB", float(np.median(losses))),
        *false_alarms(pictures, key),
    ]


def changes() -> dict[tuple[str, str], Change]:
    """What may happen to a picture, in both languages."""
    return {
        ("as it is", "原样"): lambda pixels: pixels,
        **{
            (f"JPEG of quality {q}", f"JPEG 质量 {q}"): lambda pixels, q=q: jpeg(pixels, q)
            for q in (90, 75, 50)
        },
        **{
            (f"scaled by {f:g}", f"缩放 {f:g} 倍"): lambda pixels, f=f: scaled(pixels, f)
            for f in (0.5, 0.75, 1.5, 2)
        },
        ("scaled by 0.75, then JPEG 75", "缩放 0.75 倍后 JPEG 75"): lambda pixels: jpeg(
            scaled(pixels, 0.75), 75
        ),
        ("10 % cropped away", "裁去 10 %"): cropped,
    }


def found_after(name: tuple[str, str], change: Change, marked: list[np.ndarray], key: bytes) -> Figure:
    """Share of the marked pictures in which the mark is found after a change."""
    found = [image.detect(change(pixels), key).found for pixels in marked]
    goal = 0.99 if name[0].endswith("quality 75") else None
    return Figure.share(
        f"marked pictures found, {name[0]}", f"认出水印的图片，{name[1]}", found, at_least=goal
    )


def false_alarms(pictures: list[np.ndarray], key: bytes) -> list[Figure]:
    """Unmarked pictures in which a mark is found, and the highest z of all of them."""
    found = [image.detect(pixels, key) for pixels in plain_pictures(pictures)]
    return [
        Figure.share(
            "unmarked pictures said to be marked",
            "未加水印的图片被误判",
            [finding.found for finding in found],
            at_most=0,
        ),
        Figure("the highest z of them", "其中最高的 z", max(finding.z for finding in found)),
    ]


def photographs() -> Iterator[np.ndarray]:
    """Square crops of scikit-learn's two photographs, each scaled to a side."""
    from sklearn.datasets import load_sample_images

    random, photos = np.random.default_rng(0), load_sample_images().images
    for side in SIDES:
        for index in range(PHOTOS_EACH):
            photo = photos[index % len(photos)]
            cut = random.integers(150, 420)
            top, left = (random.integers(0, size - cut) for size in photo.shape[:2])
            crop = Image.fromarray(photo[top : top + cut, left : left + cut])
            yield np.asarray(crop.resize((side, side), Image.Resampling.LANCZOS))


def sheets(asked: Asked) -> Iterator[np.ndarray]:
    """Contact sheets as the Images tab makes them."""
    for artist in ARTISTS:
        for count in COUNTS:
            result = actions.make_images(ImageRequest(model=artist, count=count, seed=count), asked.cache)
            scale = scale_to(SHEET_SIDE, result.pictures)
            yield np.asarray(media.contact_sheet(result.pictures, columns_for(result), gap=2, scale=scale))


def gradients() -> Iterator[np.ndarray]:
    """Smooth pictures and flat ones, in colour: nothing to hide a mark in."""
    for side in SIDES:
        ramp = np.linspace(0, 255, side)
        across, down = np.tile(ramp, (side, 1)), np.tile(ramp[:, None], (1, side))
        yield np.stack((across, down, 255 - across), axis=2).astype(np.uint8)
        for colour in ((255, 255, 255), (0, 0, 0), (200, 120, 40)):
            yield np.full((side, side, 3), colour, np.uint8)


def plain_pictures(pictures: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Unmarked pictures, PLAIN in all: parts of the same ones at other sizes, half of them as JPEG; noise among them."""
    random = np.random.default_rng(1)
    for index in range(PLAIN):
        if index % 10 == 0:
            yield random.integers(0, 256, (random.integers(64, 200), random.integers(64, 200), 3), np.uint8)
            continue
        whole = pictures[random.integers(len(pictures))]
        height, width = whole.shape[:2]
        cut_y, cut_x = random.integers(height // 2, height + 1), random.integers(width // 2, width + 1)
        top, left = random.integers(0, height - cut_y + 1), random.integers(0, width - cut_x + 1)
        part = Image.fromarray(np.ascontiguousarray(whole[top : top + cut_y, left : left + cut_x]))
        size = int(random.integers(64, 257)), int(random.integers(64, 257))
        pixels = np.asarray(part.resize(size, Image.Resampling.BICUBIC))
        yield jpeg(pixels, int(random.integers(50, 96))) if index % 2 else pixels


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """The picture after a JPEG file of this quality."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def scaled(pixels: np.ndarray, factor: float) -> np.ndarray:
    """The picture `factor` times as wide and high."""
    height, width = pixels.shape[:2]
    size = round(width * factor), round(height * factor)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def cropped(pixels: np.ndarray) -> np.ndarray:
    """The middle, with a twentieth of the width and height gone on each side."""
    height, width = pixels.shape[:2]
    return pixels[height // 20 : height - height // 20, width // 20 : width - width // 20]


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    r"""$10 \log_{10}(255^2 / \mathrm{MSE})$ in dB."""
    error = float(((one.astype(np.float32) - two) ** 2).mean())
    return 10 * float(np.log10(255**2 / error))
