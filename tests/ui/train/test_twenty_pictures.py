"""Twenty pictures of one's own, nothing chosen and nothing read: what comes of them, offline, in the browser.

python -m pytest -m slow -s tests/ui/train/test_twenty_pictures.py      prints seconds, steps a second and the share
"""

import io
import time

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import nn
from torch.nn import functional as F

from aigc_demo.data.shapes import SHAPES, draw
from tests.ui.conftest import visits

pytestmark = [pytest.mark.slow, pytest.mark.browser]
NONE = len(SHAPES)  # the judge's class for what is no shape
SIDE, STEPS = 32, 1200  # of the recipe for few pictures


def spoilt(pictures, random):
    """What a poor model draws: two pictures on top of each other, blurred ones, noise."""
    others = pictures[random.permutation(len(pictures))]
    kinds = random.integers(3, size=len(pictures))
    blends = (pictures.astype(float) + others) / 2
    noise = np.clip(pictures + random.normal(0, 120, pictures.shape), 0, 255)
    blurred = np.stack(
        [np.asarray(Image.fromarray(one).filter(ImageFilter.GaussianBlur(4))) for one in pictures]
    )
    return np.choose(kinds[:, None, None, None], [blends, blurred, noise]).astype(np.uint8)


def material(count, seed):
    """Freshly drawn shapes and as many spoilt ones over four, with their classes, as tensors."""
    pictures, labels = draw(count, seed, SIDE)
    bad = spoilt(pictures[: count // 4], np.random.default_rng(seed))
    x = torch.from_numpy(np.concatenate([pictures, bad])).permute(0, 3, 1, 2).float() / 255
    return x, torch.cat([torch.from_numpy(labels).long(), torch.full((len(bad),), NONE)])


@pytest.fixture(scope="module")
def judge():
    """A small network that tells the four shapes and what is none of them apart, on pictures that it has not seen."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()]
    layers += [nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(64 * 16, 64), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Linear(64, NONE + 1))
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    x, y = material(6000, seed=100)
    for _ in range(8):
        for rows in torch.randperm(len(x)).split(100):
            optimizer.zero_grad()
            F.cross_entropy(network(x[rows]), y[rows]).backward()
            optimizer.step()
    x, y = material(800, seed=101)
    assert (network(x).argmax(1) == y).float().mean() > 0.95
    return network


def cells(sheet, count=8):
    """The pictures of a square contact sheet, at the judge's size, (N, 3, SIDE, SIDE)."""
    step = (sheet.width + 1) // count
    boxes = [(x * step, y * step) for y in range(count) for x in range(count)]
    parts = [sheet.crop((x, y, x + step - 1, y + step - 1)).resize((SIDE, SIDE)) for x, y in boxes]
    return torch.from_numpy(np.stack([np.asarray(part) for part in parts])).permute(0, 3, 1, 2).float() / 255


def test_twenty_pictures_become_a_model_whose_pictures_can_be_recognised(serving, browser, judge, tmp_path):
    files, server = [], tmp_path / "server"
    server.mkdir()
    for at, picture in enumerate(draw(20, seed=7, side=128)[0]):
        files.append(tmp_path / f"shape-{at:02}.png")
        Image.fromarray(picture).save(files[-1])
    with serving(server, AIGC_OFFLINE="1") as url, visits(url, browser) as visit:
        visitor = visit()
        page = visitor.page
        visitor.tab("train")
        page.click("#train-bring > button")
        page.set_input_files("#train-files input[type=file]", files)
        page.wait_for_function("document.querySelector('#data-name :is(input, textarea)').value !== ''")
        page.locator("#data-consent input").check()
        page.click("#train-import")
        page.wait_for_selector("#train-why :text('Few pictures')")
        begun = time.monotonic()
        page.click("#train-go")
        page.wait_for_selector("#train-head .job.done", timeout=1_200_000)
        seconds = time.monotonic() - begun
        page.wait_for_function("document.querySelector('#train-film img.now')?.alt.includes('1200')")
        source = page.evaluate("document.querySelector('#train-film img.now').src")
        sheet = Image.open(io.BytesIO(page.request.get(source).body())).convert("RGB")
    found = judge(cells(sheet)).argmax(1)
    share = float((found != NONE).float().mean())
    kinds = [SHAPES[kind] for kind in sorted(set(found.tolist()) - {NONE})]
    print(
        f"\n{seconds:.0f} s from the press to the end, {STEPS / seconds:.1f} steps/s; {share:.0%} of 64 recognised: {kinds}"
    )
    assert share >= 0.8 and len(kinds) >= 3
