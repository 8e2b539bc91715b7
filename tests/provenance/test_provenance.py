"""Labels and recipes: written, read back, and never believed further than they deserve."""

import io
import json
import random
import struct
import wave

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from pydantic import ValidationError

from aigc_demo.core.errors import InputError
from aigc_demo.media import save_animation, save_audio, save_image, save_text
from aigc_demo.provenance import SOURCE_TYPE, Label, Provenance, Recipe, read
from aigc_demo.provenance.containers import riff_blocks
from aigc_demo.provenance.xmp import read_packet, write_packet

RECIPE = Recipe(
    task="image",
    model="gan-digits",
    weights="8f3a2c",
    request={
        "label": None,
        "count": 3,
        "seed": 42,
        "truncation_psi": 0.7,
        "prompt": "春望 <&>-->\"' 🌸\n\x01 {",
        "heads": [["a"], {}],
    },
    made_at="2026-11-22T03:00:00Z",
)
FRAMES = [np.full((28, 28), 40 * index, np.uint8) for index in range(4)]
FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".webp": "WebP",
    ".gif": "GIF",
    ".mp4": "MP4",
    ".wav": "WAV",
    ".txt": "text",
    ".md": "Markdown",
    ".json": "JSON",
}


def write(folder, suffix, recipe=RECIPE):
    path = folder / f"file{suffix}"
    if suffix in (".gif", ".mp4"):
        return save_animation(FRAMES, path, recipe, fps=10)
    if suffix == ".wav":
        return save_audio(np.linspace(-1, 1, 801), 8000, path, recipe)
    if suffix in (".txt", ".md", ".json"):
        return save_text("国破山河在\n\n--- {城春草木深}", path, recipe)
    return save_image(FRAMES[1], path, recipe)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    return {suffix: write(folder, suffix) for suffix in FORMATS}


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_back_what_was_written(samples, tmp_path, suffix):
    nameless = tmp_path / "upload"  # recognised by content
    nameless.write_bytes(samples[suffix].read_bytes())
    found = read(nameless)
    assert found.format == FORMATS[suffix]
    assert found.recipe == RECIPE
    assert found.source_type == SOURCE_TYPE
    assert found.ai_generated
    assert found.notes == ()
    fields = found.label.model_dump()
    assert list(fields) == [
        "Label",
        "ContentProducer",
        "ProduceID",
        "ReservedCode1",
        "ContentPropagator",
        "PropagateID",
        "ReservedCode2",
    ]
    assert fields["Label"] == "1"
    assert fields["ContentProducer"] == fields["ContentPropagator"] == "aigc-demo"
    assert fields["ProduceID"] == fields["PropagateID"] != ""
    assert all(text.isascii() and text.isprintable() and " " not in text for text in fields.values())


def test_no_two_files_share_a_number(samples, tmp_path):
    again = [read(write(tmp_path, suffix)).label.ProduceID for suffix in FORMATS]
    numbers = [read(path).label.ProduceID for path in samples.values()]
    assert len(set(numbers + again)) == 2 * len(FORMATS)


def test_other_readers_find_the_statements_where_the_standards_put_them(samples):
    with Image.open(samples[".png"]) as picture:
        picture.load()
        assert json.loads(picture.text["AIGC"])["Label"] == "1"
        assert json.loads(picture.text["recipe"])["model"] == "gan-digits"
        assert dict(read_packet(picture.info["xmp"]))["source"] == SOURCE_TYPE
    with Image.open(samples[".jpg"]) as picture:
        comment = picture.getexif().get_ifd(0x8769)[0x9286]
        assert json.loads(comment[8:])["AIGC"]["ContentProducer"] == "aigc-demo"
        assert b"TC260:AIGC" in picture.info["xmp"]
    with Image.open(samples[".webp"]) as picture:
        assert b"TC260:AIGC" in picture.info["xmp"]
    with Image.open(samples[".gif"]) as picture:
        assert b'"AIGC"' in picture.info["comment"]
    with wave.open(str(samples[".wav"])) as sound:  # the chunks do not disturb players
        assert sound.getnframes() == 801
    kinds = [kind for kind, _ in riff_blocks(samples[".wav"].read_bytes())]
    assert kinds == ["label", "xmp", "words"]
    assert "AI 生成" in samples[".txt"].read_text("utf-8")
    assert samples[".md"].read_text("utf-8").count("AI 生成") == 1


def test_mp4_keys_are_those_that_ffmpeg_reads(samples):
    import av

    with av.open(str(samples[".mp4"])) as film:
        assert json.loads(film.metadata["AIGC"])["Label"] == "1"
        assert json.loads(film.metadata["recipe"])["request"] == RECIPE.request


def test_labels_of_others_are_understood(tmp_path):
    inner = '{"Label":1,"ContentProducer":"某公司","ProduceID":"7"}'
    for number, value in enumerate((inner, f'{{"AIGC":{inner}}}', json.dumps(inner))):
        info = PngImagePlugin.PngInfo()
        info.add_itxt("AIGC", value, zip=True)
        path = tmp_path / f"{number}.png"
        Image.new("L", (4, 4)).save(path, pnginfo=info)
        found = read(path)
        assert found.label == Label(Label="1", ContentProducer="某公司", ProduceID="7")
        assert found.ai_generated
        assert found.recipe is None
        assert "settings" in found.notes[0].en


