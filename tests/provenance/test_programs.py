"""What other generators write into pictures, films and notes, in their own forms, and files that only look so."""

import json
import random

import av
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from aigc_demo.provenance import read
from aigc_demo.provenance.programs import KEYWORDS, find, graphs
from aigc_demo.provenance.schema import Statement

PICTURE = Image.new("RGB", (16, 16), (9, 90, 190))
WEBUI = """a lighthouse at dusk, 灯塔,
oil on canvas
Negative prompt: blurry,
low quality
Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 12345, Size: 256x256, Model: mymodel, Lora hashes: "a: 1, b: 2", Version: """
SDNEXT = """a lighthouse
Negative prompt: blurry
Steps: 20, Seed: 12345, Sampler: Euler a, CFG scale: 7.5, Size: 256x256, Parser: native, App: SD.Next, Version: 9ed7d"""
FULL = {
    "prompt": "a lighthouse",
    "negative_prompt": "blurry",
    "seed": 12345,
    "num_inference_steps": 20,
    "guidance_scale": 7.5,
}
COMFY = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 12345,
            "steps": 20,
            "cfg": 7.5,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
        },
    },
    "4": {
        "class_type": "CheckpointLoaderSimple",
        "inputs": {"ckpt_name": "sd15.safetensors"},
        "is_changed": float("nan"),
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a lighthouse", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
}
FLUX = {
    "13": {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {"noise": ["25", 0], "guider": ["22", 0], "sampler": ["16", 0], "sigmas": ["17", 0]},
    },
    "16": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
    "17": {
        "class_type": "BasicScheduler",
        "inputs": {"scheduler": "simple", "steps": 20, "model": ["12", 0]},
    },
    "12": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors"}},
    "22": {"class_type": "BasicGuider", "inputs": {"model": ["12", 0], "conditioning": ["26", 0]}},
    "26": {"class_type": "FluxGuidance", "inputs": {"guidance": 7.5, "conditioning": ["6", 0]}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["30", 0], "clip": ["11", 0]}},
    "30": {"class_type": "PrimitiveString", "inputs": {"value": "a lighthouse"}},
    "25": {"class_type": "RandomNoise", "inputs": {"noise_seed": ["31", 0]}},
    "31": {"class_type": "PrimitiveInt", "inputs": {"value": 12345}},
}
PAGE = {
    "nodes": [
        {"id": 3, "type": "KSampler", "widgets_values": [12345, "fixed", 20, 7.5, "euler", "normal", 1],
         "inputs": [{"name": "positive", "link": 1}, {"name": "negative", "link": 2}]},
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": ["a lighthouse"], "inputs": []},
        {"id": 7, "type": "CLIPTextEncode", "widgets_values": ["blurry"]},
    ],
    "links": [[1, 6, 0, 3, 1, "CONDITIONING"], [2, 7, 0, 3, 2, "CONDITIONING"]],
}  # fmt: skip
INVOKE = {
    "positive_prompt": "a lighthouse",
    "negative_prompt": "blurry",
    "seed": 12345,
    "steps": 20,
    "cfg_scale": 7.5,
    "model": {"name": "sdxl", "base": "x"},
    "app_version": "5.0",
}
INVOKE_2 = {
    "app_id": "invoke-ai/InvokeAI",
    "image": {
        "prompt": [{"prompt": "a lighthouse", "weight": 1}],
        "steps": 20,
        "cfg_scale": 7.5,
        "seed": 12345,
    },
}
NOVEL = {
    "prompt": "a lighthouse",
    "uc": "blurry",
    "seed": 12345,
    "steps": 20,
    "scale": 7.5,
    "sampler": "k_euler",
    "sm": False,
    "v4_prompt": {},
}
FOOOCUS = {
    "prompt": "a lighthouse",
    "negative_prompt": "blurry",
    "seed": "12345",
    "steps": 20,
    "guidance_scale": 7.5,
    "base_model": "jugger",
    "metadata_scheme": "fooocus",
    "version": "Fooocus v2.5.5",
}
SWARM = {
    "sui_image_params": {
        "prompt": "a lighthouse",
        "negativeprompt": "blurry",
        "seed": 12345,
        "steps": 20,
        "cfgscale": 7.5,
        "model": "m",
    }
}
# (program, PNG texts, what of FULL it does not say)
PNGS = {
    "webui": ("AUTOMATIC1111", {"parameters": WEBUI + "v1.10.1"}, "words"),
    "forge": ("Stable Diffusion WebUI Forge", {"parameters": WEBUI + "f2.0.1v1.10.1"}, "words"),
    "sdnext": ("SD.Next", {"parameters": SDNEXT}, ""),
    "comfy": ("ComfyUI", {"prompt": json.dumps(COMFY), "workflow": json.dumps(PAGE)}, ""),
    "flux": ("ComfyUI", {"prompt": json.dumps(FLUX)}, "negative_prompt"),
    "page": ("ComfyUI", {"workflow": json.dumps(PAGE)}, ""),
    "invoke": ("InvokeAI", {"invokeai_metadata": json.dumps(INVOKE)}, ""),
    "invoke 2": ("InvokeAI", {"sd-metadata": json.dumps(INVOKE_2)}, "negative_prompt"),
    "dream": (
        "InvokeAI",
        {"Dream": '"a lighthouse [blurry]" -s 20 -S 12345 -W 512 -H 512 -C 7.5 -A k_lms'},
        "",
    ),
    "novelai": (
        "NovelAI",
        {"Software": "NovelAI", "Source": "V4", "Description": "a lighthouse", "Comment": json.dumps(NOVEL)},
        "",
    ),
    "fooocus": ("Fooocus", {"parameters": json.dumps(FOOOCUS), "fooocus_scheme": "fooocus"}, ""),
    "fooocus lines": (
        "Fooocus",
        {
            "parameters": SDNEXT.replace("App: SD.Next, Version: 9ed7d", "Version: Fooocus v2.5.5"),
            "fooocus_scheme": "a1111",
        },
        "",
    ),
    "swarm": ("SwarmUI", {"parameters": json.dumps(SWARM)}, ""),
}


