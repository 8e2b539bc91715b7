"""The parsers of models: weights, the folders of others, runs and adapters that travel as a zip, tokenizers."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.data.hostile import zipped
from tests.hostile.parser import Parser

ROOT = Path(__file__).parents[2]
SHARDS = "model.safetensors.index.json"


def tensors(folder: Path) -> list[bytes]:
    """Weights of three kinds of numbers."""
    from safetensors.numpy import save

    arrays = {"a": np.ones((2, 3), np.float32), "b.weight": np.ones(4, np.float16), "n": np.arange(5)}
    return [save(arrays), save(arrays, metadata={"format": "pt", "x": "y"})]


def read_tensors(path: Path) -> Any:
    """Header and values of weights."""
    from aigc_demo.models.safetensors_header import check_finite, read_header

    check_finite(path, header := read_header(path))
    return header


def checkpoint(file: str) -> Parser:
    """A model folder of others in which one file is changed, read as before it is offered."""
    from aigc_demo.pretrained.inspect import inspect
    from tests.checkpoints.diffusion import write_ddpm
    from tests.checkpoints.language import write_llama

    write = write_ddpm if file == "model_index.json" else write_llama

    def seeds(folder: Path) -> list[bytes]:
        write(folder / "whole")
        readme = b"---\nlicense: mit\nlanguage: [en, zh]\ntags:\n- a\n---\n\n# Words\n"
        (folder / "whole" / "README.md").write_bytes(readme)
        if file == SHARDS:
            weights = (folder / "whole" / "model.safetensors").rename(
                folder / "whole" / "model-1.safetensors"
            )
            table = dict.fromkeys(read_tensors(weights), weights.name)
            (folder / "whole" / file).write_text(
                json.dumps({"metadata": {"total_size": 9}, "weight_map": table})
            )
        return [(folder / "whole" / file).read_bytes()]

    def read(data: bytes, folder: Path) -> Any:
        (folder / "whole" / file).write_bytes(data)
        return inspect(folder / "whole", "evil/model")

    return Parser(seeds, read)


def run_files() -> dict[str, bytes]:
    """A model of this app as it travels, with weights of three numbers."""
    from safetensors.numpy import save

    card = (ROOT / "weights" / "gan-digits" / "README.md").read_text("utf-8").split("\n# ")[0]
    return {
        "README.md": card.replace("parameters: 401317", "parameters: 3").encode(),
        "config.json": (ROOT / "weights" / "gan-digits" / "config.json").read_bytes(),
        "model.safetensors": save({"a": np.ones(3, np.float32)}),
    }


def own_run(file: str) -> Parser:
    """A model zip of this app in which one file is changed, unpacked and checked as in the child."""

    def read(data: bytes, folder: Path) -> Any:
        return read_run_zip(zipped({**run_files(), file: data}, zipfile.ZIP_STORED), folder)

    return Parser(lambda folder: [run_files()[file]], read)


def read_run_zip(data: bytes, folder: Path) -> Any:
    """A changed zip in the place of a model's."""
    from aigc_demo.jobs.import_zip import check as check_run
    from aigc_demo.jobs.import_zip import unpack

    shutil.rmtree(folder / "run", ignore_errors=True)
    (folder / "run").mkdir()
    (folder / "run.zip").write_bytes(data)
    unpack(folder / "run.zip", folder / "run")
    return check_run(folder / "run")


def run_zips(folder: Path) -> list[bytes]:
    """A model zip, packed and not."""
    return [zipped(run_files()), zipped(run_files(), zipfile.ZIP_STORED)]


def adapter_settings(data: bytes, folder: Path) -> Any:
    """adapter_config.json beside a sound adapter."""
    from safetensors.numpy import save

    from aigc_demo.core.words import Text
    from aigc_demo.jobs.import_adapter import check_adapter
    from aigc_demo.models.cards import ModelCard

    words = Text(en="a", zh="a")
    card = ModelCard(
        id="runs/a", folder=folder, family="transformer", kind="lora", base="b", tasks=(), title=words, summary=words,
        parameters=1, licence="mit", data="d",
    )  # fmt: skip
    (folder / "adapter_model.safetensors").write_bytes(save({"q.lora_A.weight": np.ones((2, 2), np.float32)}))
    (folder / "adapter_config.json").write_bytes(data)
    return check_adapter(folder, card)


def tokenizers(folder: Path) -> list[bytes]:
    """A small tokenizer of each of the two kinds."""
    from aigc_demo.language.tokenizer import build_bytes, build_characters

    kinds = (build_characters(["春眠不觉晓"], 20, []), build_bytes(["to be or not to be"] * 5, 270))
    return [kind.to_str(pretty=False).encode() for kind in kinds]


def read_tokenizer(data: bytes, folder: Path) -> Any:
    """A tokenizer, with which a text is read and written."""
    from aigc_demo.language.tokenizer import Pieces, load_tokenizer

    (folder / "tokenizer.json").write_bytes(data)
    return Pieces(load_tokenizer(folder))
