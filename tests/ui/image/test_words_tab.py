"""Drawing from words by a painter trained here: its vocabulary, drafts, word maps, variations, sprites; a tiny random one."""

import base64
import html
import io
import json
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from aigc_demo import provenance
from aigc_demo.actions import draw, unknown_words, walk, word_maps, write_sprite
from aigc_demo.actions.draw import UNCHECKED
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import plain
from aigc_demo.media.cutouts import shown_part
from aigc_demo.schemas import DrawRequest, WalkRequest
from aigc_demo.ui.image.drafts import Drafts
from aigc_demo.ui.image.draw_progress import one_of
from aigc_demo.ui.image.draw_tab import DrawTab
from aigc_demo.ui.image.draw_view import pictures_html
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.draw_pad import PREFIX
from aigc_demo.ui.page.language import Words
from tests.checkpoints.dalle import write_dalle
from tests.checkpoints.painter import write_painter
from tests.ui.handlers import Event, Page, final
from tests.ui.image.test_draw_tab import asked, drawn

SIDE = 16


@pytest.fixture
def context(settings, cache, tmp_path):
    own = settings.model_copy(update={"weights_dir": tmp_path / "weights"})
    write_painter(own.weights_dir / "draw-squares", side=SIDE)
    return Context(own, type(cache)(own), Words())


@pytest.fixture
def tab(context):
    with gr.Blocks():
        return DrawTab(context)


def test_a_painter_draws_several_at_once_small_and_alone_alike(tab):
    shown = drawn(tab, prompt="a red square", count=3)
    result = shown[tab.result].result
    assert result.pictures.shape == (3, SIDE, SIDE, 3) and "pixels-shown" in shown[tab.view]
    assert result.steps == 3 and result.finished == 3  # one round for all three
    films = shown[tab.result].films
    assert all([step for step, _ in films[index]] == [1, 2, 3] for index in range(3))
    alone = drawn(tab, prompt="a red square", seed=result.seeds[1], count=1)[tab.result].result
    assert np.abs(alone.pictures[0].astype(int) - result.pictures[1]).max() <= 2
    assert UNCHECKED.en not in str(plain(result.note))


def test_the_page_opens_with_the_painter_and_its_phrases(tab, context):
    assert tab.fields["model"].value == "draw-squares" and tab.opening["en"] == "draw-vocabulary-dice"
    given = json.loads(tab.vocabulary.panel.value)
    assert given["live"] and given["slots"][0]["phrases"][0] == {"en": "a red square", "zh": "红方"}
    updates = tab.for_model("draw-squares", "zh")
    assert set(updates) <= set(tab.settable()) and not updates[tab.fields["width"]]["visible"]
    (context.settings.weights_dir / "draw-squares" / "phrases.json").write_text('{"slots": [1]}')
    assert "slots" in json.loads(
        tab.for_model("draw-squares", "en")[tab.vocabulary.panel]
    )  # and the page lives


def test_unknown_words_are_named_with_what_was_meant(tab, context):
    settings = context.settings
    assert unknown_words("draw-squares", "a reed square, 红 飞机", settings) == {"reed": "red", "飞机": ""}
    html = tab.vocabulary.name_unknown("draw-squares", "a <b> squares", Page())
    assert "role" in html and "squares</b> (square?)" in html and "<b>b</b>" in html
    assert tab.vocabulary.name_unknown("draw-squares", "a red square", Page()) == ""
    assert tab.vocabulary.name_unknown("gone", "x", Page()) == ""
    note = drawn(tab, prompt="a purple square")[tab.note]
    assert "never learned these words" in note and "purple" in note


