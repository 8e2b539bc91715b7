"""Every file that the app makes is written here: with its label, with its recipe, whole or not at all.

A picture handed to Gradio as an object is encoded again and loses its metadata, so hand over these paths.
"""

import io
import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from PIL import ExifTags, Image, PngImagePlugin

from aigc_demo.core.errors import InputError
from aigc_demo.core.failures import FULL, is_full
from aigc_demo.media.pixels import to_picture
from aigc_demo.media.visible import stamp
from aigc_demo.provenance.containers import JPEG_XMP, add_riff_chunks
from aigc_demo.provenance.documents import WORDS, write_document
from aigc_demo.provenance.marking import PLAIN, Marking
from aigc_demo.provenance.schema import Provenance, Recipe
from aigc_demo.provenance.watermark.image import embed
from aigc_demo.provenance.xmp import write_packet

MORSE = ".- .."  # A, I: the rhythm that GB 45438-2025 names for sound
# seconds of a dot; a dash is three, a gap in a letter one, between letters three, at the end seven
UNIT = 0.08
PITCH, LEVEL = 880.0, 0.25  # Hz; amplitude
FADE = 0.008  # seconds: a tone that begins at full strength clicks


def new_path(folder: str | Path, stem: str, suffix: str) -> Path:
    """A free name such as folder/gan-digits-seed42-8f3a2c.png; the folder is made if need be.

    `stem` may come from a model's name: what is no letter, digit, dot, dash or underscore becomes a dash.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    clean = "".join(c if c.isalnum() or c in "._-" else "-" for c in stem)[:80].strip(".-") or "file"
    while True:
        path = folder / f"{clean}-{uuid4().hex[:6]}{suffix}"
        if not path.exists():
            return path


def save_image(
    image: Any, path: str | Path, recipe: Recipe, scale: int = 1, marking: Marking = PLAIN
) -> Path:
    """Write a picture as .png, .jpg, .jpeg or .webp (lossless), its pixels repeated `scale` times."""
    path = Path(path)
    picture = to_picture(image, scale)
    picture = stamp(picture) if marking.visible else picture
    if marking.image_key:
        picture = Image.fromarray(embed(np.asarray(picture), marking.image_key))
    return write_marked(path, encode(picture, path.suffix.lower(), Provenance.new(recipe)), marking)


def save_copy(picture: Image.Image, path: Path, said: Provenance) -> Path:
    """Write a picture that a visitor brought, scaled or re-encoded, with what it said of itself."""
    data = encode(picture, path.suffix.lower(), said)
    return write_whole(path, lambda temporary: temporary.write_bytes(data))


def encode(picture: Image.Image, suffix: str, said: Provenance, **options: Any) -> bytes:
    """The bytes of a .png, .jpg, .jpeg or .webp (lossless) that makes these statements; `options` are Pillow's."""
    packet = write_packet(said) if said.label or said.source_type or said.recipe else b""
    file = io.BytesIO()
    match suffix:
        case ".png":
            picture.save(file, "PNG", pnginfo=_png_text(said, packet), **options)
        case ".jpg" | ".jpeg":
            _check_segment(len(packet) + len(JPEG_XMP))
            quality = {"quality": 95, "subsampling": 0, **options}
            picture.save(file, "JPEG", exif=_exif_comment(said), xmp=packet, **quality)
        case ".webp":
            picture.save(file, "WEBP", lossless=True, xmp=packet)
        case other:
            raise unknown_suffix(other, ".png, .jpg, .webp")
    return file.getvalue()


def save_audio(samples: Any, rate: int, path: str | Path, recipe: Recipe, marking: Marking = PLAIN) -> Path:
    """Write samples in [-1, 1] (or int16), shape (T,) or (T, channels), as .wav of 16 bits at `rate` Hz."""
    path = Path(path)
    if path.suffix.lower() != ".wav":
        raise unknown_suffix(path.suffix, ".wav")
    sound = np.asarray(samples)
    if sound.dtype != np.int16:
        if not np.isfinite(sound).all():
            raise InputError(
                en="The model gave sound that is not finite; choose another checkpoint.",
                zh="模型输出的声音含有非有限值；请选择其他检查点。",
            )
        sound = np.rint(np.clip(sound, -1, 1) * 32767)
    if marking.visible:
        sound = with_notice(sound, rate)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1 if sound.ndim == 1 else sound.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(sound.astype("<i2").tobytes())
    provenance = Provenance.new(recipe)
    words = WORDS.encode() + b"\0"
    chunks = {
        b"AIGC": provenance.label_json().encode(),
        b"_PMX": write_packet(provenance),
        b"LIST": b"INFOICMT" + len(words).to_bytes(4, "little") + words + b"\0" * (len(words) % 2),
    }
    return write_marked(path, add_riff_chunks(file.getvalue(), chunks), marking)


