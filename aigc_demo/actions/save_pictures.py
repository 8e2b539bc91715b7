"""Files of results that are pictures: sheets, single pictures, archives, films, strips."""

import zipfile
from pathlib import Path

import numpy as np

from aigc_demo import media
from aigc_demo.actions.draw import DrawResult
from aigc_demo.actions.latent import GridResult, WalkResult
from aigc_demo.actions.pictures import ImageResult, ReconstructResult
from aigc_demo.actions.save import GIF_SIDE, MP4_SIDE, SHEET_SIDE, recipe_of, scale_to, stem
from aigc_demo.actions.upscale import UpscaleResult
from aigc_demo.core.errors import InputError
from aigc_demo.media.cutouts import save_cutout
from aigc_demo.provenance.marking import PLAIN, Marking

SPRITE_SIDE = 4096  # pixels of an enlarged sprite, at most


def write_sheet(
    result: ImageResult | GridResult, folder: Path, suffix: str = ".png", marking: Marking = PLAIN
) -> Path:
    """All pictures of a result on one contact sheet."""
    columns = columns_for(result)
    sheet = media.contact_sheet(result.pictures, columns, gap=2, scale=scale_to(SHEET_SIDE, result.pictures))
    return media.save_image(
        sheet,
        media.new_path(folder, stem(result), suffix),
        recipe_of(result.request, result.card),
        marking=marking,
    )


def columns_for(result: ImageResult | GridResult) -> int:
    """Pictures a row: a grid's side; else at most ten, and a multiple of the classes so that each has its columns."""
    if isinstance(result, GridResult):
        return result.request.size
    total, kinds = len(result.labels), len(set(result.labels))
    widest = min(10, max(kinds, round((total * 2) ** 0.5)))
    return min(total, max(1, widest // kinds * kinds))


def write_pictures(
    result: ImageResult, folder: Path, scale: int = 1, suffix: str = ".png", marking: Marking = PLAIN
) -> list[Path]:
    """Each picture as a file of its own, named by its place and class."""
    recipe = recipe_of(result.request, result.card)
    return [
        media.save_image(
            picture,
            media.new_path(folder, f"{stem(result)}-{index:03d}-class{label}", suffix),
            recipe,
            scale,
            marking,
        )
        for index, (picture, label) in enumerate(zip(result.pictures, result.labels, strict=True))
    ]


def write_archive(result: ImageResult | DrawResult, folder: Path, marking: Marking = PLAIN) -> Path:
    """A zip of all pictures of a result, each labelled."""
    write = write_drawings if isinstance(result, DrawResult) else write_pictures
    path = media.new_path(folder, stem(result), ".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for picture in write(result, folder, marking=marking):
            archive.write(picture, picture.name)
            picture.unlink()
    return path


def write_film(result: WalkResult, folder: Path, suffix: str = ".gif", marking: Marking = PLAIN) -> Path:
    """The walk as an endless GIF or an MP4."""
    path = media.new_path(folder, stem(result), suffix)
    scale = scale_to(GIF_SIDE if suffix == ".gif" else MP4_SIDE, result.frames)
    return media.save_animation(
        result.frames, path, recipe_of(result.request, result.card), result.request.fps, scale, marking
    )


def write_strip(result: WalkResult, folder: Path, suffix: str = ".png", marking: Marking = PLAIN) -> Path:
    """The way from A to B in twelve pictures at most."""
    forward = result.frames[: result.request.frames]
    strip = media.strip(forward, count=12, scale=scale_to(SHEET_SIDE, forward))
    return media.save_image(
        strip,
        media.new_path(folder, stem(result) + "-strip", suffix),
        recipe_of(result.request, result.card),
        marking=marking,
    )


def write_reconstruction(
    result: ReconstructResult, folder: Path, suffix: str = ".png", marking: Marking = PLAIN
) -> Path:
    """Input, damaged input and reconstruction side by side."""
    row = np.stack([result.original, result.damaged, result.reconstruction])
    sheet = media.contact_sheet(row, 3, scale=scale_to(SHEET_SIDE, row))
    return media.save_image(
        sheet,
        media.new_path(folder, stem(result), suffix),
        recipe_of(result.request, result.card),
        marking=marking,
    )


def write_upscaled(
    result: UpscaleResult, folder: Path, suffix: str = ".png", marking: Marking = PLAIN
) -> Path:
    """The enlarged picture, in full."""
    path = media.new_path(folder, stem(result), suffix)
    return media.save_image(result.after, path, recipe_of(result.request, result.card), marking=marking)


def write_drawing(result: DrawResult, folder: Path, suffix: str = ".png", marking: Marking = PLAIN) -> Path:
    """All pictures of a finished drawing side by side, four a row; one alone is the file."""
    sheet = media.contact_sheet(result.pictures, columns=4)
    path = media.new_path(folder, stem(result), suffix)
    return media.save_image(sheet, path, recipe_of(result.request, result.card), marking=marking)


def write_drawings(
    result: DrawResult, folder: Path, suffix: str = ".png", marking: Marking = PLAIN
) -> list[Path]:
    """Each picture of a finished drawing as a file of its own, whose recipe draws this one alone."""
    paths = []
    for seed, picture in zip(result.seeds, result.pictures, strict=True):
        alone = result.request.model_copy(update={"seed": seed, "count": 1})
        path = media.new_path(folder, f"{result.card.id.replace('/', '-')}-seed{seed}", suffix)
        paths.append(media.save_image(picture, path, recipe_of(alone, result.card), marking=marking))
    return paths


def write_sprite(
    result: DrawResult,
    folder: Path,
    suffix: str = ".png",
    marking: Marking = PLAIN,
    scale: int = 1,
    clear: bool = True,
) -> Path:
    """The first picture of a drawing with each pixel repeated `scale` times; `clear`: its plain ground is transparent.

    An InputError where it would be wider than SPRITE_SIDE pixels.
    """
    picture, largest = result.pictures[0], SPRITE_SIDE // max(result.pictures.shape[1:3])
    if not 1 <= scale <= largest:
        raise InputError(
            en=f"A picture of {picture.shape[1]} pixels can be enlarged 1 to {largest} times; choose such a number.",
            zh=f"{picture.shape[1]} 像素的图片可放大 1 到 {largest} 倍；请在此范围内选择。",
        )
    save = save_cutout if clear else media.save_image
    path = media.new_path(folder, f"{stem(result)}-sprite", suffix)
    return save(picture, path, recipe_of(result.request, result.card), scale, marking)
