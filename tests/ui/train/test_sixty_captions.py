"""Sixty captioned pictures of one's own become a model that draws what words say, in the browser.

python -m pytest -m slow -s tests/ui/train/test_sixty_captions.py      prints seconds and the share of captions obeyed
"""

import io
import time
import zipfile

import numpy as np
import pytest
from PIL import Image, ImageDraw

from aigc_demo.data.shapes import corners
from tests.ui.conftest import press_anew, visits
from tests.ui.train.test_train_browser import bring, wait_for_value

pytestmark = [pytest.mark.slow, pytest.mark.browser]
SIDE, FINER = 32, 4
COLOURS = {"red": (214, 48, 49), "green": (39, 174, 96), "blue": (41, 98, 200), "yellow": (241, 196, 15)}
SHAPES = ("circle", "square", "triangle", "star")
GROUND = (250, 248, 244)
WORDS = ("a {colour} {shape}", "{shape}, {colour}", "draw a {colour} {shape}")


def shape_mask(shape, radius, x, y):
    """(SIDE, SIDE) float in [0, 1]: the share of each pixel that a shape covers."""
    fine = SIDE * FINER
    mask = Image.new("L", (fine, fine), 0)
    canvas = ImageDraw.Draw(mask)
    if shape == "circle":
        box = [fine * (x - radius), fine * (y - radius), fine * (x + radius), fine * (y + radius)]
        canvas.ellipse(box, fill=255)
    else:
        canvas.polygon(
            [(fine * (x + radius * dx), fine * (y + radius * dy)) for dx, dy in corners(shape)], fill=255
        )
    return np.asarray(mask.reduce(FINER)) / 255


def picture(colour, shape, random):
    """(SIDE, SIDE, 3) uint8."""
    radius = random.uniform(0.26, 0.36)
    x, y = random.uniform(radius + 0.05, 0.95 - radius, 2)
    cover = shape_mask(shape, radius, x, y)[..., None]
    return np.rint((1 - cover) * GROUND + cover * COLOURS[colour]).astype(np.uint8)


def write_zip(path, count=60):
    """Pictures and a caption file each; the pairs of colour and shape take turns."""
    random = np.random.default_rng(5)
    pairs = [(colour, shape) for colour in COLOURS for shape in SHAPES]
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(count):
            colour, shape = pairs[i * 7 % len(pairs)]
            file = io.BytesIO()
            Image.fromarray(picture(colour, shape, random)).resize((128, 128), Image.Resampling.NEAREST).save(
                file, "PNG"
            )
            archive.writestr(f"{i:02}.png", file.getvalue())
            archive.writestr(f"{i:02}.txt", WORDS[i % 3].format(colour=colour, shape=shape))


def judge(pixels):
    """The nearest colour and shape of a picture (H, W, 3): by the mean colour of what is no ground, and by overlap."""
    small = np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX), float)
    away = np.linalg.norm(small - GROUND, axis=-1)
    cover = np.clip(away / max(away.max(), 1), 0, 1)
    inside = cover > 0.6
    if inside.sum() < 20:
        return "", ""
    tone = small[inside].mean(0)
    colour = min(COLOURS, key=lambda name: np.linalg.norm(tone - COLOURS[name]))
    rows, columns = np.nonzero(cover > 0.5)
    x, y = (columns.mean() + 0.5) / SIDE, (rows.mean() + 0.5) / SIDE
    best = {}
    for shape in SHAPES:
        masks = [
            shape_mask(shape, radius, x + dx, y + dy)
            for radius in np.arange(0.2, 0.44, 0.02)
            for dx in (-0.03, 0, 0.03)
            for dy in (-0.06, -0.03, 0, 0.03, 0.06)
        ]
        best[shape] = min(((mask - cover) ** 2).mean() for mask in masks)
    return colour, min(best, key=best.get)


def test_the_judge_knows_the_real_pictures():
    random = np.random.default_rng(9)
    pairs = [(colour, shape) for colour in COLOURS for shape in SHAPES] * 3
    assert np.mean([judge(picture(*pair, random)) == pair for pair in pairs]) > 0.97


def drawn(page):
    """The pictures that the tab shows, (H, W, 3) uint8 each, from their files."""
    sources = page.eval_on_selector_all("#draw-view .choices img", "all => all.map(one => one.src)")
    assert sources
    files = (io.BytesIO(page.request.get(source).body()) for source in sources)
    return [np.asarray(Image.open(file).convert("RGB")) for file in files]


def test_sixty_captioned_pictures_become_a_model_that_draws_what_words_say(serving, browser, tmp_path):
    own, server = tmp_path / "own.zip", tmp_path / "server"
    server.mkdir()
    write_zip(own)
    with serving(server, AIGC_OFFLINE="1") as url, visits(url, browser) as visit:
        visitor, begun = visit(), time.monotonic()
        page = visitor.page
        visitor.tab("train")
        bring(page, own, "toys", side=SIDE)
        page.wait_for_selector("#train-preview :text('60 captions')")
        page.wait_for_selector("#train-why :text('Pictures with captions')")
        page.click("#train-go")
        page.wait_for_selector("#train-head .job.done", timeout=1_200_000)
        trained = time.monotonic() - begun
        page.click("#train-use-draw")
        wait_for_value(page, "#draw-model input", "runs/")
        right = []
        for colour in COLOURS:
            for shape in SHAPES:
                page.fill("#draw-prompt textarea", f"a {colour} {shape}")
                press_anew(page, "#draw-go", "#draw-view .drawn:not(.growing, .draft)")
                right += [judge(one) == (colour, shape) for one in drawn(page)]
        seconds = time.monotonic() - begun
    print(
        f"\n{trained:.0f} s from the zip to the model, {seconds:.0f} s to its {len(right)} pictures; {np.mean(right):.0%} obey"
    )
    assert seconds < 600 and np.mean(right) >= 0.9
