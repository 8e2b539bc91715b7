"""Where a photograph was taken, and with what, stays with whoever brings it: in no data set and in no file of ours."""

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sklearn.datasets import load_sample_images

from aigc_demo import actions, media
from aigc_demo.core.settings import Settings
from aigc_demo.data.imports import ImportRequest, import_files
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import ReconstructRequest, UpscaleRequest

CAMERA, COMMENT = "Secretcam 9000", "taken at home"
GPS, DATE, MAKE = 0x8825, 0x0132, 0x010F  # EXIF tags
PLACE = {1: "N", 2: (31.0, 14.0, 7.123), 3: "E", 4: (121.0, 29.0, 8.321)}  # latitude and longitude
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="31,14.7N"/></x:xmpmeta>'


def photograph(kind, index=0):
    """A small photograph as a telephone writes it: EXIF with place, time and camera, XMP, a comment."""
    pixels = load_sample_images().images[0][4 * index : 4 * index + 64, 5 * index : 5 * index + 64]
    exif = Image.Exif()
    exif[MAKE], exif[DATE] = CAMERA, "2026:11:22 12:00:00"
    exif.get_ifd(GPS).update(PLACE)
    out, note = io.BytesIO(), PngInfo()
    note.add_text("Comment", COMMENT)
    more = {"pnginfo": note} if kind == "PNG" else {"comment": COMMENT} if kind == "JPEG" else {}
    Image.fromarray(pixels).save(out, kind, exif=exif, xmp=XMP, **more)
    return out.getvalue()


def secrets_in(data):
    """What of the photograph's own words is in these bytes."""
    words = (CAMERA.encode(), COMMENT.encode(), b"GPSLatitude", b"2026:11:22")
    return [word for word in words if word in data]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_data_set_holds_pixels_alone(kind, tmp_path):
    data = photograph(kind)
    assert CAMERA.encode() in data
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.getexif().get_ifd(GPS)
    (tmp_path / "album").mkdir()
    for index in range(24):
        (tmp_path / "album" / f"{index}.{kind.lower()}").write_bytes(photograph(kind, index))
    request = ImportRequest(name="mine", consent=True, side=28, drop_duplicates=False)
    import_files(request, [tmp_path / "album"], tmp_path / "data")
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert kept
    assert {path.name: secrets_in(path.read_bytes()) for path in kept if secrets_in(path.read_bytes())} == {}


def test_a_file_of_ours_says_nothing_of_the_photograph(tmp_path):
    cache, path = ModelCache(Settings()), tmp_path / "photo.jpg"
    path.write_bytes(photograph("JPEG", index=45))
    opened = media.open_picture(path)
    assert not opened.getexif()
    assert not {"exif", "xmp", "comment"} & opened.info.keys()
    small = tmp_path / "small.png"
    Image.open(path).resize((12, 12)).save(small, exif=Image.open(path).getexif())
    assert CAMERA.encode() in small.read_bytes()
    enlarged = actions.upscale(UpscaleRequest(model="realesrgan-x4", image=str(small)), cache)
    rebuilt = actions.reconstruct(ReconstructRequest(model="vae-digits", image=str(path)), cache)
    written = [actions.write_upscaled(enlarged, tmp_path, suffix) for suffix in (".png", ".jpg", ".webp")]
    written.append(actions.write_reconstruction(rebuilt, tmp_path))
    for made in written:
        assert secrets_in(made.read_bytes()) == []
        assert not Image.open(made).getexif().get_ifd(GPS)
