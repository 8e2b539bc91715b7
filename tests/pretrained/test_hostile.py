"""Hostile and broken model folders: each is refused with a sentence that says why, and nothing of it is run."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.models.safetensors_header import check_finite, read_header
from aigc_demo.pretrained.check import check
from aigc_demo.pretrained.inspect import inspect
from tests.checkpoints.diffusion import write_ddpm
from tests.checkpoints.language import write_llama

CANARY = "from pathlib import Path\nPath(__file__).with_name('canary').touch()\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A Llama and a DDPM as they should be."""
    folder = tmp_path_factory.mktemp("whole")
    write_llama(folder / "llama")
    write_ddpm(folder / "ddpm")
    return folder


@pytest.fixture
def model(whole, tmp_path, request):
    """A copy of one of them to be spoilt."""
    return Path(shutil.copytree(whole / getattr(request, "param", "llama"), tmp_path / "model"))


def change(path, **values):
    """Other values in a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **values}), "utf-8")


def tensors(path, entries, values=b""):
    """A safetensors file with this header, whatever it says."""
    header = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + values)


def pickled(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def remote_code(folder):
    change(folder / "config.json", auto_map={"AutoModelForCausalLM": "modeling.Evil"})
    (folder / "modeling.py").write_text(CANARY)


def tokenizer_code(folder):
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["tok.Evil", None]})
    (folder / "tok.py").write_text(CANARY)


def kernel(folder):
    change(folder / "config.json", _attn_implementation_internal="evil/kernel")


def deep_kernel(folder):
    change(folder / "config.json", text_config={"sub": [{"attn_implementation": "evil/kernel"}]})


def experts(folder):
    change(folder / "config.json", _experts_implementation="evil/kernel")


def quantised(folder):
    change(folder / "config.json", quantization_config={"quant_method": "fp8"})


def unknown_class(folder):
    change(folder / "config.json", architectures=["EvilForCausalLM"])


def no_class(folder):
    change(folder / "config.json", architectures=[{"a": 1}])


def no_config(folder):
    (folder / "config.json").unlink()


def config_of_a_list(folder):
    (folder / "config.json").write_text("[" * 100_000)


def huge_config(folder):
    change(folder / "config.json", padding="x" * (3 << 20))


def deep_config(folder):
    value = {}
    for _ in range(60):
        value = {"a": value}
    change(folder / "config.json", deep=value)


def endless_layers(folder):
    change(folder / "config.json", num_hidden_layers=10**9)


def index_outside(folder):
    (folder / "model.safetensors").rename(folder.parent / "secret.safetensors")
    table = {"weight_map": {"lm_head.weight": "../secret.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(table))


def index_of_nothing(folder):
    (folder / "model.safetensors").unlink()
    table = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(table))


def index_that_lies(folder):
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    table = {"weight_map": {"not.there": "model-00001-of-00001.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(table))


def link_outside(folder):
    (folder.parent / "secret.json").write_text("{}")
    (folder / "special_tokens_map.json").unlink(missing_ok=True)
    (folder / "special_tokens_map.json").symlink_to(folder.parent / "secret.json")


def table_of(count):
    """A header with so many empty tensors."""
    entry = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    return ("{" + ",".join(f'"{number}":{entry}' for number in range(count)) + "}").encode()


def many_tensors(folder):
    tensors(folder / "model.safetensors", table_of(300_000))


def more_tensors_than_any_model(folder):
    tensors(folder / "model.safetensors", table_of(10_001))


def many_tensors_in_shards(folder):
    (folder / "model.safetensors").unlink()
    for shard in ("a", "b"):
        tensors(folder / f"{shard}.safetensors", table_of(6_000))
    table = {"weight_map": {"1": "a.safetensors", "2": "b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(table))


def no_header(folder):
    (folder / "model.safetensors").write_bytes(b"\xff" * 100)


def header_of_rubbish(folder):
    tensors(folder / "model.safetensors", b"[" * 50_000)


def overlapping(folder):
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    tensors(folder / "model.safetensors", {"a": entry, "b": entry}, bytes(16))


def negative_shape(folder):
    tensors(folder / "model.safetensors", {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, -4]}})


def many_files(folder):
    for number in range(1001):
        (folder / f"{number}.txt").touch()


REFUSED = {
    pickled: "can run code", remote_code: "code of its own", tokenizer_code: "code of its own",
    kernel: "attention code", deep_kernel: "attention code", experts: "attention code", quantised: "quantised",
    unknown_class: "EvilForCausalLM", no_class: "is a ,", no_config: "no config.json", config_of_a_list: "cannot be read",
    huge_config: "over 2 MB", deep_config: "nested deeper", endless_layers: "1000 layers", index_outside: "outside of the model",
    index_of_nothing: "is missing", index_that_lies: "its index promises", link_outside: "leads out", many_tensors: "header|tensors",
    more_tensors_than_any_model: "10001 tensors", many_tensors_in_shards: "over 10000",
    no_header: "damaged", header_of_rubbish: "damaged", overlapping: "not where they should be", negative_shape: "makes no sense",
    many_files: "1000 files",
}  # fmt: skip


@pytest.mark.parametrize("spoil", REFUSED, ids=lambda spoil: spoil.__name__)
def test_refused_by_reading_alone(model, spoil):
    spoil(model)
    with pytest.raises(InputError, match=REFUSED[spoil]) as refused:
        inspect(model, "evil/model")
    assert any("一" <= char <= "鿿" for char in refused.value.text.zh)
    assert not list(model.rglob("canary"))


def part_not_listed(folder):
    change(folder / "model_index.json", unet=["os", "system"])


def part_with_code(folder):
    change(folder / "model_index.json", unet=["evil", "UNet2DModel"])
    (folder / "unet" / "evil.py").write_text(CANARY)


def part_that_shadows_the_library(folder):
    (folder / "unet" / "diffusers.py").write_text(CANARY)


def part_elsewhere(folder):
    change(folder / "model_index.json", **{"../unet": ["diffusers", "UNet2DModel"]})


def part_pickled(folder):
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))


def pipeline_of_its_own(folder):
    change(folder / "model_index.json", _class_name=["pipeline", "Evil"])
    (folder / "pipeline.py").write_text(CANARY)


PARTS = {
    part_not_listed: "list of parts", part_with_code: "list of parts", part_that_shadows_the_library: "Python code",
    part_elsewhere: "list of parts", part_pickled: "can run code", pipeline_of_its_own: "the app loads",
}  # fmt: skip


@pytest.mark.parametrize("model", ["ddpm"], indirect=True)
@pytest.mark.parametrize("spoil", PARTS, ids=lambda spoil: spoil.__name__)
def test_parts_of_a_pipeline_are_on_the_list(model, spoil):
    spoil(model)
    with pytest.raises(InputError, match=PARTS[spoil]):
        inspect(model, "evil/model")
    assert not list(model.rglob("canary"))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["F16", "F32", "F64", "BF16"])
def test_values_that_are_no_numbers_are_found(tmp_path, value, dtype):
    kind = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<f4"}[dtype]
    values = np.array([1.0, -65504.0, 0.0, 6e-8], kind)

    def write(numbers):
        raw = numbers.astype(kind)
        raw = (raw.view("<u4") >> 16).astype("<u2") if dtype == "BF16" else raw
        entry = {"dtype": dtype, "shape": [len(numbers)], "data_offsets": [0, raw.nbytes]}
        tensors(tmp_path / "model.safetensors", {"a": entry}, raw.tobytes())
        return read_header(tmp_path / "model.safetensors")

    check_finite(tmp_path / "model.safetensors", write(values))
    with pytest.raises(InputError, match="tensor a holds NaN"):
        check_finite(tmp_path / "model.safetensors", write(np.append(values, value)))


def test_the_process_that_checks_refuses_and_has_no_secrets(model, monkeypatch):
    from safetensors.numpy import load_file, save_file

    card = check(model, "some/model")
    assert card.kind == "causal_lm" and card.parameters > 0
    weights = load_file(model / "model.safetensors")
    name = sorted(weights)[0]
    weights[name] = np.full_like(weights[name], np.nan)
    save_file(weights, model / "model.safetensors")
    with pytest.raises(InputError, match="NaN"):
        check(model, "some/model")
