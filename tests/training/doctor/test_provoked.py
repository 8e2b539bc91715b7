"""Each trouble is provoked for real and named; healthy runs are left in peace.

python -m pytest -m slow tests/training/doctor      every preset as the page starts it, five seeds each: half an hour
"""

import pytest

from aigc_demo.core.errors import InputError
from tests.training.doctor.runs import PRESETS, named, trained

HEALTHY = [name for name, preset in PRESETS.items() if not preset.shows]
TROUBLED = [name for name, preset in PRESETS.items() if preset.shows]
# As few steps as show it: these run with all other tests.
QUICK = {
    "no-kl": {"steps": 80},
    "much-kl": {"steps": 60},
    "no-gradient-penalty": {"steps": 240},
    "small-text": {"steps": 90},
    "one-sentence": {"steps": 45},
}
QUICK_HEALTHY = {
    "gan-first": {"steps": 80},
    "vae-first": {"steps": 100, "batch_size": 32},
    "lm-first": {"steps": 40},
}


@pytest.mark.parametrize("name", QUICK)
def test_a_provoked_trouble_is_named(name, tmp_path):
    assert PRESETS[name].shows in named(trained(name, tmp_path, **QUICK[name]))


@pytest.mark.parametrize("name", QUICK_HEALTHY)
def test_a_healthy_run_is_left_in_peace(name, tmp_path):
    assert named(trained(name, tmp_path, **QUICK_HEALTHY[name])) == []


def test_after_a_divergence_it_goes_on_from_the_last_save_at_half_the_rate(tmp_path):
    run = trained("high-learning-rate", tmp_path, steps=40, save_every=10)
    first, *_ = run.events()
    assert (first["kind"], first["rate"]) == ("divergence", 0.5)
    assert first["step"] < first["diverged_at"]
    assert first["en"] and first["zh"]
    assert run.log()[-1]["step"] == 40


def test_a_third_divergence_ends_the_run_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match="third time"):
        trained("high-learning-rate", tmp_path, steps=30, learning_rate=10.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", TROUBLED)
def test_a_preset_shows_what_it_promises(name, seed, tmp_path):
    assert PRESETS[name].shows in named(trained(name, tmp_path, seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_preset_shows_nothing(name, seed, tmp_path):
    assert named(trained(name, tmp_path, seed)) == []
