"""Drawing from words and enlarging, at the level of their handlers, on a tiny Stable Diffusion and the shipped upscaler."""

import base64
import io
import json
import shutil
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from aigc_demo import provenance
from aigc_demo.models.cards import find_cards
from aigc_demo.provenance.schema import Statement
from aigc_demo.schemas import DrawRequest, UpscaleRequest, WalkRequest
from aigc_demo.ui import offered
from aigc_demo.ui.image.draw_progress import FRAMES, DrawProgress, one_of
from aigc_demo.ui.image.draw_tab import DrawTab
from aigc_demo.ui.image.upscale_tab import UpscaleTab
from aigc_demo.ui.latent.latent_tab import LatentTab
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.draw_pad import PREFIX
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.shell import Shell, as_asked
from tests.checkpoints import keep_card
from tests.checkpoints.diffusion import write_sd
from tests.media.profiles import P3, in_srgb, of_rgb
from tests.ui.handlers import Event, Page, apply, final

WEIGHTS = Path(__file__).parents[3] / "weights"
ALL = ("draw", "redraw", "inpaint", "latent")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A tiny Stable Diffusion in its own format."""
    return write_sd(tmp_path_factory.mktemp("hub") / "sd")


@pytest.fixture
def context(settings, cache, checkpoint):
    keep_card(settings, checkpoint, "tiny/sd", "diffusion", "text_to_image", ALL)
    return Context(settings, cache, Words())


@pytest.fixture
def tab(context):
    with gr.Blocks():
        return DrawTab(context)


@pytest.fixture
def photo(tmp_path):
    """A picture of two colours, larger than the model draws."""
    picture = np.zeros((48, 48, 3), np.uint8)
    picture[:, :24], picture[:, 24:] = (200, 40, 30), (20, 90, 180)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def asked(tab, **changes):
    """What the page would send: the widgets' values, with changes by request field, few steps unless said otherwise."""
    values = {component: component.value for component in tab.fields.values()}
    values |= {tab.pad.picture: "", tab.pad.mask: ""}
    names = {**tab.fields, "image": tab.pad.picture, "mask": tab.pad.mask}
    return values | {names[name]: value for name, value in {"num_inference_steps": 3, **changes}.items()}


def drawn(tab, **changes):
    """All that a run shows, the last of each component."""
    return final(tab.run(asked(tab, **changes), Page()))


def test_a_sentence_is_drawn_with_previews_on_the_way(tab):
    updates = list(tab.run(asked(tab, prompt="a fox", count=2, num_inference_steps=4), Page()))
    assert any("progressbar" in update.get(tab.view, "") for update in updates)
    assert any("of 8" in update.get(tab.note, "") for update in updates)
    shown = final(updates)
    drawing = shown[tab.result]
    assert drawing.result.pictures.shape == (2, 32, 32, 3) and shown[tab.picked] == 0
    assert shown[tab.view].count("data-index") == 2 and "gradio_api/file=" in shown[tab.view]
    assert "4 steps" in shown[tab.note] and 'class="film"' in shown[tab.inside]
    assert "noise left" in shown[tab.inside]
    assert "prompt='a fox'" in shown[tab.code.python]


def test_picking_another_picture_shows_and_saves_that_one(tab, tmp_path):
    drawing = drawn(tab, prompt="a fox", count=3)[tab.result]
    shown = tab.pick_picture(drawing, Event(index=2), Page())
    assert shown[tab.picked] == 2 and str(drawing.result.seeds[2]) in shown[tab.inside]
    again = drawn(tab, prompt="a fox", seed=shown[tab.chosen].seeds[0])[tab.result]
    np.testing.assert_array_equal(again.result.pictures[0], drawing.result.pictures[2])
    assert tab.pick_picture(drawing, Event(index=7), Page()) == gr.skip()
    recipe = provenance.read(tab.file_of(drawing, 2)).recipe
    assert recipe.task == "draw" and recipe.request["seed"] == drawing.result.seeds[2]


