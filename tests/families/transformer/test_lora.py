"""Adapters of language models: they learn, they go on bit for bit, and without them the base is the base."""

import json
from dataclasses import replace

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.families.transformer import load_pretrained
from aigc_demo.families.transformer.chat_template import read_conversation
from aigc_demo.families.transformer.lora import evaluate, length_for, make_learner
from aigc_demo.families.transformer.lora_data import Row, collate, open_material
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.checkpoints import load_state
from aigc_demo.models.placement import Placement
from aigc_demo.models.run_folder import RunFolder
from aigc_demo.training import TrainPlan, make_accelerator, train
from tests.checkpoints.language import write_llama

WORDS = Text(en="Tiny", zh="小")
ANSWER = "The old red barn by the river was closed."


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A tiny Llama with a chat template."""
    folder = write_llama(tmp_path_factory.mktemp("hub") / "llama")
    return ModelCard(
        id="test/llama", folder=folder, family="transformer", kind="causal_lm", tasks=("text", "chat"), title=WORDS,
        summary=WORDS, parameters=1, licence="mit", data="", revision="0" * 40,
    )  # fmt: skip


@pytest.fixture(scope="module")
def chats(tmp_path_factory):
    """Conversations that all end in the same answer."""
    folder = tmp_path_factory.mktemp("chats")
    rows = [
        {"messages": [said("user", f"Question {i}?"), said("assistant", ANSWER)], "held_out": i % 4 == 0}
        for i in range(24)
    ]
    (folder / "chats.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def said(role, content):
    return {"role": role, "content": content}


@pytest.fixture(scope="module")
def plan(base, chats, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "mine"
    return TrainPlan(data=chats, run=run, base=base, steps=8, save_every=4, learning_rate=2e-2, lora_rank=4)


@pytest.fixture(scope="module")
def trained(plan):
    """A run of eight steps, its learner and its log."""
    learner = make_learner(plan, make_accelerator("cpu"))
    list(train(learner, plan))
    return plan.run, learner, RunFolder(plan.run).log()


def test_it_learns_and_keeps_nothing_of_the_base(trained):
    run, learner, log = trained
    looks = [line["held_out"] for line in log if "held_out" in line]
    assert looks[-1] < 0.8 * looks[0]
    kept = load_state(run)["learner"]["adapter"]
    assert all("lora_" in name for name in kept)
    assert not any(
        weight.requires_grad for name, weight in learner.adapted.named_parameters() if "lora_" not in name
    )


def test_a_run_that_goes_on_gives_the_same_bits(trained, plan, tmp_path):
    half = replace(plan, run=tmp_path / "half", steps=plan.steps)
    first = train(make_learner(half, make_accelerator("cpu")), half)
    for progress in first:
        if progress.step == 4:
            RunFolder(half.run).stop.set()
    list(train(make_learner(half, make_accelerator("cpu")), half))
    name = "adapter_model.safetensors"
    assert (half.run / name).read_bytes() == (trained[0] / name).read_bytes()


def test_the_app_serves_it_switches_it_and_has_the_base_back_exactly(trained, base):
    run, learner, _ = trained
    model = load_pretrained(base, Placement())
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.inference_mode():
        before = model.network(ids).logits
        model.set_adapter(run, 1.0)
        with_adapter = model.network(ids).logits
        model.set_adapter(None, 0.0)
        after = model.network(ids).logits
        trained_with = learner.adapted(ids).logits
    assert torch.equal(before, after) and not torch.equal(before, with_adapter)
    exact = trained_with.dtype == torch.float32  # a processor that multiplies bfloat16 trains in it
    assert torch.allclose(with_adapter, trained_with.float(), atol=1e-5 if exact else 0.5)


@pytest.mark.training
def test_beside_a_base_in_four_bits_an_adapter_learns_and_serves_the_whole_base(plan, tmp_path):
    pytest.importorskip("bitsandbytes")
    small = replace(plan, run=tmp_path / "small", load_in_4bit=True)
    learner = make_learner(small, make_accelerator("cpu"))
    layer = learner.model.network.model.layers[0].mlp.gate_proj.base_layer
    assert (
        layer.weight.dtype == torch.uint8
        and layer.weight.numel() == layer.in_features * layer.out_features / 2
    )
    losses = [float(learner.step(0.5, 1.0)["loss"]) for _ in range(6)]
    assert losses[-1] < 0.8 * losses[0]
    small.run.mkdir()
    learner.export(final=True)
    model, ids = load_pretrained(plan.base, Placement()), torch.tensor([[5, 6, 7, 8]])
    with torch.inference_mode():
        before = model.network(ids).logits
        model.set_adapter(small.run, 1.0)
        assert not torch.equal(model.network(ids).logits, before)


def test_figures_for_the_card_stand_beside_those_of_the_base(trained, plan):
    figures = evaluate(plan, "cpu")
    assert figures["bits_per_character"] < figures["base_bits_per_character"]
    config = json.loads((trained[0] / "config.json").read_text())
    assert config["base"] == "test/llama" and config["base_revision"] == "0" * 40
    assert "/" not in (trained[0] / "adapter_config.json").read_text()


def test_only_the_answer_is_learned_behind_what_the_model_reads(base, chats):
    model = load_pretrained(base, Placement())
    row = open_material(chats, model, length_for(model)).train[0]
    asked = read_conversation(model.tokenizer, 256, [said("user", "Question 1?")], "", 128)
    assert row.ids[: row.start] == asked.ids
    assert model.tokenizer.decode(row.ids[row.start :]) == ANSWER + "<|im_end|>"
    ids, targets = collate([row, Row([1, 2, 3], 1)], "cpu")
    assert targets[0, : row.start - 1].eq(-100).all() and targets[0, row.start - 1] == row.ids[row.start]
    assert targets[1].tolist()[:3] == [2, 3, -100] and ids.shape == targets.shape


def test_text_is_read_in_blocks(base, tmp_path):
    (tmp_path / "texts.jsonl").write_text(
        "\n".join(json.dumps({"text": ANSWER * 8, "held_out": held}) for held in (False, False, False, True))
    )
    model = load_pretrained(base, Placement())
    material = open_material(tmp_path, model, 32)
    assert {len(row.ids) for row in material.train[:-1]} == {32} and material.train[0].start == 1
    assert material.openings[0].startswith("The old red")


def test_conversations_want_a_chat_template(chats, base, tmp_path):
    plain = base.model_copy(update={"folder": write_llama(tmp_path / "plain", chat=False)})
    with pytest.raises(InputError) as caught:
        open_material(chats, load_pretrained(plain, Placement()), 64)
    assert "not made for conversations" in caught.value.text.en
