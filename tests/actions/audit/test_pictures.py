"""The look at pictures: planted copies are found and held-out pictures are not, classes are counted, data may be absent."""

import json

import numpy as np
import pytest
import torch

from aigc_demo.__main__ import main
from aigc_demo.actions.audit import AuditRequest, can_audit, look_closer
from aigc_demo.actions.audit.pictures import compared, thumbnails
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.runtime.registry import find_card
from tests.actions.audit.material import scikit_digits, write_digits
from tests.checkpoints import keep_card


def never():
    return False


def unheard(share):
    pass


@pytest.fixture(scope="module")
def arrays():
    return scikit_digits()


@pytest.fixture
def digits(settings):
    """The data set that gan-digits says it was trained on is here."""
    write_digits(settings.data_dir)


@pytest.fixture
def compare(settings, arrays):
    """Compare pictures with the training half, as the probe of gan-digits does."""
    card = find_card("gan-digits", settings)

    def against(pictures, labels, stop=never):
        return compared(card, arrays, pictures.numpy(), labels.long(), stop, unheard)

    return against


@pytest.mark.parametrize(("planted", "level"), [(0, "green"), (12, "amber"), (80, "red")])
def test_planted_copies_are_counted_exactly(compare, arrays, planted, level):
    unseen, labels = arrays["test_images"][:400].clone(), arrays["test_labels"][:400].clone()
    before = compare(unseen, labels)
    noise = torch.randint(-3, 4, (planted, 28, 28))
    unseen[:planted] = (arrays["train_images"][:planted].int() + noise).clamp(0, 255).byte()
    labels[:planted] = arrays["train_labels"][:planted]
    found = compare(unseen, labels)
    # some of these small digits are nearly alike
    assert before.copies == 0 and before.copies_held_out <= 0.01
    assert round(found.copies * 400) == planted and found.level == level
    if planted:
        assert found.pairs[0].ratio < 1 / 3 and len(found.pairs) == 8
        assert np.abs(found.pairs[0].sample.astype(int) - found.pairs[0].training).max() <= 3


def test_classes_are_counted_by_the_nearest_training_pictures(compare, arrays):
    found = compare(arrays["test_images"], arrays["test_labels"])
    assert found.vote_accuracy > 0.97 and found.as_asked > 0.97
    assert found.total_variation < 0.03 and sum(found.generated) == pytest.approx(1)
    ones = arrays["test_labels"] == 1
    lopsided = compare(arrays["test_images"][ones], arrays["test_labels"][ones])
    assert lopsided.total_variation > 0.8


def test_the_look_stops(compare, arrays):
    with pytest.raises(Stopped):
        compare(arrays["test_images"], arrays["test_labels"], stop=lambda: True)


def test_colour_is_compared_too():
    colour = torch.randint(256, (3, 64, 64, 3)).byte()
    assert thumbnails(colour).shape == (3, 3 * 32 * 32)


def test_a_model_is_asked_for_its_classes_as_often_as_the_data_have_them(cache, digits, arrays):
    shares = []
    found = look_closer(AuditRequest(model="gan-digits", count=50), cache, progress=shares.append)
    assert found.count == 50 and found.compared == len(arrays["train_images"])
    assert found.trained == pytest.approx([0.1] * 10, abs=0.02)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    again = look_closer(AuditRequest(model="gan-digits", count=50), cache)
    assert np.array_equal(again.pairs[0].sample, found.pairs[0].sample)


def test_without_the_data_the_way_to_them_is_said(cache, settings, checkpoints_card):
    with pytest.raises(InputError, match="data get digits"):
        look_closer(AuditRequest(model="gan-digits"), cache)
    assert can_audit(find_card("gan-digits", settings)) and not can_audit(checkpoints_card)
    with pytest.raises(InputError, match=r"huggingface\.co/tiny/ddpm"):
        look_closer(AuditRequest(model="tiny/ddpm"), cache)


@pytest.fixture
def checkpoints_card(settings, tmp_path):
    """A model of others, of which nothing but the card is needed."""
    (tmp_path / "ddpm").mkdir()
    return keep_card(settings, tmp_path / "ddpm", "tiny/ddpm", "diffusion", "unconditional", ("image",))


def test_the_command_says_it_in_words_and_in_json(settings, digits, capsys):
    folders = [f"--{name}-dir={getattr(settings, f'{name}_dir')}" for name in ("weights", "data", "runs")]
    assert main(["audit", "gan-digits", "--count", "40", "--device", "cpu", *folders]) == 0
    assert "samples that are copies" in capsys.readouterr().out
    assert main(["probe", "gan-digits", "--count", "40", "--json", "--device", "cpu", *folders]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["level"] == "green" and data["count"] == 40 and len(data["generated"]) == 10