def test_a_draft_is_one_picture_and_the_rest_brings_all(tab):
    with gr.Blocks():
        drafts = Drafts(tab.context, tab)
    values = asked(tab, prompt="a red square", count=2, num_inference_steps=0)
    draft = drafts.draft(values, Page())
    assert "draft" in draft[tab.view] and tab.result not in draft
    assert final(drafts.rest(values, Page()))[tab.result].result.pictures.shape[0] == 2
    assert drafts.draft(asked(tab, prompt="  "), Page()) == gr.skip()
    wrong = drafts.draft(asked(tab, prompt="x", seed=-1), Page())
    assert "Seed" in wrong[tab.note]  # in the note: a toast would come with every movement


def test_an_older_drawing_never_stands_over_a_newer_draft(tab):
    with gr.Blocks():
        drafts = Drafts(tab.context, tab)
    older = tab.run(asked(tab, prompt="a red square", count=40, num_inference_steps=60), Page())
    next(older)
    newer = drafts.draft(asked(tab, prompt="a blue square"), Page())
    assert tab.view in newer
    rest = [update for update in older if update != gr.skip()]
    assert not any(tab.result in update or "Stopped" in str(update.get(tab.note)) for update in rest)


def test_words_have_maps(tab, context):
    found = word_maps(
        DrawRequest(model="draw-squares", prompt="a red 方", num_inference_steps=2), context.cache
    )
    assert found.words == ["a", "red", "方"] and found.maps.shape[0] == 3
    assert found.maps.min() >= 0 and found.maps.max() <= 1
    result = drawn(tab, prompt="a red square")[tab.result].result
    updates = tab.maps.look(one_of(result, 0), False, Page())
    assert updates[tab.maps.fold]["visible"] and updates[tab.maps.view].count("data-word") == 3
    assert not tab.maps.look(None, False, Page())[tab.maps.fold]["visible"]
    assert not tab.maps.look(one_of(drawn(tab)[tab.result].result, 0), False, Page())[tab.maps.fold][
        "visible"
    ]


def test_a_picture_of_codes_says_what_each_cost_and_which_speaks_most_for_the_words(tab, context):
    write_dalle(context.settings.weights_dir / "dalle-squares")
    shown = drawn(tab, model="dalle-squares", prompt="a red square", count=3)
    result = shown[tab.result].result
    assert len(result.evidence) == 3 and result.facts()["evidence"] == result.evidence
    ranked = replace(shown[tab.result], result=replace(result, evidence=[1.0, 5.6, -2.0]))
    cells = pictures_html(ranked, 0, context.words, "en").split("<button")[1:]
    assert ['class="best"' in cell for cell in cells] == [False, True, False]
    assert "6 bits · best" in cells[1] and "-2 bits" in cells[2]
    updates = tab.maps.look(one_of(result, 0), True, Page())
    told = json.loads(html.unescape(updates[tab.maps.odds].split('data-odds="')[1].split('"')[0]))
    assert updates[tab.maps.odds_fold]["visible"] and len(told["bits"]) == len(told["looked"]) == 16
    assert told["words"] == ["a", "red", "square"] and min(told["bits"]) >= 0
    closed = tab.maps.look(one_of(result, 0), False, Page())
    assert closed[tab.maps.odds_fold]["visible"] and not closed[tab.maps.odds]
    opened, told_anew = tab.maps.open(one_of(result, 0), Page())
    assert opened and told_anew.count("data-odds") == 1 and tab.maps.open(None, Page()) == (True, "")
    alone = drawn(tab, model="dalle-squares", prompt="a red square", count=1)[tab.result].result
    assert alone.evidence == [] and "evidence" not in alone.facts()
    painted = drawn(tab, prompt="a red square")[tab.result].result
    assert not tab.maps.look(one_of(painted, 0), False, Page())[tab.maps.odds_fold]["visible"]


