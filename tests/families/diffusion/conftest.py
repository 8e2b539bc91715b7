"""Tiny checkpoints, written once, and the records that make the app offer them."""

import numpy as np
import pytest
from PIL import Image

from tests.checkpoints import diffusion, keep_card

KINDS = {
    "sd": "text_to_image",
    "sdxl": "text_to_image",
    "lcm": "text_to_image",
    "flow": "text_to_image",
    "klein": "text_to_image",
    "ddpm": "unconditional",
    "dit": "class_conditional",
}
TASKS = {"text_to_image": ("draw", "redraw", "inpaint", "latent")}


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """A function that gives the folder of a tiny checkpoint, written when it is first asked for."""
    root, written = tmp_path_factory.mktemp("checkpoints"), {}

    def folder(name, **more):
        key = name + "".join(f"-{word}" for word in more)
        if key not in written:
            written[key] = getattr(diffusion, f"write_{name}")(root / key, **more)
        return written[key]

    return folder


@pytest.fixture
def offer(settings, checkpoints):
    """Offer a tiny checkpoint as `tiny/<name>`; returns its card."""

    def offered(name, **more):
        kind = KINDS[name]
        side = 64 if name == "klein" else 32  # FLUX.2 looks at no picture smaller than that
        own = {"defaults": {"num_inference_steps": 2, "width": side, "height": side}}
        tasks = TASKS.get(kind, ("image", "latent"))
        return keep_card(
            settings, checkpoints(name), f"tiny/{name}", "diffusion", kind, tasks, **(own | more)
        )

    return offered


@pytest.fixture
def photo(tmp_path):
    """A picture in colour, 40 x 32."""
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return str(tmp_path / "photo.png")


@pytest.fixture
def square_photo(tmp_path):
    """A picture in colour, 64 x 64."""
    pixels = np.random.default_rng(1).integers(0, 256, (4, 4, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    Image.fromarray(pixels).save(tmp_path / "square.png")
    return str(tmp_path / "square.png")


@pytest.fixture
def right_half(tmp_path):
    """A mask of 64 x 64: white on the right."""
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return str(tmp_path / "mask.png")
