"""Uploaded pictures whose numbers mean something else than 8 bits of sRGB, and files of kinds that are not read."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, features

from aigc_demo.core.errors import InputError
from aigc_demo.media import colours
from aigc_demo.media.uploads import open_picture, read_upload
from tests.media import profiles

RAMP = np.tile(np.linspace(0, 1, 64), (16, 1))


def png(levels):
    """A PNG of 16 bits, grey (H, W) or colour (H, W, 3 or 4), which Pillow does not write."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    kind = {1: 0, 3: 2, 4: 6}[levels.shape[2] if levels.ndim == 3 else 1]
    header = struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def opened(tmp_path, data, name="a.png"):
    (tmp_path / name).write_bytes(data)
    return read_upload(tmp_path / name)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_few_bits_in_a_deep_file_are_stretched_and_said(bits, channels, tmp_path):
    grey = np.rint(RAMP * (2**bits - 1)).astype(np.uint16)
    levels = grey if channels == 1 else np.dstack([grey, grey, grey, np.full_like(grey, 65535)][:channels])
    upload = opened(tmp_path, png(levels))
    wanted = np.rint(255 * RAMP)
    # of 16 whole bits of colour Pillow gives the upper byte
    assert np.abs(np.asarray(upload.picture.convert("L")) - wanted).max() <= 1
    assert (f"{bits} bits" in upload.note.en) == (bits < 16) and bool(upload.note.zh) == (bits < 16)


def test_tiffs_of_floats_and_below_zero_are_seen(tmp_path):
    for levels, said in ((RAMP, ""), (RAMP * 2000 - 1000, "-1000 to 1000"), (RAMP * 1e6, "0 to 1e+06")):
        Image.fromarray(levels.astype(np.float32)).save(tmp_path / "a.tif")
        upload = read_upload(tmp_path / "a.tif")
        assert upload.picture.getextrema() == (0, 255) and said in upload.note.en
    Image.fromarray((RAMP > 0.5).astype(np.uint16)).save(tmp_path / "mask.png")
    assert open_picture(tmp_path / "mask.png").getextrema() == (0, 255)
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "night.png")
    assert read_upload(tmp_path / "night.png").note.en == ""


COLOURS = [(profiles.P3, (100, 180, 60)), (profiles.ADOBE, (200, 120, 60)), (profiles.ADOBE, (80, 190, 160))]


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_colours_of_a_wide_space_come_in_srgb(format_, tmp_path):
    if format_ == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    exact = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}.get(format_, {"quality": 100})
    for primaries, numbers in COLOURS:
        path = tmp_path / f"a.{format_.lower()}"
        profile = profiles.of_rgb(primaries)
        Image.new("RGB", (16, 16), numbers).save(path, format_, icc_profile=profile, **exact)
        picture = open_picture(path)
        wanted = profiles.in_srgb(numbers, primaries)
        assert np.abs(picture.getpixel((8, 8)) - wanted).max() <= 6 and picture.info == {}
        assert np.abs(wanted - numbers).max() > 10


def test_every_mode_is_converted_and_alpha_stays(tmp_path):
    profile, numbers = profiles.of_rgb(), (100, 180, 60)
    plain = Image.new("RGB", (8, 8), numbers)
    plain.save(tmp_path / "rgb.png", icc_profile=profile)
    wanted = np.array(open_picture(tmp_path / "rgb.png").getpixel((0, 0)))
    plain.quantize(4).save(tmp_path / "palette.png", icc_profile=profile)
    assert np.abs(np.array(open_picture(tmp_path / "palette.png").getpixel((0, 0))) - wanted).max() <= 2
    clear = plain.convert("RGBA")
    clear.putpixel((0, 0), (0, 0, 0, 0))
    clear.save(tmp_path / "alpha.png", icc_profile=profile)
    shown = open_picture(tmp_path / "alpha.png", background=(1, 2, 3))
    assert (
        shown.getpixel((0, 0)) == (1, 2, 3) and np.abs(np.array(shown.getpixel((4, 4))) - wanted).max() <= 1
    )
    Image.new("L", (8, 8), 128).save(tmp_path / "grey.png", icc_profile=profiles.of_grey(1.0))
    grey = open_picture(tmp_path / "grey.png")
    assert grey.mode == "L" and abs(grey.getpixel((0, 0)) - 188) <= 1  # half the light
    Image.new("L", (8, 8), 100).save(
        tmp_path / "odd.png", icc_profile=profile
    )  # a screen's, on a grey picture
    assert open_picture(tmp_path / "odd.png").mode == "L"


def test_inks_are_mixed_as_their_profile_says(tmp_path):
    inks = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    inks.save(tmp_path / "plain.jpg", quality=100)
    inks.save(tmp_path / "print.jpg", quality=100, icc_profile=profiles.of_inks())
    inks.save(tmp_path / "print.tif", icc_profile=profiles.of_inks())
    plain = open_picture(tmp_path / "plain.jpg").getpixel((0, 0))
    for name in ("print.jpg", "print.tif"):
        red, green, blue = open_picture(tmp_path / name).getpixel((0, 0))
        assert plain[0] > 250 and red < 200 and red > green + 40, (plain, red, green, blue)


def test_a_profile_that_cannot_be_used_is_said(tmp_path):
    picture = Image.new("RGB", (8, 8), (9, 90, 190))
    for profile in (
        b"noise" * 40,
        profiles.of_inks(),
        profiles.of_rgb()[:200],
        bytes(colours.MAX_PROFILE + 1),
    ):
        picture.save(tmp_path / "a.tif", icc_profile=profile)
        upload = read_upload(tmp_path / "a.tif", name="mine.tif")
        assert upload.picture.getpixel((0, 0)) == (9, 90, 190)
        assert upload.note.en.startswith("mine.tif has a colour profile") and upload.note.zh


KINDS = {
    "a.heic": (b"\0\0\0\x18ftypheic", "a HEIC picture"),
    "b.jxl": (b"\xff\x0a", "a JPEG XL picture"),
    "c.psd": (b"8BPS\0\1", "a Photoshop picture"),
    "d.jpg": (b"%PDF-1.7", "a PDF document"),
    "e.dcm": (bytes(128) + b"DICM", "a DICOM scan"),
    "f.exr": (b"v/1\x01", "a OpenEXR picture"),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_not_read_is_called_by_its_name(name, tmp_path):
    head, words = KINDS[name]
    with pytest.raises(InputError, match=words) as caught:
        opened(tmp_path, head + bytes(300), name)
    assert name in caught.value.text.zh


def test_a_raw_file_is_not_taken_for_its_thumbnail(tmp_path):
    file = io.BytesIO()
    Image.new("RGB", (160, 120)).save(file, "TIFF")
    with pytest.raises(InputError, match="camera's raw file"):
        opened(tmp_path, file.getvalue(), "DSC_0001.NEF")
