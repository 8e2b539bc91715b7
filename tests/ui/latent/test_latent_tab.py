"""The Latent space tab at the level of its handlers, on tiny random models."""

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from aigc_demo.actions import make_images, walk
from aigc_demo.schemas import GridRequest, ImageRequest, WalkRequest
from aigc_demo.ui import offered
from aigc_demo.ui.latent import end_point as end_points
from aigc_demo.ui.latent.latent_tab import EXAMPLES, LatentTab
from aigc_demo.ui.latent.scrubber import stage_html
from aigc_demo.ui.page.shell import Shell
from tests.ui.handlers import Page, apply, final, values_of


@pytest.fixture
def tab(context):
    with gr.Blocks():
        return LatentTab(context)


def test_a_film_is_made_shown_and_kept(tab, context):
    shown = final(tab.run(values_of(tab, frames=5, fps=7), Page()))
    result, html = shown[tab.result], shown[tab.stage]
    assert len(result.frames) == 8 and result.request.frames == 5
    assert 'data-fps="7"' in html and 'data-back="true"' in html and 'max="4"' in html
    assert html.count("data-frame=") == 5
    assert "A · 2 · seed 2" in html and "B · 7 · seed 22" in html
    assert "sphere (slerp)" in shown[tab.inside] and "straight (lerp)" in shown[tab.inside]
    assert (
        "WalkRequest(model='vae-digits', from_seed=2, to_seed=22, frames=5, fps=7)" in shown[tab.code.python]
    )
    memory = tab.memory(result, "en")
    assert memory.request == result.request and memory.about == "vae-digits · 2 → 7"


def test_a_newer_film_keeps_its_look_inside_and_a_look_ends_no_film(tab, monkeypatch):
    result, looked = final(tab.run(values_of(tab, frames=5), Page()))[tab.result], LatentTab.both_paths

    def film_meanwhile(self, *asked):
        monkeypatch.setattr(LatentTab, "both_paths", looked)
        assert self.result in self.answer(values_of(tab, frames=6), Page())
        return looked(self, *asked)

    monkeypatch.setattr(LatentTab, "both_paths", film_meanwhile)
    assert tab.rest(result, Page()) == gr.skip()  # it is of the film before

    def look_meanwhile(self, *asked):
        monkeypatch.setattr(LatentTab, "both_paths", looked)
        self.rest(result, Page())
        return looked(self, *asked)

    monkeypatch.setattr(LatentTab, "both_paths", look_meanwhile)
    assert len(final(tab.run(values_of(tab, frames=7), Page()))[tab.result].frames) == 12


def test_the_stage_opens_halfway_and_says_where(context, cache):
    result = walk(WalkRequest(frames=2, there_and_back=False), cache)
    html = stage_html(result, ("A <1>", "B"), context.words, "zh")
    assert "A &lt;1&gt;" in html and "<1>" not in html
    assert 'aria-valuetext="t = 1.00"' in html and 'value="1"' in html and 'data-back="false"' in html


def test_a_picture_is_an_end_point(tab, tmp_path):
    path = tmp_path / "drawing.png"
    drawing = np.full((280, 280), 255, np.uint8)
    drawing[60:220, 120:160] = 0
    Image.fromarray(drawing).save(path)
    shown = final(tab.run(values_of(tab, from_source="picture", from_image=str(path), frames=3), Page()))
    assert "A · your picture" in shown[tab.stage]
    assert str(path) not in "".join(shown[part] for part in vars(tab.code).values())
    again = final(tab.run(values_of(tab, from_source="seed", from_image=str(path), frames=3), Page()))
    assert again[tab.result].request.from_image == ""


def test_bad_input_is_a_sentence_and_changes_nothing(tab, toasts):
    assert final(tab.run(values_of(tab, from_source="picture"), Page())) == gr.skip()
    assert final(tab.run(values_of(tab, frames=121), Page())) == gr.skip()
    assert final(tab.run(values_of(tab, from_seed=None), Page())) == gr.skip()
    assert "no picture" in toasts[0] and "2 to 120" in toasts[1] and "Seed of A" in toasts[2]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(tab, name):
    updates = tab.example(name)(Page())
    assert set(updates) <= {*tab.settable(), tab.inside_fold}
    shown = final(tab.run(apply(tab, updates), Page()))
    assert shown[tab.result].request == WalkRequest(**EXAMPLES[name])


def test_show_restores_a_walk_by_class_names_too(tab):
    asked = WalkRequest(model="gan-digits", from_label="3", to_label="all", to_seed=15, frames=9, fps=3)
    shown = final(tab.run(apply(tab, tab.show(asked, "en")), Page()))
    assert shown[tab.result].request == asked.model_copy(update={"to_label": "5"})


def test_a_link_cannot_put_a_file_of_the_server_on_the_pad(tab, toasts):
    updates = tab.show(WalkRequest(from_image="/etc/hostname"), "en")
    assert tab.ends[0].pad.path not in updates and tab.ends[0].pad.pad not in updates
    assert final(tab.run(apply(tab, updates), Page())) == gr.skip() and "no picture" in toasts[0]


def test_a_gan_takes_no_pictures(tab):
    values = {component: component.value for component in tab.choosers}
    updates = tab.choose_model({**values, tab.fields["model"]: "gan-digits"}, Page())
    for end in tab.ends:
        assert updates[end.source]["value"] == "seed" and not updates[end.source]["visible"]
        assert updates[end.chance]["visible"] and not updates[end.drawn]["visible"]
        assert updates[end.label]["value"] == end.label.value


def test_the_grid(tab):
    panel = tab.grid
    asked = GridRequest(model="gan-digits", seeds=[5, 6, 7, 8], labels=["1", "2", "3", "4"], size=3)
    updates = tab.show(asked, "en")
    assert set(updates) <= set(tab.settable()) and updates[panel.fold]["open"]
    values = {component: updates[component] for component in (*panel.shared.values(), *panel.seeds)}
    values |= {label: updates[label]["value"] for label in panel.labels} | {panel.size: updates[panel.size]}
    shown = panel.run(values, Page())
    result = shown[panel.result]
    assert result.request == asked and shown[panel.view].count("data-index") == 9
    assert panel.mixture(result, 0, "en") == "Row 1, column 1: 100% 1"
    assert panel.mixture(result, 4, "en") == "Row 2, column 2: 25% 1 + 25% 2 + 25% 3 + 25% 4"
    assert tab.memory(result, "zh").request == asked


def test_send_to_makes_a_picture_an_end(context, cache, toasts):
    with gr.Blocks() as page:
        shell = Shell(context, offered(""))
        shell.build(page)
    image, latent = shell.by_task["image"], shell.by_task["walk"]
    values = {component: component.value for component in latent.choosers} | {image.picked: 1}
    send = shell.send(image, latent, "to")
    assert send({**values, image.result: None}, Page()) == gr.skip() and toasts
    result = make_images(ImageRequest(label="4,6", count=2), cache)
    updates = send({**values, image.result: result}, Page())
    assert updates[shell.tabs]["selected"] == "walk"
    walked = final(latent.run(apply(latent, updates), Page()))[latent.result]
    np.testing.assert_array_equal(walked.frames[walked.request.frames - 1], result.pictures[1])


def test_class_of_follows_the_seed(settings):
    from aigc_demo.runtime.registry import find_card

    card = find_card("gan-digits", settings)
    assert end_points.class_of("all", 13, card) == 3 and end_points.class_of("7", 13, card) == 7
    assert end_points.kept_label("12", card) == "2" and end_points.kept_label(None, card) == "0"
