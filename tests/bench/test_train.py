"""The races are fair: both sides compute the same from the same weights. Nothing timed is asserted."""

import pytest
import torch
from safetensors.torch import save_file

from aigc_demo import bench
from aigc_demo.bench import train_text
from aigc_demo.bench.material import write_text
from aigc_demo.bench.measure import Comparison, table
from aigc_demo.bench.plain_gan import PlainGAN
from aigc_demo.bench.race import Race
from aigc_demo.bench.train_pictures import race_gan, race_vae, twins
from aigc_demo.core.disk import write_json
from aigc_demo.core.words import Text
from aigc_demo.families.gan.train import Learner
from aigc_demo.training import TrainPlan, make_accelerator, warmup_cosine

RACE = Race(steps=2, rounds=1, examples=8)


@pytest.fixture(scope="module")
def accelerator():
    return make_accelerator("cpu")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    seeded = torch.Generator().manual_seed(0)
    tensors = {}
    for split, count in (("train", 40), ("test", 20)):
        tensors[f"{split}_images"] = torch.randint(256, (count, 28, 28), generator=seeded).byte()
        tensors[f"{split}_labels"] = (torch.arange(count) % 2).byte()
    save_file(tensors, folder / "images.safetensors")
    write_json(folder / "source.json", {"name": "two", "classes": {"en": ["a", "b"], "zh": ["甲", "乙"]}})
    return folder


def plan(data, run, **settings):
    return TrainPlan(data, run, "tiny", RACE.total, seed=3, batch_size=8, augment="off", **settings)


def whole_batch(monkeypatch):
    """Penalise every pair, as the plain loop does."""
    monkeypatch.setattr(Learner, "quarter", property(lambda self: self.recipe.batch))


def test_a_gan_step_has_the_plain_loops_figures(pictures, tmp_path, accelerator, monkeypatch):
    whole_batch(monkeypatch)
    # At hardly any rate the discriminator stays as it is, so reals may be judged before its step or after.
    learner, twin = twins("gan", plan(pictures, tmp_path, learning_rate=1e-9), accelerator)
    for network in (learner.discriminator, twin.discriminator):
        torch.manual_seed(0)
        torch.nn.init.normal_(network.get_parameter("logit.weight"))
    plain = PlainGAN(twin.generator, twin.discriminator, 1e-9, (0.0, 0.99))
    batch = twin.draw()
    theirs = plain.step(
        batch.reals, batch.class_weights, batch.z, warmup_cosine(0.0, floor=1 / 3), twin.recipe.gamma(0.0)
    )
    ours = learner.step(0.0, 1.0)
    assert {name: float(ours[name]) for name in theirs} == pytest.approx(theirs, rel=1e-4)
    assert theirs["r1"] > 0


def test_gan_race(pictures, tmp_path, accelerator, monkeypatch):
    whole_batch(monkeypatch)
    fair(race_gan(plan(pictures, tmp_path), RACE, accelerator), apart=0.02)


def test_vae_race(pictures, tmp_path, accelerator):
    fair(race_vae(plan(pictures, tmp_path), RACE, accelerator), apart=1e-4)


def test_transformer_race(tmp_path, accelerator, monkeypatch):
    small = {"hidden_size": 32, "layers": 2, "heads": 2, "pieces": 300, "context_length": 32}
    monkeypatch.setattr(train_text, "SHAPE", small)
    text = tmp_path / "text.txt"
    text.write_text(write_text(tmp_path / "all.txt").read_text("utf-8")[:20_000], "utf-8")
    for comparison in train_text.race_gpt(plan(text, tmp_path), RACE, accelerator):
        fair(comparison, apart=1e-3)


def fair(comparison, apart):
    ours, plain = comparison.losses
    assert ours == pytest.approx(plain, rel=apart)
    assert len(comparison.ours) == len(comparison.plain) == RACE.rounds
    assert "threads" in comparison.words.en and "线程" in comparison.words.zh


def test_what_bench_prints():
    found = Comparison(Text("training a GAN", "训练 GAN"), "pictures/s", 1.6, [20, 21], [10, 10], (1.01, 1.0))
    assert "loss at equal steps 1.01; plain 1 (apart 1.0%)" in table([found], "en")
    assert "相同步数时的损失 1.01" in table([found], "zh")
    assert found.summary()["losses"] == (1.01, 1.0) and found.met


def test_every_bench_can_be_asked_for():
    from aigc_demo.cli.commands import build_parser

    for what in (*bench.WHAT, "all"):
        assert build_parser("en").parse_args(["bench", what]).what == what