def png(texts, path):
    """A picture with these texts, as Pillow's users write them."""
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    PICTURE.save(path, pnginfo=info)
    return path


@pytest.mark.parametrize("name", PNGS)
def test_png_texts_of_each_program_are_read(name, tmp_path):
    program, texts, without = PNGS[name]
    found = read(png(texts, tmp_path / "a.png"))
    statement = found.statement
    assert statement.program == program and found.ai_generated and found.label is None
    if without == "words":
        assert statement.prompt == "a lighthouse at dusk, 灯塔,\noil on canvas"
        assert statement.negative_prompt == "blurry,\nlow quality"
        assert dict(statement.more)["Lora hashes"] == "a: 1, b: 2"
        assert (statement.seed, statement.num_inference_steps, statement.guidance_scale) == (12345, 20, 7.5)
    else:
        assert statement.settings() == {name: value for name, value in FULL.items() if name != without}


def comment(code, text, encoding):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = code + text.encode(encoding)
    return exif


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
@pytest.mark.parametrize(
    ("code", "encoding"),
    [
        (b"UNICODE\0", "utf-16-be"),
        (b"UNICODE\0", "utf-16-le"),
        (b"UNICODE\0", "utf-16"),
        (b"ASCII\0\0\0", "utf-8"),
        (bytes(8), "utf-8"),
        (b"", "utf-8"),
    ],
)
def test_comments_in_exif_are_read_in_every_encoding(suffix, code, encoding, tmp_path):
    PICTURE.save(tmp_path / f"a.{suffix}", exif=comment(code, WEBUI + "v1.6.0", encoding))
    statement = read(tmp_path / f"a.{suffix}").statement
    assert statement.program == "AUTOMATIC1111" and "灯塔" in statement.prompt and statement.seed == 12345


def test_other_programs_use_other_fields_of_exif(tmp_path):
    exif = comment(b"", json.dumps(FOOOCUS), "utf-8")
    exif[0x0131], exif[0x927C] = "Fooocus v2.5.5", "fooocus"
    PICTURE.save(tmp_path / "a.jpg", exif=exif)
    assert read(tmp_path / "a.jpg").statement.program == "Fooocus"
    exif = Image.Exif()
    exif[0x0110], exif[0x010F] = f"prompt:{json.dumps(COMFY)}", f"workflow:{json.dumps(PAGE)}"
    PICTURE.save(tmp_path / "a.webp", exif=exif)
    assert read(tmp_path / "a.webp").statement.settings() == FULL


