"""Adapters of text-to-image models: they learn a picture, go on bit for bit, and leave the base as it is."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.families.diffusion import load_pretrained
from aigc_demo.families.diffusion.loading import denoiser
from aigc_demo.families.diffusion.lora import FILE, LoraLearner, make_learner
from aigc_demo.families.diffusion.lora_data import join, read_captioned, to_images
from aigc_demo.families.diffusion.lora_validation import load_drawer
from aigc_demo.families.diffusion.objective import FlowObjective, StepObjective
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.checkpoints import load_state
from aigc_demo.models.placement import Placement
from aigc_demo.models.run_folder import RunFolder
from aigc_demo.schemas import DrawRequest
from aigc_demo.training import TrainPlan, make_accelerator, train
from tests.checkpoints.diffusion import write_flow, write_lcm, write_sd, write_sdxl

WORDS = Text(en="Tiny", zh="小")


def card_of(folder, name):
    return ModelCard(
        id=f"test/{name}", folder=folder, family="diffusion", kind="text_to_image", tasks=("draw",), title=WORDS,
        summary=WORDS, parameters=1, licence="mit", data="", revision="0" * 40, defaults={"num_inference_steps": 1},
    )  # fmt: skip


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    """Sixteen red squares to learn from and eight held out, with captions."""
    folder = tmp_path_factory.mktemp("squares")
    pictures = torch.randint(0, 40, (24, 32, 32, 3), generator=torch.Generator().manual_seed(0))
    pictures[:, 8:24, 8:24, 0] += 200
    pictures, labels = pictures.byte(), torch.zeros(24, dtype=torch.uint8)
    arrays = {"train_images": pictures[:16], "test_images": pictures[16:], "train_labels": labels[:16]}
    arrays = {name: part.contiguous() for name, part in (arrays | {"test_labels": labels[16:]}).items()}
    save_file(arrays, folder / "images.safetensors")
    (folder / "source.json").write_text(json.dumps({"classes": {"en": ["all"], "zh": ["全部"]}}))
    captions = {"train": ["a square"] * 16, "test": ["a red square"] * 8}
    (folder / "captions.json").write_text(json.dumps(captions))
    return folder


@pytest.fixture(scope="module")
def plan(squares, tmp_path_factory):
    folder = write_sd(tmp_path_factory.mktemp("hub") / "sd")
    return TrainPlan(
        data=squares, run=tmp_path_factory.mktemp("runs") / "mine", base=card_of(folder, "sd"), steps=4,
        save_every=2, learning_rate=2e-2, lora_rank=4, trigger="sks",
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(plan):
    """A run of four steps."""
    list(train(make_learner(plan, make_accelerator("cpu")), plan))
    return plan.run


def test_it_learns_and_keeps_nothing_of_the_base(trained):
    looks = [line for line in RunFolder(trained).log() if "held_out_loss" in line]
    assert looks[-1]["held_out_loss"] < looks[0]["held_out_loss"]
    assert looks[-1]["train_loss"] < looks[0]["train_loss"]
    state = load_state(trained)
    assert all("lora_" in name for name in state["learner"]["adapter"])
    config = json.loads((trained / "config.json").read_text())
    assert (config["base"], config["trigger"], config["resolution"]) == ("test/sd", "sks", 32)


def test_a_run_that_goes_on_gives_the_same_bits(trained, plan, tmp_path):
    half = replace(plan, run=tmp_path / "half")
    for progress in train(make_learner(half, make_accelerator("cpu")), half):
        if progress.step == 2:
            RunFolder(half.run).stop.set()
    list(train(make_learner(half, make_accelerator("cpu")), half))
    whole, broken = load_file(trained / FILE), load_file(half.run / FILE)
    assert whole.keys() == broken.keys() and all(torch.equal(whole[name], broken[name]) for name in whole)


def test_the_trigger_word_draws_another_picture_and_the_base_comes_back_exactly(trained, plan):
    drawer = load_pretrained(plan.base, Placement())
    asked = drawer.fill(DrawRequest(model="test/sd", prompt="sks, a square", num_inference_steps=2), None)

    def draw():
        generator = torch.Generator().manual_seed(0)
        noise = drawer.noise(generator, 32, 32)
        return drawer.draw(asked, drawer.conditions(asked.prompt), [generator], noise)[0].picture

    before = draw()
    drawer.set_adapter(trained, 1.0)
    changed = draw()
    drawer.set_adapter(None, 0.0)
    assert torch.equal(draw(), before) and not torch.equal(changed, before)


@pytest.mark.training
@pytest.mark.parametrize("write", [write_sdxl, write_flow])
def test_other_denoisers_learn_too(write, plan, tmp_path):
    base = card_of(write(tmp_path / "base"), write.__name__)
    other = replace(plan, base=base, run=tmp_path / "run", learning_rate=1e-2, resolution=32)
    learner = LoraLearner(other, make_accelerator("cpu"), load_drawer(other, "cpu"))
    before = learner.validation.losses()["train_loss"]
    for _ in range(4):
        learner.step(0.5, 1.0)
    assert learner.validation.losses()["train_loss"] < before
    learner.export(final=True)
    drawer = load_drawer(other, "cpu")
    drawer.set_adapter(other.run, 1.0)
    served, own = (denoiser(one.pipe).state_dict() for one in (drawer, learner.drawer))
    learned = {name.replace(".default.", ".lora."): part for name, part in own.items() if "lora_" in name}
    assert learned and all(torch.equal(served[name], part) for name, part in learned.items())


@pytest.mark.training
@pytest.mark.parametrize("write", [pytest.param(write_sd, marks=pytest.mark.slow), write_flow])
def test_beside_a_base_in_four_bits_an_adapter_learns(write, plan, tmp_path):
    pytest.importorskip("bitsandbytes")
    base = card_of(write(tmp_path / "base"), write.__name__)
    small = replace(
        plan, base=base, run=tmp_path / "run", load_in_4bit=True, learning_rate=1e-2, resolution=32
    )
    learner = make_learner(small, make_accelerator("cpu"))
    packed = [weight for weight in learner.network.parameters() if weight.dtype == torch.uint8]
    before = learner.validation.losses()["train_loss"]
    for _ in range(4):
        learner.step(0.5, 1.0)
    assert packed and learner.validation.losses()["train_loss"] < before
    learner.export(final=True)
    load_drawer(replace(small, load_in_4bit=False), "cpu").set_adapter(small.run, 1.0)


def test_who_knows_the_noise_has_no_loss():
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 3, 4, 8, 8, generator=generator).unbind()
    conditions = [{"prompt_embeds": torch.zeros(1, 2, 4)}] * 3

    class Steps:
        dtype = torch.float32

        def __call__(self, *_, **__):
            return SimpleNamespace(sample=noise)

    class Flow:
        dtype = torch.float32

        def __call__(self, *_, **__):
            return ([(x - e).unsqueeze(1) for x, e in zip(clean, noise, strict=True)],)

    schedule = SimpleNamespace(alpha_bars=torch.linspace(0.99, 0.01, 10), prediction="epsilon")
    steps = object.__new__(StepObjective)
    steps.schedule = schedule
    assert steps.loss(Steps(), clean, noise, steps.times(torch.rand(3)), conditions).max() == 0
    flow = FlowObjective(None)
    assert flow.loss(Flow(), clean, noise, flow.times(torch.rand(3)), conditions).max() < 1e-10


def test_what_cannot_be_learned_is_a_sentence(squares, plan, tmp_path):
    with pytest.raises(InputError, match="Adapters are not trained for LatentConsistencyModelPipeline"):
        make_learner(replace(plan, base=card_of(write_lcm(tmp_path / "lcm"), "lcm")), make_accelerator("cpu"))
    with pytest.raises(InputError, match="multiple of 8"):
        make_learner(replace(plan, resolution=36), make_accelerator("cpu"))
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("images.safetensors", "source.json"):
        (bare / name).write_bytes((squares / name).read_bytes())
    with pytest.raises(InputError, match="no caption"):
        read_captioned(bare, "")
    assert set(read_captioned(bare, "sks")[0].captions) == {"sks"}
    assert join("sks", " a cat ") == "sks, a cat"


def test_grey_pictures_are_read_in_colour():
    images = to_images(torch.full((2, 28, 28), 255, dtype=torch.uint8), 32)
    assert images.shape == (2, 3, 32, 32) and images.min() == 1
