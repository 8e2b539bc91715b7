"""Each trouble is provoked for real and named; healthy runs are left in peace. test_doctor.py reads the recorded ones.

python -m pytest -m slow tests/training/doctor      every preset as the page starts it, five seeds each: half an hour
"""

import pytest

from aigc_demo.core.errors import InputError
from tests.training.doctor.runs import PRESETS, QUICK, named, trained

pytestmark = pytest.mark.training

HEALTHY = [name for name, preset in PRESETS.items() if not preset.shows]
TROUBLED = [name for name, preset in PRESETS.items() if preset.shows]


@pytest.mark.parametrize("name", [name for name in QUICK if name in TROUBLED])
def test_a_provoked_trouble_is_named(name, tmp_path):
    assert PRESETS[name].shows in named(trained(name, tmp_path, **QUICK[name]))


@pytest.mark.parametrize("name", [name for name in QUICK if name in HEALTHY])
def test_a_healthy_run_is_left_in_peace(name, tmp_path):
    assert named(trained(name, tmp_path, **QUICK[name])) == []


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
