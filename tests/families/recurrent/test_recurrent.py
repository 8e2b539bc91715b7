import json

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families import recurrent
from aigc_demo.families.recurrent.lanes import Lanes
from aigc_demo.families.recurrent.networks import Recurrent, Shape
from aigc_demo.families.recurrent.train import make_learner
from aigc_demo.language.forms import check_form
from aigc_demo.models.checkpoints import read_weights
from aigc_demo.models.protocols import GatedModel, LikelihoodModel
from aigc_demo.training import TrainPlan, make_accelerator, train


@pytest.fixture(scope="module")
def prose(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prose")
    rows = [{"text": f"{i} the cat sat on the mat. " * 12, "held_out": i > 16} for i in range(20)]
    (folder / "texts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


@pytest.fixture(scope="module")
def verse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verse")
    recurrent.write_debug_model(folder)
    return recurrent.load(folder, "cpu")


def run(plan):
    learner = make_learner(plan, make_accelerator("cpu"))
    return learner, list(train(learner, plan))


@pytest.mark.parametrize("kind", ["poems", "prose"])
def test_a_killed_run_goes_on_bit_for_bit(kind, request, tmp_path):
    data = request.getfixturevalue(kind)
    run(TrainPlan(data, tmp_path / "whole", steps=6, seed=7, save_every=6))
    plan = TrainPlan(data, tmp_path / "parts", steps=6, seed=7, save_every=2)
    loop = train(make_learner(plan, make_accelerator("cpu")), plan)
    while next(loop).step < 3:
        pass
    loop.close()
    run(plan)
    whole, parts = read_weights(tmp_path / "whole"), read_weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.training
def test_the_loss_falls_and_the_model_writes(poems, tmp_path):
    _, progress = run(TrainPlan(poems, tmp_path, steps=40, seed=0, save_every=40))
    losses = [item.figures["loss"] for item in progress]
    assert losses[-1] < 0.5 * losses[0] and progress[-1].figures["gradient_norm"] > 0
    model = recurrent.load(tmp_path, "cpu")
    measured = model.measure(poems, 10)
    assert len(measured) > 3 and sum(m.nats for m in measured) < 3 * sum(m.tokens for m in measured)


def test_the_gates_are_those_of_torch_step_by_step(verse):
    network, ids = verse.network, torch.randint(8, 40, (11,), generator=torch.Generator().manual_seed(0))
    state = network.new_state(1)
    network.read(ids[None], state)
    found = network.gates(ids)
    assert torch.allclose(found["memory"][:, -1], state.c[:, 0], atol=1e-6)
    assert torch.allclose((found["output"] * found["memory"].tanh())[:, -1], state.h[:, 0], atol=1e-6)
    for name in ("input", "forget", "output"):
        assert found[name].shape == (2, 11, 16) and 0 < found[name].min() <= found[name].max() < 1


def test_it_says_what_its_gates_do_over_a_text(verse):
    assert isinstance(verse, GatedModel) and isinstance(verse, LikelihoodModel)
    labels, found = verse.gates(verse.encode_prompt("春望", "wujue"))
    assert labels == ["<s>", "<wujue>", "春", "望", "<sep>"] and found["forget"].shape[1] == 5


def test_each_token_comes_with_the_models_own_odds_however_far_it_has_read(verse):
    chosen = verse.encode_prompt("春望", "wujue")
    for step in verse.generate("春望", form="wujue", temperature=1.0, max_new_tokens=12):
        own = verse.network(torch.tensor([chosen]))[0, -1].softmax(-1)
        assert step.tokens[0].probability == pytest.approx(own[step.tokens[0].id].item(), rel=1e-3)
        chosen.append(step.tokens[0].id)


def test_an_acrostic_holds_whatever_the_model(verse):
    texts = [""] * 3
    for step in verse.generate("四季", form="wulu", heads="春夏秋冬风雨江山", count=3, max_new_tokens=90):
        texts = [text + (token.text if token else "") for text, token in zip(texts, step.tokens, strict=True)]
    assert all(check_form(text, "wulu") for text in texts)


def test_lanes_carry_on_where_they_were_and_two_processes_share_them(prose, tmp_path):
    stream = torch.arange(1000)
    lanes = Lanes(stream, 10, 4, seed=0)
    first, second = lanes.take(), lanes.take()
    assert first.shape == (4, 11) and torch.equal(first[:, -1], second[:, 0])
    again = Lanes(stream, 10, 4, seed=0)
    again.load_state_dict(lanes.state_dict())
    assert torch.equal(again.take(), lanes.take())
    learner = make_learner(TrainPlan(prose, tmp_path, batch_size=2), make_accelerator("cpu"))
    learner.step(0.0, 1.0)
    assert learner.batches.state[0].shape[1] == learner.batches.count
    assert learner.batches.state[0].abs().max() > 0


def test_a_memory_read_in_parts_is_one_read_at_once():
    torch.manual_seed(0)
    network = Recurrent(Shape(20, 6, 8, 2)).eval()
    ids = torch.randint(0, 20, (3, 9))
    whole, state = network.read(ids, network.new_state(3)), network.new_state(3)
    parts = torch.cat((network.read(ids[:, :4], state), network.read(ids[:, 4:], state)), 1)
    assert torch.allclose(whole, parts, atol=1e-6) and state.length == 9


def test_a_config_that_is_no_lstm_is_a_sentence(tmp_path):
    recurrent.write_debug_model(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for wrong in ({"layers": 10**9}, {"width": "wide"}, {"hidden_size": 5}):
        (tmp_path / "config.json").write_text(json.dumps({**config, **wrong}))
        with pytest.raises(InputError):
            recurrent.load(tmp_path, "cpu")
