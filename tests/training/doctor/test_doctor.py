"""The doctor on logs: made-up ones for thresholds and repetition, recorded ones for what real runs show."""

import pytest

from aigc_demo.jobs.presets import presets
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.models.family import trained
from aigc_demo.training.doctor import Doctor
from aigc_demo.training.doctor.diagnosis import looks
from tests.training.doctor import chart
from tests.training.doctor.runs import PRESETS, QUICK, recorded, told

GAN = {
    "loss": 2.0,
    "generator_loss": 1.4,
    "discriminator_accuracy": 0.9,
    "real_logit": 1.0,
    "fake_logit": -1.0,
    "held_out_accuracy": 0.85,
    "diversity": 0.9,
    "nearest_ratio": 0.9,
}
VAE = {"loss": 100.0, "held_out_loss": 101.0, "held_out_kl": 20.0, "active_units": 14, "latent_dim": 16}
CLASSES = {
    "loss": 0.5,
    "right": 0.8,
    "held_out_loss": 0.6,
    "held_out_right": 0.75,
    "held_out_pictures": 200,
    "chance": 0.25,
    "classes": 4,
    "silent_classes": 0,
}
LM = {"loss": 5.0, "held_out": 3.0, "train_bits": 2.8, "repetition": 0.02}


def said(family, lines):
    """(step, name) of what a doctor says as a log of such lines grows."""
    return told(family, [{"step": step, "seconds": step, **line} for step, line in enumerate(lines, 1)])


@pytest.mark.parametrize(
    ("family", "usual", "change", "name"),
    [
        ("gan", GAN, {"diversity": 0.2}, "mode_collapse"),
        ("gan", GAN, {"discriminator_accuracy": 1.0, "real_logit": 8, "fake_logit": -8}, "discriminator_too_strong"),
        ("gan", GAN, {"held_out_accuracy": 0.4}, "discriminator_overfitting"),
        ("gan", GAN, {"nearest_ratio": 0.2}, "memorised"),
        ("vae", VAE, {"held_out_kl": 200}, "scattered_codes"),
        ("transformer", LM, {"repetition": 0.8}, "looping"),
    ],
)  # fmt: skip
def test_a_trouble_is_named_once_until_it_has_gone(family, usual, change, name):
    bad = {**usual, **change}
    assert said(family, [usual] * 9) == []
    assert said(family, [bad, bad, usual, usual]) == []  # the first tenth does not count
    assert said(family, [usual] * 4 + [bad, usual] * 2) == []  # nor what does not last
    assert said(family, [usual] * 3 + [bad] * 5) == [(5, name)]
    assert said(family, [usual] * 3 + [bad] * 3 + [usual] + [bad] * 3) == [(5, name)]
    again = said(family, [usual] * 3 + [bad] * 3 + [usual] * 4 + [bad] * 3)
    assert again == [(5, name), (12, name)]


def test_a_discriminator_that_is_always_right_is_named_though_the_scores_lie_close():
    always = {**GAN, "discriminator_accuracy": 0.99, "real_logit": 2.0, "fake_logit": -1.0}
    assert said("gan", [GAN] * 3 + [always] * 6) == [(6, "discriminator_always_right")]
    assert said("gan", [GAN] * 3 + [always, always, GAN] * 3) == []  # a healthy run has such moments
    # a tiny GAN on eighteen coloured shapes of 32 x 32 pixels without augmentation, 300 steps
    assert "discriminator_always_right" in [name for _, name in told("gan", recorded("few-shapes"))]
    [event] = Doctor(chart("gan"))([{"step": step, **always} for step in range(5)])
    assert "VAE" in event["en"] and "VAE" in event["zh"]


def test_a_vae_may_ignore_its_code_for_a_while():
    silent = {**VAE, "active_units": 1}
    assert said("vae", [silent] * 9 + [VAE] * 9) == []
    assert said("vae", [silent] * 20) == [(10, "posterior_collapse")]


