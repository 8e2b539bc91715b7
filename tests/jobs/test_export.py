"""A model as a zip and back, and zips that are none."""

import io
import json
import struct
import zipfile
from importlib import import_module

import pytest
import torch
from safetensors.torch import load_file, save

from aigc_demo.core.errors import InputError
from aigc_demo.jobs import import_zip
from aigc_demo.jobs.card import write_card
from aigc_demo.jobs.export import export_run, import_run
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.models.cards import find_cards
from aigc_demo.models.placement import Placement
from aigc_demo.models.safetensors_header import read_header
from aigc_demo.runtime import registry

NAMES = {"gan": "gan-digits", "vae": "vae-digits", "transformer": "gpt-poems"}


def make_run(folder, family):
    """A finished run: a debug model, its card and recipe, and what an export leaves out."""
    options = {"language": "zh"} if family == "transformer" else {}
    import_module(f"aigc_demo.families.{family}").write_debug_model(folder, 0, **options)
    request = TrainRequest(family=family, data="/home/someone/pictures", name=folder.name)
    write_card(folder, request, {}, {"figure": 1.5}, {"step": 500})
    (folder / "train.json").write_text(request.model_dump_json(), "utf-8")
    (folder / "figures.json").write_text('{"figure": 1.5}', "utf-8")
    (folder / "state-00000500.safetensors").write_bytes(b"state")
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The zip of a GAN."""
    folder = tmp_path_factory.mktemp("exported")
    return export_run(make_run(folder / "mine", "gan"), folder / "mine.zip")


@pytest.mark.parametrize("family", NAMES)
def test_a_model_comes_back_as_it_went(tmp_path, family):
    run = make_run(tmp_path / "mine", family)
    archive = export_run(run, tmp_path / "out" / "mine.zip")
    names = zipfile.ZipFile(archive).namelist()
    assert {"model.safetensors", "config.json", "README.md", "train.json", "figures.json"} <= set(names)
    assert not [name for name in names if name.startswith("state")]
    assert b"/home/someone" not in zipfile.ZipFile(archive).read("train.json")
    assert import_run(archive, tmp_path / "runs", "theirs") == "runs/theirs"
    [card] = find_cards(tmp_path / "runs", "runs/")
    assert (card.id, card.family, card.figures) == ("runs/theirs", family, {"figure": 1.5})
    registry.load(card, Placement())
    before, after = (load_file(path / "model.safetensors") for path in (run, card.folder))
    assert all(torch.equal(before[name], after[name]) for name in before | after)


def test_a_model_that_came_in_a_zip_is_not_trained_over(jobs, exported):
    import_run(exported, jobs.runs_dir, "theirs")
    job = jobs.get("theirs")
    assert job.usable and not job.can_resume
    with pytest.raises(InputError, match="start a new run from runs/theirs"):
        jobs.resume("theirs")
    with pytest.raises(InputError, match="start a new run from runs/theirs"):
        jobs.check(job.request.model_copy(update={"data": "shapes"}), go_on=True)


def test_a_name_that_is_taken_or_odd_is_refused(tmp_path, exported):
    (tmp_path / "mine").mkdir()
    for name in ("mine", "../mine", "", "a/b", ".hidden", "x" * 70):
        with pytest.raises(InputError):
            import_run(exported, tmp_path, name)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_run_without_weights_cannot_be_exported(tmp_path):
    with pytest.raises(InputError, match="has no"):
        export_run(tmp_path, tmp_path / "x.zip")


def repack(exported, target, **changes):
    """The zip with files replaced (bytes), added or left out (None); dots in names are written __."""
    changes = {name.replace("__", "."): value for name, value in changes.items()}
    with zipfile.ZipFile(exported) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            if name not in changes:
                out.writestr(name, source.read(name))
        for name, value in changes.items():
            if value is not None:
                out.writestr(name, value)
    return target


def tensors_of(exported):
    from safetensors.torch import load

    return load(zipfile.ZipFile(exported).read("model.safetensors"))


def spoil_weights(exported, change):
    tensors = tensors_of(exported)
    change(tensors)
    return save(tensors)


def header_of(entries):
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text


def wrong_shape(tensors):
    name = next(
        name for name, tensor in tensors.items() if tensor.ndim > 1 and len(tensor) != tensor.shape[1]
    )
    tensors[name] = tensors[name].transpose(0, 1).contiguous()


def not_a_number(tensors):
    next(iter(tensors.values())).view(-1)[0] = float("nan")


def one_more(tensors):
    tensors["more"] = torch.zeros(3)


def config_with(exported, **changes):
    return json.dumps({**json.loads(zipfile.ZipFile(exported).read("config.json")), **changes}).encode()


def card_with(exported, old, new):
    return zipfile.ZipFile(exported).read("README.md").replace(old, new)


LAUGHS = (
    "figures: {"
    + ", ".join(
        [f'a: &x0 ["{"ha" * 20}"]', *(f"k{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]" for i in range(1, 12))]
    )
    + "}"
)
HOSTILE = {
    "pickle beside": lambda z: {"data__pkl": b"\x80\x04."},
    "pickle as weights": lambda z: {"model__safetensors": b"\x80\x04\x95\x00cos\nsystem\n."},
    "traversal": lambda z: {"../../evil__json": b"{}"},
    "absolute": lambda z: {"/tmp/evil__json": b"{}"},
    "code": lambda z: {"modeling__py": b"import os"},
    "no weights": lambda z: {"model__safetensors": None},
    "no card": lambda z: {"README__md": None},
    "empty weights": lambda z: {"model__safetensors": b""},
    "cut short": lambda z: {"model__safetensors": zipfile.ZipFile(z).read("model.safetensors")[:-9]},
    "huge header": lambda z: {"model__safetensors": struct.pack("<Q", 1 << 60) + b"{}"},
    "header is no table": lambda z: {"model__safetensors": struct.pack("<Q", 2) + b"[]"},
    "deep header": lambda z: {"model__safetensors": struct.pack("<Q", 60_000) + b"[" * 60_000},
    "many tensors": lambda z: {
        "model__safetensors": header_of(
            {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(100_000)}
        )
    },
    "lying shape": lambda z: {
        "model__safetensors": header_of(
            {"t": {"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 4]}}
        )
        + b"1234"
    },
    "overlapping": lambda z: {
        "model__safetensors": header_of(
            {name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for name in "ab"}
        )
        + b"1234"
    },
    "wrong shape": lambda z: {"model__safetensors": spoil_weights(z, wrong_shape)},
    "not a number": lambda z: {"model__safetensors": spoil_weights(z, not_a_number)},
    "one tensor more": lambda z: {"model__safetensors": spoil_weights(z, one_more)},
    "another family": lambda z: {"config__json": config_with(z, family="os")},
    "network of a terabyte": lambda z: {
        "config__json": config_with(z, network={"classes": 10, "latent_dim": 16, "w_dim": 32, "width": 1 << 20})
    },
    "config is a list": lambda z: {"config__json": b"[]"},
    "deep config": lambda z: {"config__json": b"[" * 100_000},
    "card of another family": lambda z: {"README__md": card_with(z, b"family: gan", b"family: ui")},
    "lying card": lambda z: {"README__md": card_with(z, b"parameters: ", b"parameters: 1")},
    "card that unfolds": lambda z: {
        "README__md": card_with(z, b"figures:\n    figure: 1.5", LAUGHS.encode())
    },
    "card with tags": lambda z: {
        "README__md": card_with(z, b"family: gan", b"family: !!python/object/apply:os.system [ls]")
    },
    "zip bomb": lambda z: {"README__md": bytes(64 << 20)},
}  # fmt: skip


# These get as far as loading, or would harm who reads them; the others are refused by the same checks in this process.
IN_A_PROCESS = {"wrong shape", "not a number", "network of a terabyte", "card that unfolds", "pickle beside"}


@pytest.mark.parametrize("what", sorted(IN_A_PROCESS))
def test_a_zip_that_is_no_model_is_refused_in_a_sentence(tmp_path, exported, what):
    archive = repack(exported, tmp_path / "bad.zip", **HOSTILE[what](exported))
    with pytest.raises(InputError) as caught:
        import_run(archive, tmp_path / "runs", "bad")
    assert 20 < len(caught.value.text.en) < 700
    assert caught.value.text.zh
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("what", sorted(set(HOSTILE) - IN_A_PROCESS))
def test_what_is_wrong_is_seen_before_anything_is_loaded(tmp_path, exported, what):
    archive = repack(exported, tmp_path / "bad.zip", **HOSTILE[what](exported))
    (tmp_path / "new").mkdir()
    with pytest.raises(InputError) as caught:
        import_zip.unpack(archive, tmp_path / "new")
        registry.load(import_zip.check(tmp_path / "new"), Placement())
    assert 20 < len(caught.value.text.en) < 700
    assert caught.value.text.zh
    assert {path.name for path in tmp_path.iterdir()} == {"bad.zip", "new"}


@pytest.mark.parametrize("data", [b"", b"PK", b"\x80\x04.", b"PK\x05\x06" + b"\xff" * 18])
def test_a_file_that_is_no_zip_is_refused(tmp_path, data):
    (tmp_path / "bad.zip").write_bytes(data)
    with pytest.raises(InputError, match=r"no whole zip|has no"):
        import_run(tmp_path / "bad.zip", tmp_path / "runs", "bad")


def test_a_name_that_stands_twice_is_refused(tmp_path, exported):
    data = io.BytesIO(exported.read_bytes())
    with zipfile.ZipFile(data, "a") as archive, pytest.warns(UserWarning):
        archive.writestr("config.json", "{}")
    (tmp_path / "bad.zip").write_bytes(data.getvalue())
    with pytest.raises(InputError, match="twice"):
        import_run(tmp_path / "bad.zip", tmp_path / "runs", "bad")


def test_headers_of_good_weights_are_read(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(save({"a": torch.zeros(2, 3), "b": torch.zeros(0)}))
    header = read_header(tmp_path / "model.safetensors")
    assert header["a"]["shape"] == [2, 3]
