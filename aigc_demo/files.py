"""Labelled files from results: what the page offers for download and the command line writes to `--out`."""

import re
import time
import zipfile
from pathlib import Path

import numpy as np

from aigc_demo import media
from aigc_demo.actions import GridResult, ImageResult, ReconstructResult, TextResult, WalkResult
from aigc_demo.cards import ModelCard
from aigc_demo.contracts import Request, task_of
from aigc_demo.provenance import Recipe

OURS = re.compile(r"-[0-9a-f]{6}\.(png|jpg|webp|gif|mp4|zip|txt|md|json)$")  # as media.new_path names them
SHEET_SIDE, GIF_SIDE, MP4_SIDE = (
    128,
    224,
    448,
)  # pixels that a picture is enlarged to, at most: crisp in a slide


def sweep(folder: Path, seconds: float = 3600) -> None:
    """Remove files of ours that were written more than `seconds` ago: the browser has its copy by then."""
    for path in folder.glob("*-??????.*"):
        if OURS.search(path.name) and time.time() - path.stat().st_mtime > seconds:
            path.unlink(missing_ok=True)


def recipe_of(request: Request, card: ModelCard) -> Recipe:
    """What it takes to make a result of this request again."""
    values = request.model_dump(
        exclude={"image", "from_image", "to_image"}
    )  # paths of this machine mean nothing elsewhere
    return Recipe(task=task_of(request), model=card.id, weights=card.weights_hash(), request=values)


def stem(result: ImageResult | TextResult | WalkResult | GridResult | ReconstructResult) -> str:
    """Start of the file's name: model and seed."""
    values = result.request.model_dump()
    seed = values.get("seed", values.get("from_seed", ""))
    return (
        f"{result.card.id.replace('/', '-')}-seed{seed}" if seed != "" else result.card.id.replace("/", "-")
    )


def scale_to(side: int, pictures: np.ndarray) -> int:
    """The whole number of times that pictures (N, H, W[, 3]) are enlarged to be at most `side` wide; at least 1."""
    return max(side // pictures.shape[2], 1)


def write_sheet(result: ImageResult | GridResult, folder: Path, suffix: str = ".png") -> Path:
    """All pictures of a result on one contact sheet."""
    columns = columns_for(result)
    sheet = media.contact_sheet(result.pictures, columns, gap=2, scale=scale_to(SHEET_SIDE, result.pictures))
    return media.save_image(
        sheet, media.new_path(folder, stem(result), suffix), recipe_of(result.request, result.card)
    )


def columns_for(result: ImageResult | GridResult) -> int:
    """Pictures a row: a grid's side; else at most ten, and a multiple of the classes so that each has its columns."""
    if isinstance(result, GridResult):
        return result.request.size
    total, kinds = len(result.labels), len(set(result.labels))
    widest = min(10, max(kinds, round((total * 2) ** 0.5)))
    return min(total, max(1, widest // kinds * kinds))


def write_pictures(result: ImageResult, folder: Path, scale: int = 1, suffix: str = ".png") -> list[Path]:
    """Each picture as a file of its own, named by its place and class."""
    recipe = recipe_of(result.request, result.card)
    return [
        media.save_image(
            picture, media.new_path(folder, f"{stem(result)}-{index:03d}-class{label}", suffix), recipe, scale
        )
        for index, (picture, label) in enumerate(zip(result.pictures, result.labels, strict=True))
    ]


def write_archive(result: ImageResult, folder: Path) -> Path:
    """A zip of all pictures of a result, each labelled."""
    path = media.new_path(folder, stem(result), ".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for picture in write_pictures(result, folder):
            archive.write(picture, picture.name)
            picture.unlink()
    return path


def write_film(result: WalkResult, folder: Path, suffix: str = ".gif") -> Path:
    """The walk as an endless GIF or an MP4."""
    path = media.new_path(folder, stem(result), suffix)
    scale = scale_to(GIF_SIDE if suffix == ".gif" else MP4_SIDE, result.frames)
    return media.save_animation(
        result.frames, path, recipe_of(result.request, result.card), result.request.fps, scale
    )


def write_strip(result: WalkResult, folder: Path, suffix: str = ".png") -> Path:
    """The way from A to B in twelve pictures at most."""
    forward = result.frames[: result.request.frames]
    strip = media.strip(forward, count=12, scale=scale_to(SHEET_SIDE, forward))
    return media.save_image(
        strip, media.new_path(folder, stem(result) + "-strip", suffix), recipe_of(result.request, result.card)
    )


def write_reconstruction(result: ReconstructResult, folder: Path, suffix: str = ".png") -> Path:
    """Input, noisy input and reconstruction side by side."""
    row = np.stack([result.original, result.noisy, result.reconstruction])
    sheet = media.contact_sheet(row, 3, scale=scale_to(SHEET_SIDE, row))
    return media.save_image(
        sheet, media.new_path(folder, stem(result), suffix), recipe_of(result.request, result.card)
    )


def write_texts(result: TextResult, folder: Path, suffix: str = ".txt") -> Path:
    """All texts of a result under their title, with a blank line between them."""
    path = media.new_path(folder, stem(result), suffix)
    title = [result.request.prompt] if result.request.prompt_is == "title" and result.request.prompt else []
    text = "\n\n".join([*title, *full_texts(result)])
    return media.save_text(text, path, recipe_of(result.request, result.card))


def full_texts(result: TextResult) -> list[str]:
    """The texts of all samples; an opening belongs to the text it opens."""
    opening = result.request.prompt if result.request.prompt_is == "opening" else ""
    return [(opening + sample.text).strip() for sample in result.samples]
