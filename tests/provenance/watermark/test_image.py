"""The picture mark: what it withstands, what it costs, where there is none."""

import io

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from aigc_demo.provenance.watermark import image

KEY = bytes(range(32))


def jpeg(pixels, quality):
    """The picture after a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def scaled(pixels, factor):
    """The picture at another size."""
    height, width = pixels.shape[:2]
    return np.asarray(Image.fromarray(pixels).resize((round(width * factor), round(height * factor))))


def psnr(one, two):
    """Peak signal to noise ratio in dB."""
    return 10 * np.log10(255**2 / ((one.astype(float) - two) ** 2).mean())


def photographs(side, count):
    """Crops of two photographs, scaled to side x side."""
    random, photos = np.random.default_rng(side), load_sample_images().images
    for index in range(count):
        photo = photos[index % 2]
        cut = random.integers(150, 420)
        top, left = (random.integers(0, size - cut) for size in photo.shape[:2])
        crop = Image.fromarray(photo[top : top + cut, left : left + cut])
        yield np.asarray(crop.resize((side, side)))


def sheet(side):
    """Digits side by side, black and white, as our models' sheets: the hardest for a mark."""
    digits, across = load_digits().images, side // 32
    rows = [
        np.hstack([np.kron(digits[r * across + c], np.ones((4, 4))) for c in range(across)])
        for r in range(across)
    ]
    return (np.vstack(rows) * 15.9).astype(np.uint8)


PICTURES = {
    **{f"photo-{side}-{i}": p for side in (112, 128, 256, 512) for i, p in enumerate(photographs(side, 6))},
    "sheet-256": sheet(256),
    "grey-512": sheet(512),
    "gradient": np.tile(np.linspace(0, 255, 200), (150, 1)).astype(np.uint8),
    "white": np.full((128, 256, 3), 255, np.uint8),
    "black": np.zeros((300, 128), np.uint8),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_mark_is_seldom_seen_and_found_after_jpeg(name):
    pixels = PICTURES[name]
    marked = image.embed(pixels, KEY)
    assert marked.shape == pixels.shape
    assert marked.dtype == np.uint8
    assert psnr(pixels, marked) >= 38
    for after in (marked, jpeg(marked, 90), jpeg(marked, 75)):
        assert image.detect(after, KEY).found


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.5, 2.0])
def test_a_mark_outlives_another_size(factor):
    for pixels in photographs(256, 3):
        assert image.detect(jpeg(scaled(image.embed(pixels, KEY), factor), 90), KEY).found


def test_only_the_key_finds_it():
    marked = image.embed(PICTURES["photo-256-0"], KEY)
    assert not any(image.detect(marked, bytes([i] * 32)).found for i in range(50))


def test_unmarked_pictures_are_not_found():
    random = np.random.default_rng(0)
    plain = [*PICTURES.values(), *photographs(64, 100), *random.integers(0, 256, (50, 64, 64, 3), np.uint8)]
    assert max(image.detect(pixels, KEY).z for pixels in plain) < 4.5


def test_p_is_a_p_value_over_keys():
    pixels = PICTURES["sheet-256"]
    found = [image.detect(pixels, i.to_bytes(32, "big")).p for i in range(300)]
    assert np.mean([p <= 0.1 for p in found]) < 0.1 + 4 * (0.09 / 300) ** 0.5


def test_transparency_is_left_as_it_is():
    pixels = np.dstack((PICTURES["photo-256-0"], np.full((256, 256), 130, np.uint8)))
    marked = image.embed(pixels, KEY)
    assert (marked[..., 3] == 130).all()
    assert image.detect(marked, KEY).found


@pytest.mark.parametrize("shape", [(28, 28), (111, 500, 3), (1, 1)])
def test_a_small_picture_stays_as_it_is(shape):
    pixels = np.zeros(shape, np.uint8)
    assert not image.carries(pixels)
    assert image.embed(pixels, KEY) is pixels
    assert not image.detect(pixels, KEY).found
