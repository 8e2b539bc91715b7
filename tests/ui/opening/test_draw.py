"""The pad of the Start tab at the level of its handlers, on a tiny random VAE."""

from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from aigc_demo.ui.opening.draw import SIDE, Draw
from aigc_demo.ui.page.draw_pad import DrawPad
from aigc_demo.ui.page.pictures import data_uri
from tests.ui.handlers import Page


@pytest.fixture
def pads(context):
    """The exhibit, and a tab that takes its drawing over."""
    with gr.Blocks():
        exhibit = Draw()
        exhibit.build(context)
        return exhibit, SimpleNamespace(pad=DrawPad(context, "pad"))


def stroke(column):
    """A black line down the pad."""
    paper = np.full((SIDE, SIDE), 255, np.uint8)
    paper[:, column : column + 20] = 0
    return paper


def on_disk(path):
    return np.asarray(Image.open(path))


def test_a_drawing_that_was_taken_over_stays_as_the_pad_goes_on(pads, context):
    exhibit, tab = pads
    first, second = stroke(40), stroke(200)
    path, _ = exhibit.follow("", data_uri(second), Page())
    taken = exhibit.carry_on(tab, context.folder(Page()), {exhibit.drawing.box: data_uri(second)})
    again, _ = exhibit.follow(path, data_uri(first), Page())
    np.testing.assert_array_equal(on_disk(again), first)
    np.testing.assert_array_equal(on_disk(taken[tab.pad.path]), second)
    assert taken[tab.pad.pad].startswith("data:image/png")


def test_without_one_the_recorded_stroke_is_taken(pads, context):
    exhibit, tab = pads
    taken = exhibit.carry_on(tab, context.folder(Page()), {exhibit.drawing.box: None})
    assert on_disk(taken[tab.pad.path]).shape == (SIDE, SIDE) and on_disk(taken[tab.pad.path]).min() == 0
