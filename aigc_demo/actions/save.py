"""What all written files share: names, recipes, how far small pictures are enlarged, and clearing old files away."""

import re
import time
from pathlib import Path
from typing import Protocol

import numpy as np

from aigc_demo.models.cards import ModelCard
from aigc_demo.provenance import Recipe
from aigc_demo.provenance.carrying import sources
from aigc_demo.schemas import Request, task_of

OURS = re.compile(r"-[0-9a-f]{6}\.(png|jpg|webp|gif|mp4|zip|txt|md|json)$")  # as media.new_path names them
SHEET_SIDE, GIF_SIDE, MP4_SIDE = 128, 224, 448  # pixels that a picture is enlarged to: crisp in a slide
PATHS = {"image", "mask", "from_image", "to_image"}  # paths of this machine mean nothing elsewhere


class Result(Protocol):
    """What every verb returns."""

    request: Request
    card: ModelCard


def sweep(folder: Path, seconds: float = 3600) -> None:
    """Remove files of ours that were written more than `seconds` ago: the browser has its copy by then."""
    for path in folder.glob("*-??????.*"):
        if OURS.search(path.name) and time.time() - path.stat().st_mtime > seconds:
            path.unlink(missing_ok=True)


def recipe_of(request: Request, card: ModelCard) -> Recipe:
    """What it takes to make a result of this request again, and what the pictures that it names said of themselves."""
    # the card's id: a folder that was named instead is a path of this machine
    values = {**request.model_dump(exclude=PATHS), "model": card.id}
    given = {name: path for name in sorted(PATHS) if (path := getattr(request, name, ""))}
    return Recipe(
        task=task_of(request).name,
        model=card.id,
        weights=card.weights_hash(),
        request=values,
        sources=tuple(sources(given)),
    )


def stem(result: Result) -> str:
    """Start of the file's name: model and seed."""
    values = result.request.model_dump()
    seed = values.get("seed", values.get("from_seed", ""))
    name = result.card.id.replace("/", "-")
    return f"{name}-seed{seed}" if seed != "" else name


def scale_to(side: int, pictures: np.ndarray) -> int:
    """The whole number of times that pictures (N, H, W[, 3]) are enlarged to be at most `side` wide; at least 1."""
    return max(side // pictures.shape[2], 1)