def test_films_and_notes_are_read(tmp_path):
    PICTURE.save(tmp_path / "a.gif", comment=SDNEXT.encode())
    assert read(tmp_path / "a.gif").statement.settings() == FULL
    path, options = tmp_path / "a.mp4", {"movflags": "use_metadata_tags"}
    with av.open(str(path), "w", options=options) as film:
        film.metadata.update(comment=json.dumps({"prompt": json.dumps(COMFY), "workflow": PAGE}))
        stream = film.add_stream("libx264", rate=1)
        stream.width = stream.height = 16
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
        film.mux([*stream.encode(frame), *stream.encode(None)])
    assert read(path).statement.program == "ComfyUI" and read(path).statement.settings() == FULL
    (tmp_path / "a.txt").write_text(SDNEXT)
    note = read(tmp_path / "a.txt")
    assert note.statement.settings() == FULL and not note.ai_generated  # it is about a picture


@pytest.mark.parametrize(
    "texts",
    [
        {"Software": "GIMP", "Comment": "made by hand"},
        {"parameters": "exposure 1/60"},
        {"parameters": "Steps: 3 of the recipe, Mix well"},
        {"prompt": "what is it?"},
        {"workflow": "[]", "prompt": "{}"},
        {"parameters": "{" * 5000},
        {"Comment": '{"AIGC": {"Label": "1"}}'},
        {"Description": "a lighthouse, seed: 3"},
    ],
)
def test_what_only_looks_so_is_no_statement(texts, tmp_path):
    assert read(png(texts, tmp_path / "a.png")).statement is None


def test_the_apps_own_recipe_goes_before_the_words_of_others(tmp_path):
    from aigc_demo import media
    from aigc_demo.provenance import Recipe
    from aigc_demo.provenance.carrying import carried, sources

    media.save_image(PICTURE, tmp_path / "a.png", Recipe(task="draw", model="m"))
    assert read(tmp_path / "a.png").statement is None
    path = png({"parameters": SDNEXT}, tmp_path / "b.png")
    copied = media.save_copy(PICTURE, tmp_path / "c.png", carried(path))
    assert carried(path).ai_generated and read(copied).label is None
    assert [source.model for source in sources({"image": str(path)})] == ["SD.Next"]


def test_statements_are_bounded_and_their_numbers_sound():
    said = Statement.of(
        "x" * 999,
        {
            "prompt": "a\0b" * 9999,
            "seed": "1e400",
            "guidance_scale": "nan",
            **{f"k{i}": "v" for i in range(99)},
        },
    )
    assert len(said.prompt) <= 20_000 and "\0" not in said.prompt and len(said.more) == 24
    assert said.seed is None and said.guidance_scale is None and len(said.program) == 60
    assert Statement.of("x", {"seed": 2**63 + 1}).seed == 2**63 + 1  # not by way of a float
    assert Statement.of("x", {"seed": True, "prompt": [], "steps": None}) is None


def test_graphs_of_strangers_end_and_raise_nothing():
    dice = random.Random(0)
    values = (["1", 0], ["2", 0], ["9", 1], 3, -1.5, "words", None, True, [], {}, [["1"], 0], ["1"], 10**40)
    names = (
        "positive",
        "negative",
        "text",
        "seed",
        "noise_seed",
        "steps",
        "cfg",
        "guider",
        "conditioning",
        "model",
    )
    kinds = ("KSampler", "CLIPTextEncode", "SamplerCustomAdvanced", "Reroute", 7)
    for _ in range(1000):
        graph = {
            str(i): {
                "class_type": dice.choice(kinds),
                "inputs": {name: dice.choice(values) for name in dice.sample(names, 5)},
            }
            for i in range(dice.randrange(1, 6))
        }
        for text in (
            json.dumps(graph),
            json.dumps({"nodes": list(graph.values()), "links": dice.choices(values, k=4)}),
        ):
            said = find({dice.choice(KEYWORDS): text, "parameters": text})
            assert said is None or isinstance(said, Statement)
    around = {
        str(i): {"class_type": "KSampler", "inputs": {"positive": [str((i + 1) % 3), 0]}} for i in range(3)
    }
    assert graphs.settings(around) == {"nodes": "3"}


def test_long_lines_do_not_hold_up_the_reader(tmp_path):
    for text in (
        "Steps: 1, " + "a" * 900_000,
        "Steps: 1, " + "a:" * 400_000,
        '"' * 900_000,
        "Steps: 1\n" * 90_000,
        '"a" ' + "-s 1 " * 3000 + "x",
    ):
        assert find({"parameters": text, "Dream": text}) is None
