"""A trained model as the app uses it."""

import json
import math
import shutil

import pytest
import torch
from PIL import Image

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.families import dalle
from aigc_demo.families.dalle.decoding import UNKNOWN, Written
from aigc_demo.families.dalle.model import best_of
from aigc_demo.models.protocols import CodeWriter, TextToImageModel, WordReader, WordWatcher
from aigc_demo.schemas import DrawRequest


def seeds(*numbers):
    return [torch.Generator().manual_seed(number) for number in numbers]


def drawn(model, prompt="a red square", numbers=(1, 2), fields=None, **more):
    request = model.fill(DrawRequest(prompt=prompt, **(fields or {})), None)
    pictures = model.draw(request, model.conditions(prompt, request.negative_prompt), seeds(*numbers), **more)
    return torch.stack([one.picture for one in pictures])


def test_it_keeps_the_promises_of_a_model_that_draws(model):
    assert isinstance(model, TextToImageModel) and isinstance(model, WordReader)
    assert isinstance(model, WordWatcher) and isinstance(model, CodeWriter)
    pictures = drawn(model, numbers=range(16))
    assert pictures.shape == (16, 16, 16, 3) and pictures.dtype == torch.uint8
    assert len(pictures.unique(dim=0)) > 8


def test_a_picture_is_its_seed_and_its_words_whoever_is_drawn_beside_it(model):
    assert torch.equal(drawn(model, numbers=(1, 2))[1:], drawn(model, numbers=(2,)))
    noise = torch.cat([model.noise(one, 16, 16) for one in seeds(1, 2)])
    assert noise.shape == (2, 2, 4, 4)
    assert torch.equal(drawn(model, numbers=(8, 9), noise=noise), drawn(model, numbers=(1, 2)))
    many = range(8)
    assert not torch.equal(drawn(model, numbers=many), drawn(model, "蓝方", numbers=many))


def test_between_two_sentences_lie_both_ends(model):
    a, b = model.conditions("a red square"), model.conditions("蓝")
    request = model.fill(DrawRequest(), None)

    def ends(conditions):
        return torch.stack([one.picture for one in model.draw(request, conditions, seeds(*range(8)))])

    assert torch.equal(ends(model.between(a, b, 0.0)), ends(a))
    assert torch.equal(ends(model.between(a, b, 1.0)), ends(b))
    half = model.between(a, b, 0.5)
    assert half.weights == (0.5, 0.5) and ends(half).shape == (8, 16, 16, 3)
    assert sum(model.between(half, a, 0.25).weights) == pytest.approx(1)


def test_steps_are_rows_and_the_preview_grows_over_the_ground(model):
    seen = []
    pictures = drawn(model, on_step=lambda step, steps, preview: seen.append((step, steps, preview())))
    assert [(step, steps) for step, steps, _ in seen] == [(n, 4) for n in range(1, 5)]
    second = seen[1][2]
    assert second.shape == (2, 16, 16, 3)
    assert (second[:, 8:] == torch.tensor([41, 43, 51], dtype=torch.uint8)).all()
    assert torch.equal(seen[-1][2], pictures)


def picture_and_mask(whole=False):
    picture = Image.fromarray(torch.randint(256, (16, 16, 3), generator=seeds(5)[0]).byte().numpy())
    mask = Image.new("L", (16, 16), 255 if whole else 0)
    mask.paste(255, (6, 9, 12, 16))
    return picture, mask


def test_completing_a_picture_keeps_every_known_pixel_and_the_codes_outside(model):
    picture, mask = picture_and_mask()
    previews = []
    found = drawn(
        model, image=picture, mask=mask, on_step=lambda step, steps, preview: previews.append(preview())
    )
    known = torch.tensor(list(picture.getdata()), dtype=torch.uint8).view(16, 16, 3)
    inside = torch.tensor(list(mask.getdata())).view(16, 16) > 0
    assert torch.equal(found[0][~inside], known[~inside]) and not torch.equal(found[0][inside], known[inside])
    assert len(previews) == 4 and previews[0].shape == found.shape
    given = model._given(known, inside, 1)[0].view(4, 4)
    assert (given == UNKNOWN).nonzero().tolist() == [[2, 1], [2, 2], [3, 1], [3, 2]]
    assert torch.equal(given[:2], model.likelihood.codes(known[None])[0, :2])


def test_with_everything_masked_nothing_of_the_picture_is_used(model):
    picture, mask = picture_and_mask(whole=True)
    other = Image.new("RGB", (16, 16), (255, 0, 0))
    noise = torch.cat([model.noise(one, 16, 16) for one in seeds(1, 2)])
    assert torch.equal(
        drawn(model, image=picture, mask=mask, noise=noise), drawn(model, image=other, mask=mask, noise=noise)
    )


def test_of_several_drafts_the_one_stays_to_which_the_rest_fits_best():
    codes = torch.arange(12).view(6, 2)
    written = Written(codes, torch.tensor([3.0, 1.0, 2.0, 5.0, 4.0, 0.5]))
    assert torch.equal(best_of(written, 2), codes[[1, 5]])


