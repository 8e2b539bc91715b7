"""Files that play, sheets that line up, uploads that cannot hurt."""

import io
import random
import struct
import sys
import wave
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from aigc_demo.core.errors import InputError
from aigc_demo.media import (
    contact_sheet,
    fit_square,
    new_path,
    open_picture,
    save_animation,
    save_audio,
    save_image,
    save_text,
    stamp,
    strip,
    to_uint8,
)
from aigc_demo.media.files import UNIT
from aigc_demo.media.visible import CORNER, plate_for
from aigc_demo.provenance import Recipe, read
from aigc_demo.provenance.marking import Marking

RECIPE = Recipe(task="image", model="gan-digits", request={"seed": 1})


def ramps(count, height=28, width=28):
    """Grey frames that differ from one another everywhere."""
    base = np.add.outer(np.arange(height), np.arange(width))
    return [((3 * base + 7 * index) % 256).astype(np.uint8) for index in range(count)]


def digit(side=400, ink=0, paper=255):
    """A thick 7, drawn off centre."""
    picture = Image.new("L", (side, side), paper)
    at = [(0.1 * side, 0.1 * side), (0.4 * side, 0.1 * side), (0.2 * side, 0.6 * side)]
    ImageDraw.Draw(picture).line(at, fill=ink, width=side // 20)
    return picture


def test_media_needs_no_torch():
    import subprocess

    code = "import sys, aigc_demo.media; assert not {'torch', 'gradio', 'av'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_values_between_minus_one_and_one_become_bytes():
    import torch

    values = np.array([[-1, -0.5, 0, 1, 2]], np.float32)
    assert to_uint8(values).tolist() == [[0, 64, 128, 255, 255]]
    assert to_uint8(torch.from_numpy(values)[None]).tolist() == [[0, 64, 128, 255, 255]]
    assert to_uint8(torch.zeros(3, 4, 5, requires_grad=True)).shape == (4, 5, 3)
    assert to_uint8(np.zeros((4, 5, 1), np.uint8)).shape == (4, 5)
    with pytest.raises(InputError):
        to_uint8(np.array([[np.nan]]))
    with pytest.raises(ValueError, match="array is"):
        to_uint8(np.zeros((2, 3, 4, 5)))


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_pictures_are_kept_exactly_and_enlarged_by_whole_pixels(tmp_path, suffix):
    grey = ramps(1)[0]
    colour = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    for image in (grey, colour):
        path = save_image(image, new_path(tmp_path, "a", suffix), RECIPE, scale=3)
        with Image.open(path) as picture:
            expected = np.repeat(np.repeat(image, 3, 0), 3, 1)
            mode = "L" if image.ndim == 2 and suffix == ".png" else "RGB"
            shown = np.asarray(picture)
            assert picture.mode == mode
            assert np.array_equal(shown if shown.ndim == expected.ndim else shown[..., 0], expected)


def test_names_are_free_safe_and_nothing_half_written_stays(tmp_path, monkeypatch):
    names = {new_path(tmp_path / "new", "gan-digits-seed42", ".png").name for _ in range(50)}
    assert len(names) == 50
    assert all(name.startswith("gan-digits-seed42-") and len(name) == 28 for name in names)
    assert new_path(tmp_path, "../../runs/mine", ".png").parent == tmp_path
    assert new_path(tmp_path, "..", ".png").name.startswith("file-")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(InputError, match="disk is full"):
        save_text("a", tmp_path / "a.txt", RECIPE)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_unknown_suffixes_get_a_sentence(tmp_path):
    for save in (
        lambda: save_image(ramps(1)[0], tmp_path / "a.tiff", RECIPE),
        lambda: save_animation(ramps(2), tmp_path / "a.avi", RECIPE),
        lambda: save_audio([0.0], 8000, tmp_path / "a.mp3", RECIPE),
        lambda: save_text("a", tmp_path / "a.docx", RECIPE),
    ):
        with pytest.raises(InputError, match="use one of"):
            save()
    with pytest.raises(InputError, match="film needs frames"):
        save_animation([], tmp_path / "a.gif", RECIPE)
    with pytest.raises(InputError, match="too long for a JPEG"):
        long = Recipe(task="image", model="m", request={"prompt": "<" * 50_000})
        save_image(ramps(1)[0], tmp_path / "a.jpg", long)


@pytest.mark.parametrize("fps", [1, 7, 24, 30, 50])
def test_gif_keeps_every_frame_every_tone_and_time(tmp_path, fps):
    frames = ramps(15)
    path = save_animation(frames, tmp_path / "a.gif", RECIPE, fps=fps, scale=2)
    total = 0
    with Image.open(path) as film:
        assert (film.n_frames, film.info["loop"], film.size) == (15, 0, (56, 56))
        for index, frame in enumerate(frames):
            film.seek(index)
            total += film.info["duration"]
            assert abs(film.info["duration"] - 1000 / fps) <= 10
            assert np.array_equal(np.asarray(film.convert("L"))[::2, ::2], frame)
    assert abs(total - 15_000 / fps) <= 10


def test_gif_in_colour_and_with_held_frames(tmp_path):
    red, blue = (np.full((8, 8, 3), tone, np.uint8) for tone in ((200, 30, 40), (10, 20, 220)))
    with Image.open(save_animation([red, red, blue], tmp_path / "a.gif", RECIPE, fps=10)) as film:
        assert film.info["duration"] == 200  # what stands still is stored once
        assert film.convert("RGB").getpixel((3, 3)) == (200, 30, 40)
        film.seek(1)
        assert film.convert("RGB").getpixel((3, 3)) == (10, 20, 220)


@pytest.mark.parametrize(("size", "scale"), [((28, 28), 8), ((27, 31), 3)])
def test_mp4_is_what_browsers_play(tmp_path, size, scale):
    import av

    frames = ramps(12, *size)
    path = save_animation(frames, tmp_path / "a.mp4", RECIPE, fps=12, scale=scale)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # plays before it is all there
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 12
        shown = [frame.to_ndarray(format="gray") for frame in film.decode(stream)]
    assert len(shown) == 12
    assert shown[0].shape == tuple(side * scale + side * scale % 2 for side in size)
    for picture, frame in zip(shown, frames, strict=True):
        middle = picture[scale // 2 :: scale, scale // 2 :: scale][: size[0], : size[1]].astype(float)
        assert np.abs(middle - frame).mean() < 4


def test_mp4_keeps_colours(tmp_path):
    import av

    frame = np.full((32, 32, 3), (200, 40, 60), np.uint8)
    path = save_animation([frame] * 3, tmp_path / "a.mp4", RECIPE)
    with av.open(str(path)) as film:
        shown = next(film.decode(video=0))
        assert (shown.colorspace, shown.color_range) == (1, 1)
        error = shown.to_ndarray(format="rgb24", src_colorspace="ITU709")[16, 16].astype(int) - (200, 40, 60)
        assert np.abs(error).max() <= 4


def test_sound_is_kept(tmp_path):
    path = save_audio(np.array([[0, 1], [-1, 2.0]]), 22_050, tmp_path / "a.wav", RECIPE)
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, 22_050, 2)
        samples = np.frombuffer(sound.readframes(9), "<i2")
    assert samples.tolist() == [0, 32767, -32767, 32767]
    with pytest.raises(InputError):
        save_audio([np.inf], 8000, tmp_path / "b.wav", RECIPE)


def test_text_is_kept(tmp_path):
    assert save_text("春望\n", tmp_path / "a.txt", RECIPE).read_text("utf-8").startswith("春望\n\n本文由")
    save_text("lone \ud800", tmp_path / "b.json", RECIPE)
    assert read(tmp_path / "b.json").recipe == RECIPE


def test_sheets_line_up():
    frames = ramps(5)
    sheet = contact_sheet(frames, columns=3, gap=4, scale=2)
    assert (sheet.mode, sheet.size) == ("L", (3 * 56 + 2 * 4, 2 * 56 + 4))
    assert np.array_equal(np.asarray(sheet)[60:116:2, 60:116:2], frames[4])
    assert contact_sheet(np.stack(frames), 3).size == (88, 58)  # a batch in one array
    captioned = contact_sheet(
        frames, 3, scale=2, captions=["0.91", "很长的标题很长的标题", "", "x" * 99, "a"]
    )
    assert captioned.height > sheet.height
    assert strip(frames, count=3, gap=0).size == (84, 28)
    assert np.array_equal(np.asarray(strip(frames, count=2, gap=0))[:, 28:], frames[4])
    with pytest.raises(InputError):
        strip([])


@pytest.mark.parametrize("size", [(28, 28), (200, 224), (1024, 600), (300, 3000), (60, 900)])
def test_the_visible_label_is_high_enough_and_spares_the_picture(size):
    picture = Image.new("RGB", size, (90, 120, 150))
    stamped, plate = stamp(picture), plate_for(picture)
    times = stamped.width // size[0]
    drawn = np.asarray(picture.resize((size[0] * times, size[1] * times)))
    kept = (np.asarray(stamped)[: drawn.shape[0]] == drawn).all(axis=-1)
    assert kept.all() if min(size) < CORNER else (~kept).sum() <= plate.width * plate.height
    words = np.asarray(plate)[plate.height // 5 : -1] > 128
    inked = np.flatnonzero(words.any(axis=1))
    assert inked[-1] - inked[0] + 1 >= 0.05 * min(size)
    assert not words[:, [0, -1]].any()  # not cut off


def test_the_visible_label_is_asked_for(tmp_path):
    frame = Image.new("L", (100, 100))
    for visible, height in ((False, 100), (True, stamp(frame).height)):
        save_image(frame, tmp_path / "a.png", RECIPE, marking=Marking(visible=visible))
        assert Image.open(tmp_path / "a.png").height == height


def test_sound_begins_with_the_rhythm_of_ai_where_the_label_is_asked_for(tmp_path):
    rate, sound = 8000, np.full(4000, 9000, np.int16)
    with wave.open(str(save_audio(sound, rate, tmp_path / "a.wav", RECIPE, Marking(visible=True)))) as file:
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert (heard[-4000:] == sound).all()
    loud = np.abs(heard[:-4000].astype(float).reshape(-1, round(UNIT * rate / 2))).max(axis=1) > 3000
    lengths = [len(run) for run in "".join(".#"[int(tone)] for tone in loud).strip(".").split(".") if run]
    assert lengths == [2, 6, 2, 2]  # short long, short short, in half units


def png(width, height):
    """A sound PNG of one tone, in a few kilobytes."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj()
    rows = b"".join(packer.compress(bytes(1 + width)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_huge_pictures_are_refused_before_they_are_decoded(tmp_path):
    for width, height in ((5_001, 5_000), (12_000, 12_000), (30_000, 30_000)):
        path = tmp_path / f"{width}.png"
        path.write_bytes(
            png(width, 2).replace(struct.pack(">II", width, 2), struct.pack(">II", width, height))
        )
        data = bytearray(path.read_bytes())
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
        path.write_bytes(data)
        with pytest.raises(InputError, match="25 megapixels"):
            open_picture(path)
    (tmp_path / "wide.png").write_bytes(png(20_000, 10))
    assert open_picture(tmp_path / "wide.png").size == (20_000, 10)


def test_what_is_no_picture_gets_a_sentence(tmp_path):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    cases = {"a.svg": svg, "b.png": b"", "c.eps": eps, "d.png": b"hello", "e.png": png(50, 50)[:60]}
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
    for name in [*cases, "missing.png", ".", "nul\0"]:
        with pytest.raises(InputError) as caught:
            open_picture(tmp_path / name)
        assert caught.value.text.zh


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_damaged_pictures_raise_nothing_but_input_errors(tmp_path, format_):
    file, dice, path = io.BytesIO(), random.Random(format_), tmp_path / "damaged"
    Image.fromarray(np.dstack(ramps(3, 40, 50))).save(file, format_)
    whole = file.getvalue()
    path.write_bytes(whole)
    assert open_picture(path).size == (50, 40)
    for _ in range(50):
        data = bytearray(whole[: dice.randrange(1, len(whole))] if dice.random() < 0.4 else whole)
        for _ in range(dice.randrange(6)):
            data[int(len(data) * dice.random() ** 3)] = dice.randrange(256)
        path.write_bytes(data)
        try:
            assert open_picture(path).mode in ("L", "RGB")
        except InputError:
            continue


def test_pictures_come_upright_opaque_and_without_metadata(tmp_path):
    wide = Image.new("RGB", (8, 4), (255, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    wide.save(tmp_path / "a.jpg", exif=exif)
    upright = open_picture(tmp_path / "a.jpg")
    assert upright.size == (4, 8)
    assert not upright.getexif()
    assert upright.info == {}

    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "b.png")
    assert open_picture(tmp_path / "b.png").getpixel((0, 0)) == (255, 255, 255)
    assert open_picture(tmp_path / "b.png", background=(1, 2, 3)).getpixel((0, 0)) == (1, 2, 3)

    Image.fromarray(np.full((4, 4), 32_896, np.uint16)).save(tmp_path / "c.png")
    assert open_picture(tmp_path / "c.png").getpixel((0, 0)) == 128
    Image.new("1", (4, 4), 1).save(tmp_path / "d.png")
    assert open_picture(tmp_path / "d.png").getpixel((0, 0)) == 255
    Image.new("CMYK", (4, 4)).save(tmp_path / "e.jpg")
    assert open_picture(tmp_path / "e.jpg").mode == "RGB"


@pytest.mark.parametrize(
    "picture",
    [
        digit(),
        digit(ink=255, paper=0),
        digit(ink=60, paper=200),
        digit(side=100),
        digit().convert("RGB"),
        Image.merge("LA", (digit(ink=0, paper=0), digit(ink=255, paper=0))),  # black strokes on nothing
        Image.merge("LA", (digit(ink=255, paper=255), digit(ink=255, paper=0))),  # white strokes on nothing
    ],
)
def test_drawings_become_like_mnist(picture):
    square = fit_square(picture)
    assert (square.shape, square.dtype, square.max()) == ((28, 28), np.uint8, 255)
    rows, columns = (np.flatnonzero((square > 50).any(axis=axis)) for axis in (1, 0))
    assert rows[-1] - rows[0] + 1 in (19, 20)
    assert columns[-1] - columns[0] + 1 < 20
    mass = [(np.indices(square.shape)[axis] * square).sum() / square.sum() for axis in (0, 1)]
    assert np.allclose(mass, 14, atol=0.5)  # where the centres of mass of MNIST itself lie
    assert np.array_equal(square[0], np.zeros(28))


def test_grain_of_a_photograph_is_no_ink():
    noise = np.random.default_rng(0).normal(0, 6, (400, 400))
    photo = np.clip(np.asarray(digit(ink=70, paper=190)) + noise, 0, 255).astype(np.uint8)
    clean = fit_square(digit(ink=70, paper=190)).astype(int)
    assert np.abs(fit_square(photo) - clean).mean() < 6


def test_what_is_like_the_data_already_stays():
    square = fit_square(digit())
    assert np.array_equal(fit_square(square), square)


def test_clothes_fill_the_square_and_keep_their_tones():
    shirt = Image.new("L", (300, 200), 255)
    ImageDraw.Draw(shirt).rectangle((100, 50, 179, 149), fill=100)
    square = fit_square(shirt, centre_mass=False)
    assert square.max() == 155
    assert square[:, 14].min() == 155
    assert (np.flatnonzero(square[14])[[0, -1]] == (3, 24)).all()


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_an_empty_picture_gets_a_sentence(tone):
    for size in ((28, 28), (1, 1), (500, 3)):
        with pytest.raises(InputError, match="empty"):
            fit_square(Image.new("L", size, tone))
    with pytest.raises(InputError, match="empty"):
        fit_square(Image.new("RGBA", (20, 20), (tone, tone, tone, 0)))