def save_text(text: str, path: str | Path, recipe: Recipe, fields: Mapping[str, Any] | None = None) -> Path:
    """Write a text as .txt, .md or .json in UTF-8, with the label in words and in JSON; in .json with these fields, too."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".txt", ".md", ".json"):
        raise unknown_suffix(suffix, ".txt, .md, .json")
    data = write_document(text, suffix, Provenance.new(recipe), fields).encode("utf-8", "replace")
    return write_whole(path, lambda temporary: temporary.write_bytes(data))


def _png_text(provenance: Provenance, packet: bytes) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    if packet:
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
    if provenance.label:
        info.add_text("AIGC", provenance.label_json())
    if provenance.recipe:
        info.add_itxt("recipe", provenance.recipe_json())
    return info


def _exif_comment(provenance: Provenance) -> Image.Exif:
    """EXIF with the label as UserComment; there the key AIGC has to be part of the value."""
    exif = Image.Exif()
    if provenance.label is None:
        return exif
    comment = b"ASCII\0\0\0" + f'{{"AIGC":{provenance.label_json()}}}'.encode()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = comment
    return exif


def _check_segment(length: int) -> None:
    if length > 65_533:
        raise InputError(
            en="The settings are too long for a JPEG file; save the picture as PNG.",
            zh="设置内容过长，无法写入 JPEG 文件；请将图片保存为 PNG。",
        )


def write_whole(path: Path, write: Callable[[Path], Any]) -> Path:
    """Let `write` fill a temporary file beside `path`, then rename it: no reader ever sees half a file."""
    temporary = path.with_name(f".{path.stem}.{uuid4().hex[:8]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.replace(path)
    except OSError as error:
        if is_full(error):
            raise InputError.of(FULL) from error
        raise InputError(
            en=f"{path.name} cannot be written ({error.strerror}); free some space or choose another folder.",
            zh=f"无法写入 {path.name}（{error.strerror}）；请清理磁盘空间或选择其他文件夹。",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return path


def write_marked(path: Path, data: bytes, marking: Marking) -> Path:
    """Write a finished file, signed where `marking` has a signer."""
    if marking.signer:
        data = marking.signer.sign(data, path.suffix.lower())
    return write_whole(path, lambda temporary: temporary.write_bytes(data))


def unknown_suffix(suffix: str, known: str) -> InputError:
    """The error for a file name whose ending is none of `known`."""
    return InputError(
        en=f"Files named *{suffix} cannot be written here; use one of {known}.",
        zh=f"这里不能写入 *{suffix} 文件；请使用 {known} 之一。",
    )


def morse_notice(rate: int) -> np.ndarray:
    """The notice alone: int16 (T,) at `rate` Hz, about 2 s with the pause after it."""
    parts: list[np.ndarray] = []
    for sign in MORSE:
        parts.append(_silence(rate, 2) if sign == " " else _tone(rate, 1 if sign == "." else 3))
        if sign != " ":
            parts.append(_silence(rate, 1))
    return np.concatenate([*parts, _silence(rate, 6)]).astype(np.int16)


def with_notice(sound: np.ndarray, rate: int) -> np.ndarray:
    """Sound of 16 bits, (T,) or (T, channels), behind the notice."""
    notice = morse_notice(rate)
    if sound.ndim == 2:
        notice = np.repeat(notice[:, None], sound.shape[1], axis=1)
    return np.concatenate([notice, sound])


def _silence(rate: int, units: int) -> np.ndarray:
    return np.zeros(round(units * UNIT * rate))


def _tone(rate: int, units: int) -> np.ndarray:
    time = np.arange(round(units * UNIT * rate)) / rate
    edge = np.minimum(time, time[-1] - time) / FADE
    return LEVEL * 32767 * np.sin(2 * np.pi * PITCH * time) * np.clip(edge, 0, 1)