def test_a_picture_is_started_from_and_compared_with(tab, photo):
    shown = drawn(tab, prompt="a fox", image=str(photo), strength=0.5, num_inference_steps=4)
    assert shown[tab.compare_fold]["visible"] and 'class="compare"' in shown[tab.compare]
    assert "image='image.png'" in shown[tab.code.python] and str(photo) not in shown[tab.code.python]
    plain = drawn(tab, prompt="a fox")
    assert not plain[tab.compare_fold]["visible"] and plain[tab.compare] == ""


def stroke(side=32):
    """The mask of a stroke over the upper left quarter, as the browser sends it."""
    mask = Image.new("L", (side, side))
    mask.paste(255, (0, 0, side // 2, side // 2))
    data = io.BytesIO()
    mask.save(data, "PNG")
    return PREFIX + base64.b64encode(data.getvalue()).decode()


def test_only_what_was_painted_over_changes(tab, photo):
    mask = tab.pad.strokes(str(photo), Event(mask=stroke()), Page())
    with Image.open(mask) as painted:
        assert painted.size == (48, 48) and painted.mode == "L"
    result = drawn(tab, prompt="a fox", image=str(photo), mask=mask)[tab.result].result
    assert (result.pictures[0][20:, 20:] == (20, 90, 180)).all()
    assert np.abs(result.pictures[0][4:12, 4:12].astype(int) - (200, 40, 30)).mean() > 5


def test_an_empty_mask_is_none_and_a_broken_one_is_a_sentence(tab, photo, toasts):
    assert tab.pad.strokes(str(photo), Event(mask=""), Page()) == ""
    assert tab.pad.strokes("", Event(mask=stroke()), Page()) == ""
    for broken in ("data:text/html,x", PREFIX + "!!", PREFIX + "A" * 3_000_000):
        assert tab.pad.strokes(str(photo), Event(mask=broken), Page()) == gr.skip()
    assert len(toasts) == 3 and "did not arrive whole" in toasts[0]


def test_a_picture_laid_again_is_news_to_the_browser(tab, photo):
    first, second = tab.pad.put(photo), tab.pad.put(photo)
    assert first[tab.pad.pad] != second[tab.pad.pad] and first[tab.pad.mask] == ""
    assert tab.pad.opened_file(__file__, Page()) == gr.skip()


def test_stopping_keeps_the_preview_and_says_where(tab, context):
    stream = tab.run(asked(tab, prompt="a fox", num_inference_steps=200), Page())
    update = next(update for update in stream if tab.view in update)
    assert "progressbar" in update[tab.view]
    tab.stop(Page())
    rest = final(stream)
    assert "Stopped at step" in rest[tab.note] and tab.result not in rest


def test_what_was_drawn_goes_back_to_the_pad_and_on_to_the_walk(tab, context, toasts):
    assert tab.start_from(None, Page()) == gr.skip() and toasts
    drawing = drawn(tab, prompt="a fox", seed=7)[tab.result]
    updates = tab.start_from(one_of(drawing.result, 0), Page())
    assert updates[tab.fold]["open"] and Path(updates[tab.pad.picture]).is_file()
    with gr.Blocks():
        latent = LatentTab(context)
    values = {component: component.value for component in latent.choosers}
    sent = latent.receive("to", tab.end_point(drawing, 0), values, "en")
    assert sent[latent.ends[1].prompt]["value"] == "a fox" and sent[latent.ends[1].seed] == 7
    given = apply(latent, sent) | {latent.ends[0].prompt: "a cat", latent.plain["frames"]: 3}
    film = final(latent.run(given | {latent.plain["num_inference_steps"]: 3}, Page()))
    assert film[latent.result].request.to_prompt == "a fox" and "A · a cat · seed 2" in film[latent.stage]


def test_settings_come_back_without_the_files_of_the_server(tab):
    request = DrawRequest(model="tiny/sd", prompt="x", image="/etc/hostname", width=64, num_inference_steps=9)
    updates = tab.show(request, "en")
    assert set(updates) <= set(tab.settable())
    assert not {tab.pad.picture, tab.pad.mask, tab.pad.pad} & set(updates)
    assert updates[tab.fields["width"]]["value"] == 64


def test_a_model_brings_its_own_steps(tab, context, checkpoint):
    own = {"num_inference_steps": 4, "guidance_scale": 1.0, "width": 512, "height": 512}
    keep_card(context.settings, checkpoint, "tiny/lcm", "diffusion", "text_to_image", ("draw",), defaults=own)
    updates = tab.choose_model("tiny/lcm", Page())
    assert updates[tab.fields["num_inference_steps"]]["value"] == 4 and not updates[tab.fold]["visible"]
    back = tab.choose_model("tiny/sd", Page())
    assert back[tab.fields["num_inference_steps"]]["value"] == 0 and back[tab.fold]["visible"]


def test_bad_values_are_a_sentence(tab, toasts):
    assert drawn(tab, seed=-1) == gr.skip() and "Seed" in toasts[-1]
    assert drawn(tab, prompt="x" * 3000) == gr.skip() and "2000" in toasts[-1]
    assert drawn(tab, width=30) == gr.skip() and "8" in toasts[-1]
    assert final(tab.run(asked(tab, num_inference_steps=1000), Page())).get(tab.result) is None
    assert "change the size, the steps" in toasts[-1]
    assert drawn(tab, model=None) == gr.skip() and "no model" in toasts[-1]


def test_without_a_model_the_page_says_what_to_do(settings, cache, toasts):
    empty = settings.model_copy(update={"weights_dir": settings.runs_dir})
    with gr.Blocks():
        for kind in (DrawTab, UpscaleTab, LatentTab):
            tab = kind(Context(empty, cache, Words()))
            assert tab.no_model.group.visible and tab.fields["model"].value is None


def test_a_film_keeps_few_frames_and_its_end():
    class Result:
        request, steps, each, finished = DrawRequest(count=1), 200, 200, 0

    ticks = iter(range(1000))
    progress, result = DrawProgress(clock=lambda: next(ticks)), Result()
    for step in range(1, 201):
        result.step, result.preview = step, np.zeros((1, 8, 8, 3), np.uint8)
        progress.add_step(result)
    assert len(progress.films[0]) <= FRAMES and progress.films[0][0][0] == 1
    result.step = 101
    assert progress.seconds_left(result) > 0


@pytest.fixture
def enlarger(settings, cache, tmp_path):
    weights = tmp_path / "weights"
    shutil.copytree(WEIGHTS / "realesrgan-x4", weights / "realesrgan-x4")
    assert find_cards(weights)
    own = settings.model_copy(update={"weights_dir": weights})
    with gr.Blocks():
        return UpscaleTab(Context(own, type(cache)(own), Words()))


def test_a_picture_is_enlarged_beside_its_bicubic_enlargement(enlarger, photo):
    shown = final(enlarger.run("realesrgan-x4", str(photo), Page()))
    assert shown[enlarger.result].after.shape == (192, 192, 3)
    assert "48 × 48" in shown[enlarger.note] and 'class="before"' in shown[enlarger.view]
    assert str(photo) not in shown[enlarger.code.python]
    memory = enlarger.memory(shown[enlarger.result], "en")
    assert memory.about == "realesrgan-x4 · × 4" and memory.thumbnail.startswith("data:image/png")


def test_a_picture_of_twelve_bits_or_of_a_wide_space_is_enlarged_as_it_looks(enlarger, tmp_path):
    tones = np.tile(np.linspace(0, 4095, 32), (32, 1)).astype(np.uint16)
    Image.fromarray(tones).save(tmp_path / "slice.png")
    shown = final(enlarger.run("realesrgan-x4", str(tmp_path / "slice.png"), Page()))
    assert shown[enlarger.result].after.max() > 240 and shown[enlarger.result].before.max() == 255
    assert "slice.png fills only 12 bits" in shown[enlarger.note]
    assert "12 bits" in shown[enlarger.result].facts()["note"]["en"]
    Image.new("RGB", (32, 32), (100, 180, 60)).save(tmp_path / "wide.png", icc_profile=of_rgb())
    shown = final(enlarger.run("realesrgan-x4", str(tmp_path / "wide.png"), Page()))
    wanted = in_srgb((100, 180, 60), P3)
    assert np.abs(shown[enlarger.result].before[0, 0] - wanted).max() <= 6
    assert "remark" not in shown[enlarger.note]


def test_enlarging_nothing_or_too_much_is_a_sentence(enlarger, tmp_path, toasts):
    Image.new("L", (2000, 600)).save(tmp_path / "large.png")
    assert final(enlarger.run("realesrgan-x4", None, Page())) == gr.skip()
    assert final(enlarger.run("realesrgan-x4", str(tmp_path / "large.png"), Page())) == gr.skip()
    assert "no picture yet" in toasts[0] and "megapixel" in toasts[1]
    updates = enlarger.show(UpscaleRequest(image="/etc/hostname"), "en")
    assert enlarger.picture not in updates


def test_two_sentences_need_no_classes(context):
    with gr.Blocks():
        latent = LatentTab(context)
    updates = latent.show(WalkRequest(model="tiny/sd", from_prompt="a cat", to_prompt="a dog"), "en")
    for end in latent.ends:
        assert updates[end.prompt]["visible"] and not updates[end.label]["visible"]
    assert not updates[latent.grid.fold]["visible"] and not updates[latent.plain["truncation_psi"]]["visible"]
    assert updates[latent.plain["num_inference_steps"]]["visible"]


SAID = (
    "a lighthouse\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: {seed}, Model: m"
)


@pytest.mark.parametrize(("seed", "taken"), [(5, True), (2**40, False)])
def test_settings_of_another_generator_are_offered_and_wait(context, tmp_path, toasts, seed, taken):
    with gr.Blocks() as page:
        shell = Shell(context, offered(""))
        shell.build(page)
    draw, verify = shell.by_task["draw"], shell.by_task["verify"]
    info = PngInfo()
    info.add_text("parameters", SAID.format(seed=seed))
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png", pnginfo=info)
    restored = shell.restore_file(str(tmp_path / "a.png"), Page())
    looked = verify.check_dropped_file(str(tmp_path / "a.png"), Page())
    assert looked[verify.use]["visible"] and not looked[verify.restore]["visible"]
    used = shell.use_statement(looked[verify.statement], Page())
    wanted = {
        "prompt": "a lighthouse",
        "negative_prompt": "blurry",
        "num_inference_steps": 20,
        "guidance_scale": 7.0,
    }
    for updates in (restored, used):
        assert set(updates) <= set(shell.filled()) and updates[shell.tabs]["selected"] == "image"
        told = json.loads(updates.pop(shell.arrivals.said))
        assert told["task"] == "draw" and told["still"]  # no picture is drawn before the hand asks for it
        values = apply(draw, updates)
        assert {name: values[draw.fields[name]] for name in wanted} == wanted
        assert values[draw.fields["seed"]] == (seed if taken else draw.fields["seed"].value)
    assert "AUTOMATIC1111" in toasts[0] and ("Seed" in toasts[0]) is not taken
    assert shell.use_statement(None, Page()) == gr.skip()


def test_a_page_without_that_tab_says_what_the_file_has(context, tmp_path, toasts):
    with gr.Blocks() as page:
        shell = Shell(context, offered("text"))
        shell.build(page)
    (tmp_path / "a.txt").write_text(SAID.format(seed=1))
    assert shell.restore_file(str(tmp_path / "a.txt"), Page()) == gr.skip()
    assert "settings of AUTOMATIC1111" in toasts[0]


def test_long_prompts_are_cut_and_it_is_said():
    values, left = as_asked(
        Statement(program="x", prompt="a" * 2001, guidance_scale=99.0, num_inference_steps=3)
    )
    assert len(values["prompt"]) == 2000 and left == ["prompt", "guidance_scale"]
    assert values["num_inference_steps"] == 3
