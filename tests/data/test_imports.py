"""Files of one's own become a data set that the families read, whatever they are called and however they lie."""

import io
import json
import struct
import zipfile
import zlib
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.words import Text
from aigc_demo.data import images
from aigc_demo.data.folders import open_folder
from aigc_demo.data.imports import (
    ImportRequest,
    import_files,
    own,
    own_folder,
    paste,
    preview,
    read_manifest,
    remove,
)
from aigc_demo.data.imports.captions import read_beside
from aigc_demo.data.imports.child import few
from aigc_demo.data.imports.classes import class_names
from aigc_demo.data.imports.duplicates import groups, held_out, near_pairs
from aigc_demo.data.imports.listing import list_source
from aigc_demo.data.imports.pictures import classes_of, make_square
from aigc_demo.schemas import check
from tests.data.hostile import encoded, picture, zipped


def request(**changes):
    return ImportRequest(**{"name": "mine", "consent": True, "side": 32, **changes})


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Forty pieces of two photographs in two sub-folders, two of them nearly the same."""
    root = tmp_path_factory.mktemp("photographs") / "album"
    for name, photograph in zip(("temple", "flower"), load_sample_images().images, strict=True):
        (root / "deep" / name).mkdir(parents=True)
        for index in range(20):
            top, left = 100 + 60 * (index // 5), 100 * (index % 5)
            Image.fromarray(photograph[top : top + 120, left : left + 160]).save(
                root / "deep" / name / f"{index:02}.png"
            )
    Image.open(root / "deep" / "temple" / "07.png").save(root / "deep" / "temple" / "again.jpg", quality=80)
    return root


def pack(folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder.parent))
        archive.writestr("__MACOSX/album/._00.png", b"litter")
        archive.writestr("album/.DS_Store", b"litter")
    return out.getvalue()


def test_a_zip_of_photographs(photographs, tmp_path):
    (tmp_path / "album.zip").write_bytes(pack(photographs))
    seen = []
    manifest = import_files(
        request(),
        [tmp_path / "album.zip"],
        tmp_path / "data",
        progress=lambda done, total: seen.append((done, total)),
    )
    arrays = images.load(tmp_path / "data" / "mine")
    assert arrays["train_images"].shape == (36, 32, 32, 3) and arrays["test_images"].shape == (4, 32, 32, 3)
    assert arrays["classes"] == {"en": ["flower", "temple"], "zh": ["flower", "temple"]}
    assert arrays["test_labels"].bincount().tolist() == [2, 2]
    assert manifest.class_counts == {"flower": 20, "temple": 20} and manifest.refused == ()
    assert manifest.duplicates == (("album/deep/temple/07.png", "album/deep/temple/again.jpg"),)
    assert read_manifest(tmp_path / "data" / "mine") == manifest and own(tmp_path / "data") == [manifest]
    assert manifest.title("en") == "mine · 40 pictures of 32 × 32 in colour, 2 classes"
    assert seen[-1] == (41, 41)
    told = json.loads((tmp_path / "data" / "mine" / "source.json").read_text())
    assert (told["source"], told["sha256"], told["counts"]) == (
        "album.zip",
        manifest.sha256,
        {"train": 36, "test": 4},
    )


def test_the_same_files_in_another_order_make_the_same_split(photographs, tmp_path):
    first = import_files(request(), [photographs], tmp_path / "data")
    paths = sorted(photographs.rglob("*.*"), reverse=True)
    second = import_files(request(name="loose"), paths, tmp_path / "data")
    assert second.classes == ("all",)
    third = import_files(request(name="again"), [photographs], tmp_path / "data")
    assert third.sha256 == first.sha256 and third.files == first.files


def test_the_preview_shows_the_classes_in_turn(photographs, tmp_path):
    manifest = import_files(request(), [photographs], tmp_path / "data")
    shown = preview(manifest, tmp_path / "data", 6)
    assert shown.pictures.shape == (6, 32, 32, 3) and shown.texts == []
    assert shown.captions == [Text("flower", "flower")] * 3 + [Text("temple", "temple")] * 3


def test_grey_pictures_stay_grey_and_need_no_class(tmp_path):
    digits = load_digits().images[:30]
    paths = []
    for index, digit in enumerate(digits):
        grey = Image.fromarray((digit * 15).astype(np.uint8))
        paths.append(tmp_path / f"{index}.png")
        grey.convert("RGB" if index % 2 else "L").save(paths[-1])
    manifest = import_files(request(side=28), paths, tmp_path / "data")
    assert manifest.channels == 1 and manifest.classes == ("all",)
    arrays = images.load(tmp_path / "data" / "mine")
    assert arrays["train_images"].shape == (27, 28, 28) and arrays["classes"]["zh"] == ["全部"]
    assert preview(manifest, tmp_path / "data").captions == []
    assert import_files(request(colour="colour"), paths, tmp_path / "data").channels == 1
    assert import_files(request(colour="grey"), paths, tmp_path / "data").channels == 1


NAMED = {
    "cp437": ("Gärten", "Küche"),
    "cp850": ("São Paulo", "Avião"),
    "cp852": ("łódka żółta", "Kościół"),
    "cp857": ("çiçek", "güneş"),
    "cp866": ("Кухня", "Сад"),
    "cp1251": ("Кухня", "Сад"),
    "cp1252": ("Straße", "Gärten"),
    "gbk": ("山水", "花鸟"),
    "big5": ("廚房", "花園"),
    "cp932": ("写真", "ネコ"),
    "cp949": ("고양이", "강아지"),
    "utf-8": ("Küche", "花园"),
}


@pytest.mark.parametrize("encoding", NAMED)
def test_names_in_zips_that_do_not_say_their_encoding_are_read_together(encoding, tmp_path):
    first, second = (f"{name}/{i}.png".encode(encoding) for name in NAMED[encoding] for i in (1,))
    names = [first, second, first.replace(b"1", b"2"), second.replace(b"1", b"2")]
    written = {f"{i:0{len(name)}d}": name for i, name in enumerate(names)}
    data = zipped(dict.fromkeys(written, b"x"))
    for plain, name in written.items():
        data = data.replace(plain.encode(), name)
    (tmp_path / "old.zip").write_bytes(data)
    items = list_source(tmp_path / "old.zip", 0)
    assert [item.folder for item in items] == list(NAMED[encoding]) * 2
    assert [bool(item.remark) for item in items] == [encoding != "utf-8", False, False, False]


def test_a_name_that_the_zip_holds_in_utf_8_besides_is_believed(tmp_path):
    raw, name = "G?rten/1.png".encode("cp437"), "Gärten/1.png".encode()
    raw = raw.replace(b"?", b"\xe4")
    field = b"\1" + struct.pack("<I", zlib.crc32(raw)) + name
    entry = zipfile.ZipInfo("G#rten/1.png")
    entry.extra = struct.pack("<HH", 0x7075, len(field)) + field
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(entry, b"x")
    (tmp_path / "a.zip").write_bytes(file.getvalue().replace(b"G#rten", b"G\xe4rten"))
    assert list_source(tmp_path / "a.zip", 0)[0].folder == "Gärten"


def test_a_set_from_an_old_zip_has_its_names_and_says_how_they_were_read(tmp_path):
    data = zipped(
        {
            f"{folder}/{i}.png": encoded(picture(10 * k + i))
            for k, folder in enumerate(("A#rten", "B#che"))
            for i in range(5)
        }
    )
    data = data.replace(b"A#rten", "Gärten".encode("cp437")).replace(b"B#che", "Küche".encode("cp437"))
    (tmp_path / "old.zip").write_bytes(data)
    manifest = import_files(request(), [tmp_path / "old.zip"], tmp_path / "data")
    assert manifest.classes == ("Gärten", "Küche") and manifest.refused == ()
    assert "cp437" in manifest.remarks[0].en and read_manifest(tmp_path / "data" / "mine") == manifest


def test_slices_of_a_scan_can_be_seen_and_it_is_said(tmp_path):
    rows = np.random.default_rng(0).integers(0, 4096, (6, 8, 8)).astype(np.uint16)
    for i, levels in enumerate(np.kron(rows, np.ones((1, 8, 8), np.uint16))):
        Image.fromarray(levels).save(tmp_path / f"slice{i}.png")
    manifest = import_files(request(), [tmp_path], tmp_path / "data")
    assert images.load(tmp_path / "data" / "mine")["train_images"].max() > 240
    assert [said.name for said in manifest.remarks] == [f"slice{i}.png" for i in range(6)]
    words = few(
        [said.model_copy(update={"name": f"{i}"}) for i in range(30) for said in manifest.remarks[:1]]
    )
    assert len(words) == 21 and "10 more" in words[-1].en


def test_labels_in_dataset_json_are_the_classes_in_their_order(tmp_path):
    names = [f"0000{i // 12}/img{i:08d}.png" for i in range(24)]
    table = {"labels": [[name, i // 2] for i, name in enumerate(names)]}
    entries = {name: encoded(picture(i)) for i, name in enumerate(names)}
    (tmp_path / "faces.zip").write_bytes(zipped({**entries, "dataset.json": json.dumps(table).encode()}))
    manifest = import_files(request(), [tmp_path / "faces.zip"], tmp_path / "data")
    assert manifest.classes == tuple(map(str, range(12))) and manifest.refused == ()
    assert set(manifest.class_counts.values()) == {2}
    shown = {file.name: file.class_name for file in manifest.files}
    assert [shown[name] for name in names] == [str(i // 2) for i in range(24)]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([["a/1.png", [0, 1.0, 0]], ["b/2.png", [1, 0, 0]]], ["1", "0"]),
        (None, ["all", "all"]),
        ({"a/1.png": "cat"}, ["cat", "other"]),
        ([["a/1.png", 3.0], ["b/2.png", 3]], ["all", "all"]),
    ],
)
def test_labels_come_in_several_forms(labels, classes, tmp_path):
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    table = asdict(read_beside(list_source(tmp_path / "dataset.json", 0)[0], tmp_path))
    taken = [{"stem": "a/1", "folder": "a"}, {"stem": "b/2", "folder": "b"}]
    assert class_names(classes_of(taken, [table], {})) == classes


@pytest.mark.parametrize("labels", [[["a.png", [0.5, 0.5]]], [["a.png", None]], [3], "cat", [[["a.png"], 1]]])
def test_labels_that_are_no_classes_are_refused(labels, tmp_path):
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    with pytest.raises(InputError, match="classes of pictures"):
        read_beside(list_source(tmp_path / "dataset.json", 0)[0], tmp_path)


def test_what_may_not_be_imported_leaves_the_old_set(photographs, tmp_path):
    kept = import_files(request(), [photographs], tmp_path / "data")
    few = [photographs / "deep" / "temple" / f"0{i}.png" for i in range(3)]
    for changes, sources, words in (
        ({"consent": False}, [photographs], "may use"),
        ({"name": "digits"}, [photographs], "catalogue"),
        ({}, few, "Only 3 pictures"),
        ({}, [], "No file"),
        ({}, [tmp_path / "gone.png"], "gone.png"),
    ):
        with pytest.raises(InputError, match=words):
            import_files(request(**changes), sources, tmp_path / "data")
    with pytest.raises(Stopped):
        import_files(request(), [photographs], tmp_path / "data", stop=lambda: True)
    assert own(tmp_path / "data") == [kept]
    assert [path.name for path in (tmp_path / "data").iterdir() if path.is_dir()] == ["mine"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "con", "LPT1.png", "dot.", "x" * 61])
def test_names_that_are_no_folder_names(name, tmp_path):
    with pytest.raises(InputError):
        check(ImportRequest, {"name": name})
    assert own_folder(name, tmp_path) is None
    with pytest.raises(InputError):
        remove(name, tmp_path)


def test_an_app_killed_between_two_renames_loses_nothing(photographs, tmp_path):
    manifest = import_files(request(), [photographs], tmp_path / "data")
    (tmp_path / "data" / "mine").rename(tmp_path / "data" / ".mine.before")
    assert own(tmp_path / "data") == [manifest]
    remove("mine", tmp_path / "data")
    assert own(tmp_path / "data") == [] and not (tmp_path / "data" / "mine").exists()


def test_pictures_are_made_square():
    tall = Image.fromarray(np.repeat(np.arange(0, 240, 4, dtype=np.uint8)[:, None], 20, axis=1))
    assert np.asarray(make_square(tall, 8, "centre")).mean() == pytest.approx(118, abs=2)
    padded = np.asarray(make_square(tall, 12, "pad"))
    assert padded.shape == (12, 12) and (padded[:, 0] == padded[0, -1]).all()
    assert np.asarray(make_square(tall, 8, "stretch"))[[0, -1], 0].tolist() == pytest.approx([13, 222], abs=9)


def test_copies_are_found_and_stay_on_one_side():
    rng = np.random.default_rng(0)
    distinct = [np.asarray(picture(seed, 32)) for seed in range(40)]
    noisy = [
        np.clip(tones + rng.normal(0, 3, tones.shape), 0, 255).astype(np.uint8) for tones in distinct[:10]
    ]
    pairs = near_pairs(np.stack(distinct + noisy))
    assert pairs == [(index, 40 + index) for index in range(10)]
    group = groups(50, pairs)
    hashes = [f"{rng.integers(1 << 30):08x}" for _ in range(50)]
    chosen = held_out(hashes, [0] * 50, group, 0.2)
    assert sum(chosen) in (9, 10) and all(chosen[a] == chosen[b] for a, b in pairs)
    assert groups(4, [(0, 2), (1, 2)]) == [0, 0, 0, 3]
    assert sum(held_out(hashes[:8], [0, 0, 1, 1, 2, 2, 3, 3], list(range(8)), 0.05)) == 1


POEM = "床前明月光，疑是地上霜。举头望明月，低头思故乡。\n"


def documents(folder):
    return [json.loads(line) for line in (folder / "texts.jsonl").read_text("utf-8").splitlines()]


def test_one_text_is_cut_near_its_end(tmp_path):
    text = "".join(f"Line {i} of a text.\n" for i in range(200))
    manifest = paste(request(), f"\ufeff{text}\x07", tmp_path / "data")
    train, test = documents(tmp_path / "data" / "mine")
    assert (train["held_out"], test["held_out"]) == (False, True)
    assert train["text"] + test["text"] == text.strip() and test["text"].startswith("Line 18")
    assert manifest.files[0].split == "both" and manifest.language == "en"
    assert preview(manifest, tmp_path / "data").texts[0].startswith("Line 0")
    assert manifest.title("zh") == f"mine · {len(text) - 1:,} 个字符的文本"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_texts_in_all_their_encodings(encoding, tmp_path):
    (tmp_path / "poem.txt").write_bytes((POEM * 50).encode(encoding))
    manifest = import_files(request(), [tmp_path / "poem.txt"], tmp_path / "data")
    assert manifest.kind == "text" and manifest.language == "zh"
    assert "".join(part["text"] for part in documents(tmp_path / "data" / "mine")) == (POEM * 50).strip()


def test_lines_are_documents_and_bad_ones_are_named(tmp_path):
    lines = [{"text": f"Document {i}. " * 5} for i in range(60)] + [
        {"prompt": "Why?", "completion": "Because."}
    ]
    lines += [{"text": "\ud800Document 0. " + "Document 0. " * 4}]
    bad = ['{"body": 1}', "{", "[" * 5000] + ["nothing"] * 40
    (tmp_path / "a.jsonl").write_text("\n".join([*map(json.dumps, lines), *bad]))
    manifest = import_files(request(), [tmp_path / "a.jsonl"], tmp_path / "data")
    found = documents(tmp_path / "data" / "mine")
    assert len(found) == 61 and {"text": "Why?\nBecause.", "held_out": False} in found
    assert manifest.counts["test"] == sum(part["held_out"] for part in found) == 6
    assert manifest.duplicates == (("a.jsonl:1", "a.jsonl:62"),)
    assert len(manifest.refused) == 21 and manifest.refused[0].name == "a.jsonl:63"
    assert "23 more lines" in manifest.refused[-1].en
    again = import_files(
        request(validation_share=0.5, drop_duplicates=False), [tmp_path / "a.jsonl"], tmp_path / "data"
    )
    assert again.counts["train"] == again.counts["test"] == 31


def test_tables_give_their_column_of_text(tmp_path):
    rows = "".join(f'{i};"A, sentence; with\nmarks {i}."\n' for i in range(60))
    (tmp_path / "named.csv").write_text("id;Text\n" + rows)
    (tmp_path / "longest.csv").write_text(
        "id\tsaid\n" + "".join(f"{i}\tIt was said on day {i}.\n" for i in range(60)) + "x\n"
    )
    manifest = import_files(request(), sorted(tmp_path.glob("*.csv")), tmp_path / "data")
    found = {part["text"] for part in documents(tmp_path / "data" / "mine")}
    assert {"A, sentence; with\nmarks 7.", "It was said on day 59."} <= found and len(found) == 120
    assert [entry.name for entry in manifest.refused] == ["longest.csv:62"]


def test_too_little_text_and_no_text(tmp_path):
    with pytest.raises(InputError, match="24 characters"):
        paste(request(), POEM, tmp_path / "data")
    with pytest.raises(InputError, match="empty"):
        paste(request(), "", tmp_path / "data")


def test_data_of_a_training_request(photographs, tmp_path):
    data = tmp_path / "data"
    raw = open_folder(str(photographs), data)
    assert raw.parent == data and raw.name.startswith("files-")
    assert open_folder(str(photographs), data) == open_folder(raw.name, data, paths=False) == raw
    assert open_folder(str(raw), tmp_path / "other") == raw
    manifest = read_manifest(raw)
    assert not manifest.consent and manifest.licence == "not stated" and manifest.side == 64
    (tmp_path / "words.md").write_text("Words of a text.\n" * 80)
    assert (open_folder(str(tmp_path / "words.md"), data) / "texts.jsonl").exists()
    for name, paths in ((str(photographs), False), ("../x", True), ("digits", True)):
        with pytest.raises(InputError):
            open_folder(name, data, offline=True, paths=paths)