def test_xmp_properties_may_be_attributes_or_links():
    packet = write_packet(Provenance.new(RECIPE))
    element = f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>".encode()
    assert element in packet
    link = f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{SOURCE_TYPE}"/>'.encode()
    assert dict(read_packet(packet.replace(element, link)))["source"] == SOURCE_TYPE
    attribute = f' Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}">'.encode()
    changed = packet.replace(element, b"").replace(b'recipe/1.0/">', b'recipe/1.0/"' + attribute)
    assert dict(read_packet(changed))["source"] == SOURCE_TYPE


def test_unlabelled_and_contradictory_files_are_told_apart(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "plain.png")
    plain = read(tmp_path / "plain.png")
    assert (plain.label, plain.recipe, plain.ai_generated) == (None, None, False)
    assert "does not prove" in plain.notes[0].en
    info = PngImagePlugin.PngInfo()
    for _ in range(2):
        info.add_text("AIGC", Provenance.new(RECIPE).label_json())
    Image.new("L", (4, 4)).save(tmp_path / "two.png", pnginfo=info)
    assert any("contradict" in note.en for note in read(tmp_path / "two.png").notes)


@pytest.mark.parametrize(
    "packet",
    [
        b"<a>" * 100_000,
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>',
        b"\xff\xfe<\0a\0/\0>\0",
        b" " * (2 << 20),
    ],
)
def test_hostile_xmp_is_a_note_and_no_burden(tmp_path, packet):
    info = PngImagePlugin.PngInfo()
    info.add(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)
    path = tmp_path / "hostile.png"
    Image.new("L", (4, 4)).save(path, pnginfo=info)
    assert read(path).notes


@pytest.mark.parametrize(
    "recipe",
    [
        "[" * 100_000,
        '{"task":"image","model":"m","request":' + '{"a":' * 20 + "1" + "}" * 20 + "}",
        '{"task":"image","model":"m","request":{"seed":NaN}}',
        '{"task":"image","model":"m","request":{"prompt":"' + "x" * 70_000 + '"}}',
        '{"task":"../x","model":"m","request":{}}',
        '{"task":"image","model":"m","request":[]}',
        '{"app":"other","task":"image","model":"m","request":{}}',
        '{"task":"image","model":"m","request":{"seed":' + "9" * 10_000 + "}}",
        '"text"',
    ],
)
def test_an_unsound_recipe_is_dropped_with_a_note(tmp_path, recipe):
    info = PngImagePlugin.PngInfo()
    info.add_text("recipe", recipe)
    path = tmp_path / "edited.png"
    Image.new("L", (4, 4)).save(path, pnginfo=info)
    found = read(path)
    assert found.recipe is None
    assert any("cannot be read" in note.en for note in found.notes)


def test_recipes_are_checked_when_made():
    for bad in (
        {"task": "", "model": "m"},
        {"task": "image", "model": ""},
        {"task": "image", "model": "m\n"},
    ):
        with pytest.raises(ValidationError):
            Recipe(**bad)
    for request in ({"x": float("nan")}, {"x": object()}, {"x": "y" * 70_000}):
        with pytest.raises(ValidationError):
            Recipe(task="image", model="m", request=request)


def test_what_is_no_known_file_gets_a_sentence(tmp_path):
    cases = {
        "empty": b"",
        "binary": b"\0\1\2",
        "broken": "éé".encode() + b"\xe9 a",
        "long.txt": b"a" * (5 << 20),
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "huge").touch()
    with (tmp_path / "huge").open("r+b") as file:
        file.truncate((64 << 20) + 1)
    for name in [*cases, "huge", "missing", "nul\0", "."]:
        with pytest.raises(InputError) as caught:
            read(tmp_path / name)
        assert caught.value.text.zh


def damaged(data, dice):
    """The file cut at a random place, or with a few bytes changed, most of them near its beginning."""
    if dice.random() < 0.4:
        return data[: dice.randrange(1, len(data))]
    changed = bytearray(data)
    for _ in range(dice.randrange(1, 6)):
        changed[int(len(data) * dice.random() ** 2)] = dice.choice((0, 1, 127, 255, dice.randrange(256)))
    return bytes(changed)


@pytest.mark.filterwarnings("ignore:Truncated File Read")
@pytest.mark.parametrize("suffix", FORMATS)
def test_damaged_files_raise_nothing_but_input_errors(samples, tmp_path, suffix):
    dice, whole, path = random.Random(suffix), samples[suffix].read_bytes(), tmp_path / "damaged"
    for _ in range(60):
        path.write_bytes(damaged(whole, dice))
        try:
            found = read(path)
        except InputError:
            continue
        assert found.recipe is None or isinstance(found.recipe, Recipe)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * 600_000,
        b"GIF89a\0\0\0\0\0\0\0" + b"!\xfe" + b"\1a" * 3_000_000,
        b"RIFF\xff\xff\xff\xffWAVE" + b"abcd\0\0\0\0" * 600_000,
        b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * 600_000,
        b"\0\0\0\x08ftyp" + struct.pack(">I4sQ", 1, b"moov", 1 << 63) + b"x" * 100,
        b"\xff\xd8\xff" + b"\xff" * 1_000_000,
    ],
)
def test_endless_containers_end_soon(tmp_path, data):
    (tmp_path / "bomb").write_bytes(data)
    assert not read(tmp_path / "bomb").ai_generated


def test_text_bombs_are_not_unpacked(tmp_path):
    import zlib

    info = PngImagePlugin.PngInfo()
    info.add(b"zTXt", b"AIGC\0\0" + zlib.compress(b" " * (50 << 20)))
    file = io.BytesIO()
    Image.new("L", (4, 4)).save(file, "PNG", pnginfo=info)
    (tmp_path / "bomb.png").write_bytes(file.getvalue())
    assert read(tmp_path / "bomb.png").label is None