def test_variations_start_from_the_picture(tab):
    result = drawn(tab, prompt="a red square")[tab.result].result
    updates = tab.variations(one_of(result, 0), Page())
    assert updates[tab.fields["strength"]] == 0.5 and updates[tab.fold]["open"]
    varied = drawn(tab, prompt="a red square", image=updates[tab.pad.picture], strength=0.5, count=2)
    assert varied[tab.result].result.pictures.shape[0] == 2 and varied[tab.compare_fold]["visible"]
    with pytest.raises(InputError, match="no picture yet"):
        tab.variations(None, Page())


def test_a_sprite_is_enlarged_cut_out_and_labelled(tab, tmp_path):
    result = one_of(drawn(tab, prompt="a red square")[tab.result].result, 0)
    picture = np.full((SIDE, SIDE, 3), (41, 43, 51), np.uint8)
    picture[4:12, 4:12] = (200, 30, 30)
    picture[7:9, 7:9] = (41, 43, 51)  # the ground's colour inside of what is shown
    result.pictures = picture[None]
    path = write_sprite(result, tmp_path, scale=4)
    with Image.open(path) as sprite:
        pixels = np.asarray(sprite)
    assert pixels.shape == (4 * SIDE, 4 * SIDE, 4)
    assert (pixels[..., 3] > 0).sum() == 16 * 64 and pixels[30, 30, 3] == 255
    assert provenance.read(path).recipe.request["prompt"] == "a red square"
    whole = write_sprite(result, tmp_path, clear=False)
    with Image.open(whole) as plain_picture:
        assert plain_picture.mode == "RGB" and plain_picture.size == (SIDE, SIDE)
    with pytest.raises(InputError, match="1 to 256 times"):
        write_sprite(result, tmp_path, scale=400)


def test_a_visible_label_is_never_transparent(tab, tmp_path):
    result = one_of(drawn(tab, prompt="a red square")[tab.result].result, 0)
    marking = tab.context.marking(Page())
    path = write_sprite(
        result, tmp_path, scale=8, marking=type(marking)(visible=True, image_key=b"0" * 32, signer=None)
    )
    with Image.open(path) as sprite:
        pixels = np.asarray(sprite)
    assert pixels.shape[0] > 8 * SIDE and (pixels[8 * SIDE :, :, 3] == 255).all()


def test_a_picture_without_a_plain_edge_loses_little():
    noisy = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
    assert shown_part(noisy).mean() > 0.9


def test_two_sentences_turn_into_one_another(context):
    request = WalkRequest(
        model="draw-squares",
        from_prompt="a red square",
        to_prompt="a blue square",
        frames=3,
        num_inference_steps=2,
    )
    result = walk(request, context.cache)
    assert result.frames[: request.frames].shape == (3, SIDE, SIDE, 3)
    ends = [
        list(
            draw(
                DrawRequest(model="draw-squares", prompt=prompt, seed=seed, num_inference_steps=2),
                context.cache,
            )
        )
        for prompt, seed in ((request.from_prompt, request.from_seed), (request.to_prompt, request.to_seed))
    ]
    for frame, end in ((0, ends[0]), (2, ends[1])):
        assert np.abs(result.frames[frame].astype(int) - end[-1].pictures[0]).max() <= 2


def test_what_is_painted_is_started_from(tab, toasts):
    given = json.loads(tab.pixels.paper.value)
    assert given == {"side": SIDE, "ground": "#292b33"}
    red = Image.new("RGB", (SIDE, SIDE), (200, 30, 30))
    data = io.BytesIO()
    red.save(data, "PNG")
    address = PREFIX + base64.b64encode(data.getvalue()).decode()
    laid = tab.pixels.keep(Event(picture=address), Page())
    with Image.open(laid[tab.pad.picture]) as kept:
        assert kept.size == (SIDE, SIDE) and kept.getpixel((3, 3)) == (200, 30, 30)
    shown = drawn(tab, prompt="a red square", image=laid[tab.pad.picture], strength=0.3)
    assert shown[tab.compare_fold]["visible"]
    assert tab.pixels.keep(Event(picture="data:text/html,x"), Page()) == gr.skip() and toasts
