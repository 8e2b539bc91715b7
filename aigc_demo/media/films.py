"""Films of small pictures: GIF for anywhere, MP4 for players that can pause and seek."""

import io
import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from aigc_demo.core.errors import InputError
from aigc_demo.media.files import unknown_suffix, write_marked
from aigc_demo.media.pixels import to_picture
from aigc_demo.media.visible import stamp
from aigc_demo.provenance.containers import add_gif_xmp, mp4_xmp_box
from aigc_demo.provenance.documents import WORDS
from aigc_demo.provenance.marking import PLAIN, Marking
from aigc_demo.provenance.schema import Provenance, Recipe
from aigc_demo.provenance.xmp import write_packet

MAX_FPS = 50  # browsers slow a GIF frame of under 2/100 s down to 1/10 s
BT709 = 1  # the code of primaries, transfer and matrix in ITU-T H.273
LIMITED = 1  # luma from 16 to 235, as players expect of yuv420p


def save_animation(
    frames: Sequence[Any],
    path: str | Path,
    recipe: Recipe,
    fps: float = 24,
    scale: int = 1,
    marking: Marking = PLAIN,
) -> Path:
    """Write frames of one size as an endless .gif or an .mp4 (H.264, yuv420p) that browsers play.

    `fps` is 1 to 50 frames per second. Each frame is enlarged `scale` times by repeating pixels.
    """
    path = Path(path)
    if len(frames) == 0 or not 1 <= fps <= MAX_FPS:
        raise InputError(
            en=f"A film needs frames, 1 to {MAX_FPS} of them per second; here are {len(frames)} at {fps:g}.",
            zh=f"影片需要有帧，且每秒 1 到 {MAX_FPS} 帧；现在是 {len(frames)} 帧，每秒 {fps:g} 帧。",
        )
    pictures = [to_picture(frame, scale) for frame in frames]
    pictures = [stamp(picture) for picture in pictures] if marking.visible else pictures
    if any(picture.mode != "L" for picture in pictures):
        pictures = [picture.convert("RGB") for picture in pictures]
    provenance = Provenance.new(recipe)
    match path.suffix.lower():
        case ".gif":
            data = add_gif_xmp(_encode_gif(pictures, fps, provenance), write_packet(provenance))
            return write_marked(path, data, marking)
        case ".mp4":
            with TemporaryDirectory() as folder:  # faststart goes over a real file twice
                data = _encode_mp4(Path(folder) / "film.mp4", pictures, fps, provenance)
            return write_marked(path, data, marking)
        case other:
            raise unknown_suffix(other, ".gif, .mp4")


def _encode_gif(pictures: list[Image.Image], fps: float, provenance: Provenance) -> bytes:
    """Grey pictures keep all 256 tones; coloured ones share a palette, so that nothing flickers."""
    if pictures[0].mode == "L":
        palette = bytes(level for tone in range(256) for level in (tone, tone, tone))
    else:
        shared = _shared_palette(pictures)
        pictures = [picture.quantize(palette=shared, dither=Image.Dither.NONE) for picture in pictures]
        palette = None
    comment = f'{WORDS} {{"AIGC":{provenance.label_json()}}}'.encode()
    file = io.BytesIO()
    first, *others = pictures
    first.save(
        file,
        "GIF",
        save_all=True,
        append_images=others,
        duration=_durations(len(pictures), fps),
        loop=0,
        optimize=False,
        comment=comment,
        palette=palette,
    )
    return file.getvalue()


def _shared_palette(pictures: list[Image.Image]) -> Image.Image:
    """256 colours for the whole film, chosen on at most 16 of its frames."""
    sample = pictures[:: math.ceil(len(pictures) / 16)]
    width, height = sample[0].size
    wall = Image.new("RGB", (width, height * len(sample)))
    for index, picture in enumerate(sample):
        wall.paste(picture, (0, index * height))
    return wall.quantize(256, method=Image.Quantize.MEDIANCUT)


def _durations(count: int, fps: float) -> list[int]:
    """Milliseconds a frame. GIF counts in 1/100 s: rounding the ends, not the lengths, keeps time."""
    ends = [round(100 * index / fps) for index in range(count + 1)]
    return [10 * (end - start) for start, end in pairwise(ends)]


def _encode_mp4(path: Path, pictures: list[Image.Image], fps: float, provenance: Provenance) -> bytes:
    import av

    # without use_metadata_tags the keys are dropped without a word; faststart puts the index first
    options = {"movflags": "use_metadata_tags+faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as film:
        film.metadata.update(
            AIGC=provenance.label_json(), recipe=provenance.recipe_json(), comment="AI-generated"
        )
        rate = Fraction(fps).limit_denominator(1001)
        stream = film.add_stream("libx264", rate=rate, options={"crf": "14", "preset": "medium"})
        stream.width, stream.height = (side + side % 2 for side in pictures[0].size)
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = LIMITED
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(_even(picture), format="rgb24")
            film.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace=BT709)))
        film.mux(stream.encode(None))
    return path.read_bytes() + mp4_xmp_box(write_packet(provenance))


def _even(picture: Image.Image) -> np.ndarray:
    """The picture as RGB of even width and height, as yuv420p needs: its last row and column repeated."""
    array = np.asarray(picture.convert("RGB"))
    height, width = array.shape[:2]
    return np.pad(array, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