def test_what_it_does_not_know_it_says(model):
    assert model.unknown("a purple square, 紫色方") == ["purple", "紫色"]
    assert model.left_out("red " * 12) == "" and model.left_out("red " * 12 + "blue green") == "blue green"
    assert torch.equal(drawn(model, "a purple square"), drawn(model, "a square"))


def test_each_word_has_a_map_and_they_share_the_attention(model):
    request = model.fill(DrawRequest(prompt="a red square"), None)
    words, maps = model.watch(request, model.conditions("a red square"), seeds(1)[0])
    assert words == ["a", "red", "square"] and maps.shape == (3, 4, 4)
    assert torch.allclose(maps.sum(0), torch.ones(4, 4), atol=1e-5) and maps.min() >= 0


def test_the_likelihood_of_a_picture_is_the_product_of_its_odds(model):
    pictures = drawn(model, numbers=(1, 2, 3))
    captions = ["a red square", "蓝方", ""]
    bits = model.likelihood.log_likelihood(pictures, captions)
    for codes, words, whole in zip(
        model.likelihood.codes(pictures).flatten(1), model.numbers(captions), bits, strict=True
    ):
        odds = model.likelihood.odds(codes, words)
        assert odds.probability.log2().sum().item() == pytest.approx(whole.item(), rel=1e-4)
        assert odds.alternatives.shape == (16, 4)
        own = odds.alternatives == codes[:, None]
        assert own.any(-1).float().mean() > 0.4
        assert torch.allclose(odds.chances[own], odds.probability[own.any(-1)], rtol=1e-3)
        assert (odds.chances.diff(dim=-1) <= 0).all() and (odds.chances.sum(-1) <= 1 + 1e-5).all()
    assert bits.max() < 0
    evidence = model.likelihood.evidence(pictures[:1], "a red square")
    wanted = bits[0] - model.likelihood.log_likelihood(pictures[:1], [""])[0]
    assert evidence.item() == pytest.approx(wanted.item(), abs=1e-3)
    assert model.likelihood.bits_a_picture() == pytest.approx(16 * math.log2(12))
    assert torch.equal(model.evidence(pictures[:1], "a red square"), evidence)


def test_the_codes_of_a_drawn_picture_have_odds_and_others_that_could_stand_there(model):
    request = model.fill(DrawRequest(prompt="a red square"), None)
    odds = model.code_odds(request, model.conditions("a red square"), seeds(1)[0])
    picture = drawn(model, numbers=(1,))[0]
    assert odds.words == ["a", "red", "square"]
    assert odds.probability.shape == (16,) and odds.chances.shape == (16, 4)
    assert odds.probability.min() > 0 and odds.probability.max() <= 1
    assert torch.allclose(odds.looked.sum(1), torch.ones(16), atol=1e-5)
    assert odds.patches.shape == (16, 5, 12, 12, 3) and odds.patches.dtype == torch.uint8
    # around the codes that were written lies the picture itself: place 5 is the second of the second row
    assert torch.equal(odds.patches[5, 0], picture[:12, :12])
    assert torch.equal(odds.patches[10, 0], picture[4:16, 4:16])
    centre = odds.patches[:, :, 4:8, 4:8].flatten(2).float()
    likeliest = (odds.chances[:, :1] - odds.probability[:, None]).abs() < 1e-6
    same = (centre[:, 0] - centre[:, 1]).abs().amax(1, keepdim=True) == 0
    assert (same | ~likeliest).all() and not same.all()


@pytest.mark.parametrize("fault", ["redraw", "size"])
def test_what_it_cannot_do_is_a_sentence(model, fault):
    request = DrawRequest(image="a.png") if fault == "redraw" else DrawRequest(width=64)
    with pytest.raises(InputError) as refusal:
        model.fill(request, (16, 16) if fault == "redraw" else None)
    assert refusal.value.text.en.endswith(".") and refusal.value.text.zh.endswith("。")


def test_zeros_of_a_request_are_the_models_own_numbers(model):
    filled = model.fill(DrawRequest(guidance_scale=0.0), None)
    assert (filled.width, filled.height, filled.num_inference_steps) == (16, 16, 4)
    assert filled.guidance_scale == 0.0 and model.fill(DrawRequest(), None).guidance_scale > 1
    # no guidance towards the prompt at all: the words do not matter
    without = {"guidance_scale": 0.0}
    assert torch.equal(drawn(model, "a red square", fields=without), drawn(model, "蓝方", fields=without))


def test_a_stop_is_heard_while_it_draws(model):
    with pytest.raises(Stopped):
        drawn(model, stop=lambda: True)


@pytest.mark.parametrize("spoilt", ["config", "sizes", "words", "weights"])
def test_spoilt_files_are_a_sentence(tmp_path, spoilt):
    dalle.write_debug_model(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    if spoilt == "config":
        path.write_text("{}")
    elif spoilt == "sizes":
        path.write_text(json.dumps({**config, "network": {**config["network"], "hidden": 10**9}}))
    elif spoilt == "words":
        (tmp_path / "model" / "words.json").write_text("[")
    else:
        shutil.copy(path, tmp_path / "model" / "model.safetensors")
    with pytest.raises(InputError):
        dalle.load(tmp_path / "model", "cpu")
