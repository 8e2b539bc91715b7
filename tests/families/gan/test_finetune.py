import shutil
from dataclasses import replace

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families import gan
from aigc_demo.families.gan.train import make_learner
from aigc_demo.training import TrainPlan, make_accelerator, train


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    folder = tmp_path_factory.mktemp("start")
    gan.write_debug_model(folder, seed=3)
    return folder


@pytest.fixture
def plan(prepare, start, tmp_path):
    return TrainPlan(prepare(), tmp_path, size="base", steps=1, batch_size=8, start=start)


@pytest.fixture(scope="module")
def accelerator():
    return make_accelerator("cpu")


def test_it_starts_from_the_weights_whatever_the_size_asked_for(plan, start, accelerator):
    learner, old = make_learner(plan, accelerator), gan.load(start, "cpu")
    for name in ("generator", "discriminator"):
        theirs = getattr(old, name).state_dict()
        assert all(
            torch.equal(part, theirs[key]) for key, part in getattr(learner, name).state_dict().items()
        )
    assert torch.equal(learner.average.network.stem.weight, old.generator.stem.weight)


def test_known_classes_keep_their_rows_and_new_ones_get_fresh_ones(
    prepare, plan, start, accelerator, tmp_path
):
    old = gan.load(start, "cpu")
    data = prepare(classes=[7, 2])
    names = data / "source.json"
    names.write_text(names.read_text().replace('"7"', '"seven"'))
    learner = make_learner(replace(plan, data=data), accelerator)
    for now, then in (
        (learner.generator.mapping.embedding, old.generator.mapping.embedding),
        (learner.discriminator.embedding, old.discriminator.embedding),
        (learner.generator.w_mean, old.generator.w_mean),
    ):
        assert len(now) == 2 and torch.equal(now[1], then[2])
    assert not any(
        torch.equal(learner.generator.mapping.embedding[0], row) for row in old.generator.mapping.embedding
    )
    learner.step(0.5, 1.0)
    learner.export(final=True)
    assert gan.load(tmp_path, "cpu").classes["en"] == ["seven", "2"]


def test_frozen_layers_keep_their_weights_and_all_else_learns(plan, accelerator):
    learner = make_learner(replace(plan, frozen_layers=2), accelerator)
    before = {name: part.clone() for name, part in learner.discriminator.state_dict().items()}
    for _ in range(2):
        learner.step(0.5, 1.0)
    kept = {
        name for name, part in learner.discriminator.state_dict().items() if torch.equal(part, before[name])
    }
    kept.discard("logit.bias")  # it cancels in the loss, where only differences of logits count
    assert kept == {name for name in before if name.startswith(("stem.", "downs.0.", "blocks.0."))}


def test_more_layers_than_there_are_is_refused_and_names_the_most(plan, accelerator):
    most = len(make_learner(plan, accelerator).discriminator.layers())
    make_learner(replace(plan, frozen_layers=most), accelerator).step(0.5, 1.0)
    with pytest.raises(InputError, match=f"at most {most}"):
        make_learner(replace(plan, frozen_layers=most + 1), accelerator)
    with pytest.raises(InputError, match="start from"):
        make_learner(replace(plan, start=None, frozen_layers=1), accelerator)


@pytest.mark.parametrize(("side", "colour"), [(32, False), (28, True)])
def test_pictures_of_another_shape_are_refused_with_the_way_out(prepare, plan, accelerator, side, colour):
    with pytest.raises(InputError, match="import the data as 28 x 28 in grey"):
        make_learner(replace(plan, data=prepare(count=60, side=side, colour=colour)), accelerator)


def test_a_run_goes_on_without_its_start(plan, accelerator, tmp_path):
    start = tmp_path / "old"
    gan.write_debug_model(start, seed=3)
    plan = replace(plan, start=start, run=tmp_path / "run", frozen_layers=1)
    list(train(make_learner(plan, accelerator), plan))
    shutil.rmtree(start)
    plan = replace(plan, steps=2)
    assert [progress.step for progress in train(make_learner(plan, accelerator), plan)] == [2]
