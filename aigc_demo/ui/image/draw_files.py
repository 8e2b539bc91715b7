"""A finished drawing as labelled files, beside what it started from; and its request as it may be shown."""

from pathlib import Path

import gradio as gr
from PIL import Image, ImageOps

from aigc_demo import actions, media
from aigc_demo.actions import DrawResult
from aigc_demo.provenance.carrying import carried
from aigc_demo.provenance.marking import Marking
from aigc_demo.schemas import DrawRequest
from aigc_demo.ui.image.draw_progress import DrawProgress, FinishedDrawing
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.gradio_gaps import file_address

UPLOADS = ("image", "mask")  # never set from a recipe or a link: they would name files of the server


def finished(
    context: Context, result: DrawResult, progress: DrawProgress, asked: DrawRequest, visitor: gr.Request
) -> FinishedDrawing:
    """The drawing with its labelled files, which the page shows by address, and what it started from."""
    folder, marking = context.folder(visitor), context.marking(visitor)
    addresses = [file_address(path) for path in actions.write_drawings(result, folder, marking=marking)]
    start = ""
    if asked.image:
        size = result.pictures.shape[2], result.pictures.shape[1]
        path = media.new_path(folder, "start", ".png")
        given = media.open_picture(asked.image).convert("RGB")
        media.save_copy(ImageOps.fit(given, size, Image.Resampling.LANCZOS), path, carried(asked.image))
        start = file_address(path)
    return FinishedDrawing(result, addresses, progress.films, start)


def portable(request: DrawRequest) -> DrawRequest:
    """The request for the code panel, with names that the reader replaces where the paths of uploads were."""
    own = {name: f"{name}.png" for name in UPLOADS if getattr(request, name)}
    return request.model_copy(update=own)


def write_all(drawing: FinishedDrawing, folder: Path, marking: Marking) -> Path:
    """A zip of all pictures of a drawing, each labelled."""
    return actions.write_archive(drawing.result, folder, marking)
