"""Draw and encode at the level of its handlers, on a tiny random VAE."""

import base64
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from aigc_demo.schemas import ReconstructRequest
from aigc_demo.ui import offered
from aigc_demo.ui.image.encode_tab import EXAMPLES, EncodeTab
from aigc_demo.ui.page.shell import Shell
from tests.ui.handlers import Page, values_of


@pytest.fixture
def tab(context):
    with gr.Blocks():
        return EncodeTab(context)


def values(tab, picture, z="", **changes):
    """What the page would send with a picture on the pad, and bars where the hand has put them."""
    return {**values_of(tab, **changes), tab.pad.path: picture, tab.bars.z: z}


def test_a_picture_is_encoded_and_its_latent_vector_stands_there_as_sliders(tab, seven):
    shown = tab.encode(values(tab, seven, neighbours=3), Page())
    result = shown[tab.result]
    assert shown[tab.bars.bars].count('role="slider"') == len(result.mean)
    assert shown[tab.view].count("<figure") == 2 and shown[tab.near].count("data-index") == 3
    assert "of 3 say" in shown[tab.near]
    noisy = tab.encode(values(tab, seven, noise=0.5), Page())
    assert noisy[tab.view].count("<figure") == 3 and noisy[tab.view].count(" dB</figcaption>") == 2
    holed = tab.encode(values(tab, seven, damage="hole"), Page())
    assert "with a hole" in holed[tab.view] and " dB" not in shown[tab.view]


def test_what_was_done_to_a_deep_picture_is_said_with_its_code(tab, tmp_path):
    tones = np.zeros((56, 56), np.uint16)
    tones[10:46, 25:31] = 4000
    Image.fromarray(tones).save(tmp_path / "one.png")
    shown = tab.run({**values_of(tab), tab.pad.path: str(tmp_path / "one.png")}, Page())
    assert shown[tab.result].original.max() > 240 and "only 12 bits" in shown[tab.note]


def test_a_moved_bar_decodes_that_vector_and_leaves_the_bars_under_the_hand(tab, seven):
    first = tab.encode(values(tab, seven), Page())[tab.result]
    z = [2.0, *first.mean[1:]]
    moved = tab.move(values(tab, seven, ",".join(map(str, z))), Page())
    result = moved[tab.result]
    assert tab.bars.bars not in moved and result.latent == pytest.approx(z) and result.mean == first.mean
    assert (result.reconstruction != first.reconstruction).any() and "z moved by hand" in moved[tab.view]
    assert "latent=" in tab.rest(result, Page())[tab.code.python]
    back = tab.move(values(tab, seven, ""), Page())[tab.result]
    np.testing.assert_array_equal(back.reconstruction, first.reconstruction)


@pytest.mark.parametrize(
    ("z", "said"), [("1,2", "not 2"), ("x", "Latent"), ("99", "Latent"), (",".join(["0"] * 2000), "Latent")]
)
def test_a_vector_that_no_model_has_is_a_sentence_in_the_note(tab, seven, toasts, z, said):
    shown = tab.move(values(tab, seven, z), Page())
    assert set(shown) == {tab.note} and said in shown[tab.note] and not toasts


def test_an_empty_pad_is_passed_over_while_the_hand_moves_and_told_of_at_the_button(tab, toasts):
    assert tab.encode(values(tab, ""), Page()) == gr.skip() == tab.move(values(tab, ""), Page())
    assert tab.run(values(tab, ""), Page()) == gr.skip() and "pad is empty" in toasts[0]


def test_the_path_of_the_picture_is_not_in_the_code(tab, seven):
    shown = tab.run(values(tab, seven), Page())
    assert seven not in "".join(shown[part] for part in vars(tab.code).values())


def test_a_recipe_of_encoding_opens_its_tab(context):
    with gr.Blocks() as page:
        shell = Shell(context, offered(""))
        shell.build(page)
    tab = shell.by_task["reconstruct"]
    updates = shell.show(ReconstructRequest(image="drawing.png", neighbours=5), Page())
    assert updates[shell.tabs]["selected"] == "image"
    assert updates[shell.pages["reconstruct"].subtabs]["selected"] == "reconstruct"
    assert updates[tab.fields["neighbours"]]["value"] == 5 and set(updates) <= {
        *shell.places(),
        *tab.settable(),
    }


def test_strokes_of_one_drawing_are_one_file(tab, context):
    png = "data:image/png;base64," + base64.b64encode(b"first").decode()
    first = tab.pad.drawn("", png, Page())
    again = tab.pad.drawn(first, png.replace("Zmlyc3Q=", "c2Vjb25k"), Page())
    assert again == first and Path(first).read_bytes() == b"second"
    assert tab.pad.drawn("/etc/hostname", png, Page()) not in (first, "/etc/hostname")


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_stay_on_the_pad(name):
    assert all(10 < at < 270 for stroke in EXAMPLES[name] for point in stroke for at in point)