@pytest.mark.parametrize(
    ("family", "usual", "held_out", "train"),
    [
        ("transformer", LM, "held_out", "train_bits"),
        ("vae", VAE, "held_out_loss", "loss"),
        ("classifier", CLASSES, "held_out_loss", "loss"),
    ],
)
def test_over_fitting_is_a_rise_on_held_out_data_while_training_falls(family, usual, held_out, train):
    course = [{**usual, train: 3 - 0.2 * i, held_out: 3 + 0.1 * abs(i - 4)} for i in range(12)]
    assert said(family, course) == [(8, "overfitting")]
    both_rise = [{**line, train: line[held_out]} for line in course]
    assert said(family, both_rise) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"held_out_right": 0.28, "right": 0.9}, "labels_shuffled"),
        ({"held_out_right": 0.26, "right": 0.27}, "nothing_learnt"),
        ({"silent_classes": 1}, "class_never_said"),
    ],
)
def test_a_classifier_is_told_of_its_labels_after_a_fifth_of_its_looks(change, name):
    bad = {**CLASSES, **change}
    assert said("classifier", [CLASSES] * 9) == []
    assert said("classifier", [bad] * 4 + [CLASSES] * 4) == []
    assert said("classifier", [bad] * 9) == [(6, name)]


def test_lines_between_validations_are_taken_together():
    lines = [{"step": step, "loss": float(step)} for step in range(1, 7)]
    lines[2]["held_out"] = lines[5]["held_out"] = 1.0
    assert [(look["step"], look["loss"]) for look in looks(lines, "held_out")] == [(3, 2.0), (6, 5.0)]


def test_a_doctor_that_comes_later_does_not_repeat_what_was_said():
    bad = {"step": 1, **LM, "repetition": 0.9}
    log = [{"step": step, **LM} for step in range(3)] + [bad] * 3
    assert [event["name"] for event in Doctor(chart("transformer"))(log[:5])] == ["looping"]
    assert Doctor(chart("transformer"))(log) == []


def test_words_stand_in_both_languages_with_their_figures():
    log = [{"step": step, **GAN, "diversity": 0.123} for step in range(4)]
    [event] = Doctor(chart("gan"))(log)
    assert event["kind"] == "diagnosis"
    assert event["evidence"]["diversity"] == 0.123
    assert "12%" in event["en"] and "12%" in event["zh"]


@pytest.mark.parametrize("name", QUICK)
def test_a_recorded_run_shows_what_its_preset_promises_and_a_healthy_one_nothing(name):
    """The same runs are trained anew in test_provoked.py."""
    preset = PRESETS[name]
    names = [found for _, found in told(preset.settings["family"], recorded(name))]
    assert preset.shows in names if preset.shows else not names


def test_presets_are_requests_and_show_what_the_doctor_knows():
    known = {"divergence"} | {
        diagnosis.name for row in trained() for diagnosis in row.part("diagnoses").CHART.diagnoses
    }
    shown = set()
    for preset in presets():
        TrainRequest(name=preset.id, **{"data": "pasted", **preset.settings})
        assert preset.title.zh and preset.watch.zh
        assert "data" in preset.settings or len(preset.text) > 1000 or preset.needs.en
        shown |= {preset.shows} - {""}
    assert shown <= known
    # the first two are seen in the run that shows "memorised" as well, and where few pictures are trained without
    # augmentation; what befalls models that learn from captions has no preset yet
    captioned = {"captions_ignored", "colours_shifted", "few_codes"}
    # and these two are provoked by nothing but unequal or unreadable data
    untold = {"class_never_said", "nothing_learnt"}
    # what befalls counts, memories and encoder-decoders has no preset yet
    untold |= {"order_too_high", "unseen_contexts", "exploding_gradients", "forgets", "source_ignored"}
    assert known - shown == {"discriminator_overfitting", "discriminator_always_right"} | captioned | untold


@pytest.mark.parametrize(
    ("family", "usual", "change", "lacks"),
    [
        ("gan", GAN, {"held_out_accuracy": 0.4}, "held_out_accuracy"),
        ("gan", GAN, {"nearest_ratio": 0.1}, "nearest_ratio"),
        ("vae", VAE, {"active_units": 0}, "active_units"),
        ("vae", VAE, {"held_out_kl": 900}, "held_out_kl"),
        ("transformer", LM, {"repetition": 0.9}, "repetition"),
    ],
)
def test_a_figure_that_was_not_told_gives_no_verdict(family, usual, change, lacks):
    bad = {**usual, **change}
    assert said(family, [bad] * 20)
    assert said(family, [{name: value for name, value in bad.items() if name != lacks}] * 20) == []
