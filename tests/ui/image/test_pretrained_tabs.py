"""The Image and Latent space tabs with models from elsewhere: diffusion with classes and without, and an autoencoder."""

import gradio as gr
import pytest
from PIL import Image

from aigc_demo.schemas import ImageRequest, WalkRequest
from aigc_demo.ui.image.image_tab import FEW, ImageTab
from aigc_demo.ui.latent.latent_tab import LatentTab
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.language import Words
from aigc_demo.ui.page.progress import BackgroundWork
from tests.checkpoints import keep_card
from tests.checkpoints.diffusion import write_ddpm, write_dit, write_taesd
from tests.ui.handlers import Page, apply, final, values_of

BOTH = ("image", "latent")
CLASSES = {"en": ["tench", "goldfish"], "zh": ["丁鱥", "金鱼"]}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Checkpoints in their own formats."""
    hub = tmp_path_factory.mktemp("hub")
    return {write: write(hub / write.__name__) for write in (write_ddpm, write_dit, write_taesd)}


@pytest.fixture
def context(settings, cache, folders):
    keep_card(settings, folders[write_ddpm], "tiny/ddpm", "diffusion", "unconditional", BOTH)
    keep_card(
        settings, folders[write_dit], "tiny/dit", "diffusion", "class_conditional", BOTH, classes=CLASSES
    )
    keep_card(settings, folders[write_taesd], "tiny/taesd", "vae", "autoencoder", ("latent",))
    return Context(settings, cache, Words())


@pytest.fixture
def image(context):
    with gr.Blocks():
        return ImageTab(context)


@pytest.fixture
def latent(context):
    with gr.Blocks():
        return LatentTab(context)


def asked(tab, updates, **changes):
    """What the page would send after `updates`, with changes by request field."""
    values = {component: component.value for component in tab.fields.values()}
    for component, update in updates.items():
        if component in values and isinstance(update, dict) and "value" in update:
            values[component] = update["value"]
    return values | {tab.fields[name]: value for name, value in changes.items()}


def test_a_model_without_classes_offers_none_but_steps(image):
    updates = image.choose_model("tiny/ddpm", Page())
    assert not updates[image.fields["label"]]["visible"] and updates[image.fields["count"]]["value"] == FEW
    assert updates[image.fields["num_inference_steps"]]["visible"]
    assert not updates[image.fields["guidance_scale"]]["visible"]
    assert not updates[image.fields["truncation_psi"]]["visible"]
    values = asked(image, updates, model="tiny/ddpm", count=2, num_inference_steps=3)
    shown = final(image.run(values, Page()))
    assert len(shown[image.result].pictures) == 2
    assert "class all" in image.describe(shown[image.result], 0, "en")
    back = image.choose_model("gan-digits", Page())
    assert back[image.fields["label"]]["visible"] and not back[image.fields["num_inference_steps"]]["visible"]


def test_classes_are_followed_with_guidance(image):
    request = ImageRequest(model="tiny/dit", label="1", count=1, num_inference_steps=3, guidance_scale=2.0)
    updates = image.show(request, "en")
    assert updates[image.fields["guidance_scale"]]["visible"]
    assert updates[image.fields["label"]]["value"] == ["1"]
    shown = final(image.run(asked(image, updates, model="tiny/dit"), Page()))
    assert shown[image.result].request == request
    assert "class goldfish" in image.describe(shown[image.result], 0, "en")


def test_noise_is_a_latent_space(latent):
    request = WalkRequest(model="tiny/ddpm", frames=3, num_inference_steps=3, there_and_back=False)
    shown = final(latent.run(apply(latent, latent.show(request, "en")), Page()))
    assert len(shown[latent.result].frames) == 3 and shown[latent.inside].count('class="strip"') == 0
    assert "A · all · seed 1" in shown[latent.stage]


def test_an_autoencoder_walks_between_two_pictures_only(latent, tmp_path, toasts):
    values = {component: component.value for component in latent.choosers}
    updates = latent.choose_model({**values, latent.plain["model"]: "tiny/taesd"}, Page())
    for end in latent.ends:
        assert updates[end.source]["value"] == "picture" and not updates[end.source]["visible"]
        assert updates[end.drawn]["visible"] and not updates[end.chance]["visible"]
    assert not updates[latent.grid.fold]["visible"]
    given = values_of(latent, model="tiny/taesd", from_source="picture", to_source="picture", frames=3)
    assert final(latent.run(given, Page())) == gr.skip() and "no picture" in toasts[0]
    for end, colour in zip(latent.ends, ("red", "blue"), strict=True):
        Image.new("RGB", (48, 32), colour).save(tmp_path / f"{colour}.png")
        given[end.pad.path] = str(tmp_path / f"{colour}.png")
    shown = final(latent.run(given, Page()))
    assert shown[latent.result].frames.ndim == 4 and "A · your picture" in shown[latent.stage]


def test_work_says_how_far_it_is_and_gives_its_error():
    import threading

    words, go_on = Words(), threading.Event()

    def work(report):
        report(0.25)
        report(0.5)
        go_on.wait(20)
        return 7

    followed = BackgroundWork(work)
    news = followed.status_lines(words, "en")
    assert "50% done" in next(news) and "left" in next(news)
    go_on.set()
    list(news)
    assert followed.result == 7

    def fail(report):
        raise ValueError("no")

    with pytest.raises(ValueError):
        list(BackgroundWork(fail).status_lines(words, "en"))
