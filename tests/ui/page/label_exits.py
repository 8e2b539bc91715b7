"""Every way out of the page for what models make: which button makes it, which buttons save it, what is found in the pixels."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from aigc_demo.media.visible import LEAST, plate_for

MODELS_NOT_CONTENT = {"train-export", "train-publish", "models-publish"}  # a model, as a zip
REPORTS = {
    "evaluate-save-md",
    "evaluate-save-json",
}  # of data that this page has not got: tests/ui/evaluate reads them back


@dataclass(frozen=True)
class Maker:
    """A button that has something made, with values of inputs, and the buttons that save it.

    `own`: by a model that comes with the app; `shows`: the page shows nothing but pictures of it by data: address.
    """

    press: str
    saves: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)
    own: bool = True
    shows: bool = False


MAKERS = (
    Maker("text-go", ("text-save-txt", "text-save-md", "text-save-json"), {"text_max_new_tokens": 12, "text_count": 1}),
    Maker("chat-go", ("chat-save-md", "chat-save-json", "chat-save-txt"), {"chat_input": "Hello", "chat_max_new_tokens": 8}, own=False),
    Maker(
        "rewrite-go",
        ("rewrite-save-txt", "rewrite-save-md", "rewrite-save-json"),
        {"rewrite_text": "The weather is fine.", "rewrite_max_new_tokens": 8},
        own=False,
    ),
    Maker("image-go", ("image-save-png", "image-save-jpg", "image-save-webp", "image-save-zip"), {"image_count": 4}, shows=True),
    Maker(
        "draw-go",
        ("draw-save-png", "draw-save-jpg", "draw-save-webp", "draw-save-zip"),
        {"draw_prompt": "a red kite", "draw_num_inference_steps": 2, "draw_count": 2},
        own=False,
        shows=True,
    ),
    Maker("draw-go", ("draw-sprite-save",), {"draw_prompt": "an elf in a red cloak", "draw_num_inference_steps": 2, "draw_count": 2}, shows=True),
    Maker("upscale-go", ("upscale-save-png", "upscale-save-jpg", "upscale-save-webp")),
    Maker("walk-go", ("walk-save-gif", "walk-save-mp4", "walk-save-strip"), {"walk_frames": 6}, shows=True),
    Maker("grid-go", ("grid-save",), {"grid_size": 3}, shows=True),
    Maker("reconstruct-go", ("encode-save",)),
    Maker("classify-go", ("classify-save",)),
)  # fmt: skip


def saving_buttons(parts: dict[int, dict[str, Any]]) -> set[str]:
    """The buttons of this page that save a file: `widgets.download` names its hidden helper after each."""
    names = {str(part["props"].get("elem_id")) for part in parts.values() if part["type"] == "downloadbutton"}
    return {name.removesuffix("-file") for name in names}


def data_addresses(text: str) -> list[str]:
    """The data: addresses of pictures in what a page was sent."""
    return re.findall(r"data:(image/(?:png|jpeg);base64,[A-Za-z0-9+/=]+)", text)


def shows_label(picture: Image.Image) -> bool:
    """Whether the visible label stands in the lower right corner, or on a band beneath, of a picture of mode L or RGB."""
    pixels = np.asarray(picture.convert("L"), np.float64)
    inner = [Image.new("L", (picture.width, picture.height - band)) for band in range(LEAST, 26)]
    plates = [plate_for(picture), *map(plate_for, inner)]
    return any(_matches(pixels, np.asarray(plate, np.float64)) for plate in plates)


def _matches(pixels: np.ndarray, plate: np.ndarray) -> bool:
    """Correlation of the plate with the corner, or with the middle of the lower edge, above 0.9."""
    height, width = plate.shape
    middle = (pixels.shape[1] - width) // 2
    places = (pixels[-height:, -width:], pixels[-height:, middle : middle + width])
    return any(
        place.shape == plate.shape
        and place.std() > 0
        and np.corrcoef(place.ravel(), plate.ravel())[0, 1] > 0.9
        for place in places
    )
