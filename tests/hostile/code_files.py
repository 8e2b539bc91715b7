"""Hostile files that are, or call themselves, models and programs: what runs when trusted, and checkpoints that lie.

What would run leaves a file called CANARY behind; whoever finds it afterwards knows that it did.
"""

import io
import json
import pickle  # what a visitor may send is made here, and never read
import struct
import zipfile

import numpy as np

from tests.data.hostile import MEGABYTE, zipped
from tests.hostile.model_parsers import run_files

CANARY = "aigc-canary"
Files = dict[str, bytes]


class Harm:
    """What touches the canary when it is unpickled."""

    def __reduce__(self) -> tuple:
        return open, (CANARY, "w")


def numbered(start: str, suffix: str, contents: list[bytes]) -> Files:
    """Files of one kind: start-0.suffix, start-1.suffix, ..."""
    return {f"{start}-{number}{suffix}": data for number, data in enumerate(contents)}


def code() -> dict[str, Files]:
    """What runs when it is opened by those who trust it."""
    loaded, object_array = pickle.dumps(Harm()), io.BytesIO()
    np.save(object_array, np.array([Harm()], dtype=object), allow_pickle=True)
    arrays = io.BytesIO()
    np.savez(arrays, a=np.array([Harm()], dtype=object))
    torch_zip = zipped({"archive/data.pkl": loaded, "archive/version": b"3"}, zipfile.ZIP_STORED)
    shell = f"#!/bin/sh\ntouch {CANARY}\n".encode()
    python = f"open({CANARY!r}, 'w')\n".encode()
    yaml = f"!!python/object/apply:os.system ['touch {CANARY}']\n".encode()
    protocols = [pickle.dumps(Harm(), protocol) for protocol in range(6)]
    return {
        "pickle that runs": numbered("model", ".pkl", protocols)
        | dict.fromkeys(
            ("model.pt", "model.bin", "model.ckpt", "model.joblib", "picture.png", "words.txt", "set.csv"),
            loaded,
        ),
        "torch archive that runs": dict.fromkeys(
            ("torch.pt", "torch.zip", "torch.safetensors", "torch.png"), torch_zip
        ),
        "numpy that runs": {
            "array.npy": object_array.getvalue(),
            "arrays.npz": arrays.getvalue(),
            "arrays.zip": arrays.getvalue(),
        },
        "script": {
            "go.sh": shell,
            "go.png": shell,
            "go.py": python,
            "sitecustomize.py": python,
            "conftest.txt": python,
            "go.bat": b"@echo off\r\n",
        },
        "YAML that runs": {
            "card.yaml": yaml,
            "card.md": b"---\n" + yaml + b"---\n",
            "README.md": b"---\naigc: " + yaml + b"---\n",
        },
        "template that runs": numbered(
            "template",
            ".txt",
            [b"{{ ''.__class__.__mro__[1].__subclasses__() }}", b"${7*7}", b"{0.__class__}", b"%(x)s%n%n"],
        ),
        "formula": numbered(
            "formula",
            ".csv",
            [b"text\n=cmd|'/c calc'!A1\n", b"text\n@SUM(1)\n", b"text\n+1+cmd\n", b"text\n-2+3\n"],
        ),
        "office": {
            "macro.docm": zipped({"word/vbaProject.bin": b"x"}),
            "sheet.xlsx": zipped({"xl/workbook.xml": b"<x/>"}),
            "old.doc": b"\xd0\xcf\x11\xe0" + bytes(600),
        },
    }


def models() -> dict[str, Files]:
    """Model zips that are none, or more than one."""
    sound = run_files()
    config, card = json.loads(sound["config.json"]), sound["README.md"]
    header = json.dumps({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}).encode()
    tables = [
        b"",
        b"\xff" * 8,
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 9) + b"[" * 9,
        struct.pack("<Q", len(header)) + header + bytes(4),
        *(
            struct.pack("<Q", len(text)) + text + bytes(12)
            for text in (
                header.replace(b"[3]", b"[-3]"),
                header.replace(b"[3]", b"[1e9]"),
                header.replace(b"F32", b"X"),
                header.replace(b"12]", b"99]"),
                b'{"a":' * 5000,
                b"{"
                + b",".join(
                    b'"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}' % i for i in range(20_000)
                )
                + b"}",
            )
        ),
    ]
    configs: list[object] = [
        {**config, "family": "../gan"},
        {**config, "family": "os"},
        {**config, "channels": [10**6] * 4},
        {**config, "latent_size": 10**9},
        {**config, "classes": "x" * 10**5},
        {"auto_map": {"AutoModel": "evil.Evil"}, "family": "gan"},
        [],
        None,
        {"family": ["gan"]},
        {**config, "classes": {"en": ["\ud800"], "zh": ["a"]}},
    ]
    cards = [
        b"",
        b"---\n" + b"a: &a [*a]\n" + b"---\n",
        b"---\naigc: 7\n---\n",
        b"---\naigc: {family: gan, parameters: .inf}\n---\n",
        b"---\n"
        + b"".join(
            b"a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 9) if i else b"x") for i in range(12)
        )
        + b"---\n",
        card.replace(b"family: gan", b"family: __main__"),
        card.replace(b"parameters: 3", b"parameters: 99999999999"),
        b"\xff\xfe" + card,
    ]
    extra = {
        "up.zip": {**sound, "../evil.py": b"x"},
        "code.zip": {**sound, "modeling.py": b"x"},
        "pickle.zip": {**sound, "model.pt": pickle.dumps(Harm())},
        "deep.zip": {f"a/{name}": data for name, data in sound.items()},
        "both.zip": {**sound, "adapter_model.safetensors": sound["model.safetensors"]},
        "little.zip": {"README.md": card},
        "pth.zip": {**sound, "evil.pth": b"import os"},
        "nameless.zip": {**sound, "": b"x"},
        "bomb.zip": {**sound, "tokenizer.json": bytes(60 * MEGABYTE)},
    }
    adapter = {
        "README.md": card,
        "adapter_model.safetensors": sound["model.safetensors"],
        "config.json": sound["config.json"],
    }
    settings = [
        {"peft_type": "XLORA"},
        {"auto_mapping": {"a": "b"}},
        {"target_modules": "(a+)+$"},
        {"r": 10**9},
        [],
        {"eva_config": {}},
    ]
    return {
        "hostile weights": numbered(
            "weights", ".zip", [zipped({**sound, "model.safetensors": table}) for table in tables]
        )
        | numbered("bare", ".safetensors", tables[:5]),
        "hostile model settings": numbered(
            "config",
            ".zip",
            [zipped({**sound, "config.json": json.dumps(value).encode()}) for value in configs],
        ),
        "hostile model card": numbered(
            "card", ".zip", [zipped({**sound, "README.md": value}) for value in cards]
        ),
        "model zip with more in it": {name: zipped(files) for name, files in extra.items()},
        "hostile adapter": numbered(
            "adapter",
            ".zip",
            [zipped({**adapter, "adapter_config.json": json.dumps(value).encode()}) for value in settings],
        ),
        "other models' formats": {
            "llama.gguf": b"GGUF" + struct.pack("<IQQ", 3, 2**63, 2**63),
            "net.onnx": b"\x08\x07\x12\x04evil" * 9,
            "net.h5": b"\x89HDF\r\n\x1a\n" + bytes(90),
            "net.tflite": bytes(4) + b"TFL3",
            "data.parquet": b"PAR1" + bytes(20) + b"\xff\xff\xff\x7fPAR1",
            "data.arrow": b"ARROW1\0\0" + b"\xff" * 90,
        },
    }
