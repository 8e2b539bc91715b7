"""Encoder-decoders trained here: each architecture learns to copy a code, resumes bit for bit, and is used, looked into, measured."""

import math

import numpy as np
import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.data.pairs import Pair, write_pairs
from aigc_demo.families.seq2seq.architectures import ARCHITECTURES, build
from aigc_demo.families.seq2seq.corpus import SEPARATOR, encode, open_corpus, task_of, to_batch
from aigc_demo.families.seq2seq.likelihood import nats_of, with_wrong_sources
from aigc_demo.families.seq2seq.losses import IGNORED
from aigc_demo.families.seq2seq.model import PairModel
from aigc_demo.families.seq2seq.networks import PADDING, Shape
from aigc_demo.families.seq2seq.saving import save_model
from aigc_demo.families.seq2seq.train import SIZES, Learner
from aigc_demo.families.seq2seq.vocabulary import Vocabulary, script_of
from aigc_demo.families.seq2seq.vocabulary import build as build_vocabulary
from aigc_demo.families.seq2seq.writing import Rules, beam_search, write
from aigc_demo.training import TrainPlan, make_accelerator

NAMES = list(ARCHITECTURES)
HEAVEN, EARTH = "天日云风雨雪山高", "地月水花草木河低"


def couplet_pairs(count=400):
    """A first line of five characters, and of each its opposite: what every architecture can learn in seconds."""
    generator = np.random.default_rng(0)
    lines = {"".join(generator.choice(list(HEAVEN), 5)) for _ in range(count)}
    opposite = dict(zip(HEAVEN, EARTH, strict=True))
    return [
        Pair(line, "".join(map(opposite.get, line)), place % 10 == 0)
        for place, line in enumerate(sorted(lines))
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("opposites")
    write_pairs(folder, couplet_pairs())
    return folder


def network_of(architecture, vocabulary=20):
    torch.manual_seed(0)
    return build(Shape(architecture, vocabulary, 8, 16, layers=2, heads=2, longest=12)).eval()


@pytest.mark.parametrize("architecture", NAMES)
def test_step_by_step_gives_what_all_at_once_gives(architecture):
    network = network_of(architecture)
    source = torch.tensor([[4, 5, 6, 7], [8, 9, PADDING, PADDING]])
    tokens = torch.tensor([[2, 10, 11], [2, 12, 13]])
    memory, state, seen = network.encode(source), (), []
    for place in range(3):
        found = network.decode(tokens[:, place : place + 1], memory, state)
        state = found.state
        seen.append(network.logits(found.hidden))
    assert torch.allclose(torch.cat(seen, 1), network(source, tokens), atol=1e-5)


@pytest.mark.parametrize("architecture", NAMES)
def test_padding_changes_nothing_and_nothing_sees_what_comes_later(architecture):
    network = network_of(architecture)
    tokens = torch.tensor([[2, 10, 11]])
    alone = network(torch.tensor([[4, 5]]), tokens)
    padded = network(torch.tensor([[4, 5, PADDING], [6, 7, 8]]), tokens.expand(2, -1))
    assert torch.allclose(alone[0], padded[0], atol=1e-5)
    changed = network(torch.tensor([[4, 5]]), torch.tensor([[2, 10, 15]]))
    assert torch.allclose(alone[:, :2], changed[:, :2], atol=1e-5)
    assert not torch.allclose(alone[:, 2], changed[:, 2], atol=1e-5)


@pytest.mark.parametrize("architecture", ["lstm-attention", "transformer"])
def test_attention_over_the_source_sums_to_one_and_leaves_padding_out(architecture):
    network = network_of(architecture)
    source = torch.tensor([[4, 5, PADDING]])
    weights = network.decode(torch.tensor([[2, 10]]), network.encode(source)).weights
    assert torch.allclose(weights.sum(-1), torch.ones(1, 2), atol=1e-5) and weights[..., 2].max() == 0


def test_what_pairs_teach_is_told_by_scripts_and_lengths():
    couplets = [Pair("明月松间照", "清泉石上流")] * 20
    assert task_of(couplets).name == "couplet"
    words = [Pair("Open the file.", "打开文件。")] * 20
    found = task_of(words)
    assert (found.name, found.languages, found.both_ways) == ("translate", ("en", "zh"), True)
    assert task_of([Pair("明月松间照，清泉石上流。", "山居")] * 20).name == "summarise"
    assert task_of([Pair("gonna go", "am going to go")] * 20).name == "rewrite"
    assert script_of("打开 Calc") == "zh" and script_of("Open Calc 7") == "en"


def test_one_vocabulary_spells_both_languages_and_gives_texts_back():
    texts = ["Open the file.", "打开文件。", "Open the window, then the file."] * 3
    vocabulary = Vocabulary(build_vocabulary(texts, 90))
    for text in texts[:2]:
        assert vocabulary.decode(vocabulary.encode(text)) == text
    assert len(vocabulary.encode("打开文件。")) == 5 and vocabulary.encode("虎") == [vocabulary.unknown]
    assert len(vocabulary.encode("Open the file.")) < len("Open the file.") / 2


def test_two_languages_are_learned_both_ways_and_what_is_too_long_is_left_out():
    pairs = [Pair("Open the file.", "打开文件。"), Pair("Open " * 40, "打开")]
    vocabulary = Vocabulary(build_vocabulary([p.source + p.target for p in pairs] * 3, 80))
    rows, kept = encode(pairs, False, task_of(pairs[:1] * 9), vocabulary, 16)
    assert [pair.target for pair in kept] == ["打开文件。", "Open the file."]
    assert [row[0] for row in rows] == [vocabulary.into["zh"], vocabulary.into["en"]]
    batch = to_batch(rows, vocabulary.start)
    assert (batch.tokens[:, 0] == vocabulary.start).all() and batch.targets[0, 5] == vocabulary.end
    assert ((batch.targets == IGNORED) == (batch.tokens[:, :] == PADDING))[:, 1:].sum() > 0


def test_wrong_sources_are_others_and_keep_the_language_to_write():
    rows = [[4, a, SEPARATOR, a, 3] for a in (10, 11, 12)] + [[5, b, SEPARATOR, b, 3] for b in (20, 21)]
    wrong = with_wrong_sources(rows, given=1)
    assert [row[0] for row in wrong] == [4, 4, 4, 5, 5]
    assert all(row[1] != row[3] and row[1] // 10 == row[3] // 10 for row in wrong)
    assert [row[3] for row in wrong] == [10, 11, 12, 20, 21]


@pytest.mark.parametrize("architecture", NAMES)
def test_rules_hold_whatever_the_network_wants(architecture):
    network = network_of(architecture)
    never = torch.tensor([token in (0, 1, 2) for token in range(20)])
    rules = Rules(never, 3, length=5, not_these=(4, 5, 6))
    for ids in (
        [token for token, _ in write(network, [4, 5, 6, 5, 4], 2, rules, 9, 1.0, 7, lambda: False)],
        beam_search(network, [4, 5, 6, 5, 4], 2, rules, 9, 3, lambda: False),
    ):
        assert len(ids) == 5 and not {0, 1, 2, 3, 4, 5, 6} & set(ids)


@pytest.mark.parametrize("architecture", NAMES)
def test_wide_beams_find_what_trying_everything_finds(architecture):
    """Of all texts of two tokens, the likeliest a token; with as many beams as there are beginnings none is lost."""
    network = network_of(architecture)
    rules = Rules(torch.tensor([token < 3 for token in range(20)]), 3, length=2)
    found = beam_search(network, [4, 5], 2, rules, 3, 20 * 20, lambda: False)
    best, score = None, -math.inf
    with torch.inference_mode():
        for a in range(4, 20):
            for b in range(4, 20):
                logits = network(torch.tensor([[4, 5]]), torch.tensor([[2, a, b]]))[0]
                logs = [rules.apply(logits[i : i + 1], i).log_softmax(-1)[0] for i in range(3)]
                total = float(logs[0][a] + logs[1][b] + logs[2][3])
                if total > score:
                    best, score = [a, b], total
    assert found == best


def learner_of(data, run, architecture, steps, **more):
    plan = TrainPlan(data, run, steps=steps, architecture=architecture, seed=1, batch_size=40, **more)
    accelerator = make_accelerator("cpu")
    size = SIZES["tiny"]
    return Learner(plan, accelerator, open_corpus(data, size.pieces, size.longest), size)


@pytest.mark.parametrize("architecture", NAMES)
def test_a_run_that_goes_on_takes_the_very_same_steps(architecture, data, tmp_path):
    whole = learner_of(data, tmp_path, architecture, 8)
    for step in range(4):
        whole.step(step / 8, 1.0)
    saved = torch.load(_saved(whole, tmp_path), weights_only=True)
    for step in range(4, 6):
        whole.step(step / 8, 1.0)
    second = learner_of(data, tmp_path, architecture, 8)
    for name, part in second.parts().items():
        part.load_state_dict(saved[name])
    for step in range(4, 6):
        second.step(step / 8, 1.0)
    for mine, theirs in zip(whole.network.parameters(), second.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def _saved(learner, folder):
    path = folder / "state.pt"
    torch.save({name: part.state_dict() for name, part in learner.parts().items()}, path)
    return path


def test_smoothing_trains_on_the_smoothed_loss(data, tmp_path):
    plain = learner_of(data, tmp_path, "lstm", 4)
    smooth = learner_of(data, tmp_path, "lstm", 4, label_smoothing=0.1)
    first, second = plain.step(0, 1.0)["loss"], smooth.step(0, 1.0)["loss"]
    assert second != pytest.approx(float(first), abs=1e-4) and math.isfinite(second)


def test_a_model_with_smoothing_at_zero_learns_what_the_page_shows_as_the_loss(data, tmp_path):
    """The fast way to the gradient gives the loss of losses.py."""
    from aigc_demo.families.seq2seq.losses import teacher_forced_loss

    learner = learner_of(data, tmp_path, "lstm-attention", 4)
    rows = learner.corpus.train[:40]
    batch = to_batch(rows, learner.corpus.vocabulary.start)
    with torch.no_grad():
        shown = teacher_forced_loss(learner.network(batch.source, batch.tokens), batch.targets)
    count = int((batch.targets != IGNORED).sum())
    assert float(learner._backward(rows, count)) / count == pytest.approx(float(shown), rel=0.02)


@pytest.fixture(scope="module")
def folder(data, tmp_path_factory):
    """A Transformer of the opposites, trained for a moment, as a model folder."""
    run = tmp_path_factory.mktemp("opposites-model")
    learner = learner_of(data, run, "transformer", 60, learning_rate=0.02)
    for step in range(60):
        learner.step(step / 60, 1.0)
    learner.average.network.load_state_dict(learner.network.state_dict())
    save_model(run, learner.average.network, learner.corpus.vocabulary, learner.corpus.task)
    return run


def test_it_learns_opposites_and_its_attention_runs_down_the_diagonal(folder, data):
    model = PairModel.load(folder, "cpu")
    held_out = [pair for pair in couplet_pairs() if pair.held_out][:20]
    right = 0
    for pair in held_out:
        [part] = model.cut(pair.source, "auto")
        tokens = list(model.write(part, 16, 1, lambda: False))
        right += "".join(token.text for token in tokens) == pair.target
        seen = model.look([part], [tokens], len(part.ids))
        assert seen.shape == (len(tokens), 5) and np.allclose(seen.sum(1), 1, atol=1e-5)
        hidden = model.occlusion(part.ids, [token.id for token in tokens])
        assert hidden.shape == (len(tokens), 5)
    assert right >= 16
    assert (hidden.argmax(1) == torch.arange(5)).all(), "each character comes from the one at its place"
    measured = model.measure(data, 10)
    assert len(measured) == 10 and all(one.characters == 5 and one.tokens == 6 for one in measured)
    assert sum(one.nats for one in measured) / 10 < 6 * math.log(8) / 2


def test_what_it_was_not_trained_to_do_is_refused_and_lines_are_answered_each(folder):
    model = PairModel.load(folder, "cpu")
    with pytest.raises(InputError, match="couplet"):
        model.cut("天日云风雨", "translate")
    assert [len(part.ids) for part in model.cut("天日云风雨，\n雪山高天日。", "couplet")] == [5, 5]
    [part] = model.cut("天日云風雨", "auto")  # traditional characters are read as simplified ones
    assert model.vocabulary.unknown not in part.ids


def test_sampling_follows_its_seed_and_a_stop_ends_it(folder):
    model = PairModel.load(folder, "cpu")
    [part] = model.cut("天日云风雨", "auto")
    drawn = {
        seed: [t.id for t in model.write(part, 9, 1, lambda: False, temperature=2.0, seed=seed)]
        for seed in (1, 2)
    }
    again = [t.id for t in model.write(part, 9, 1, lambda: False, temperature=2.0, seed=1)]
    assert drawn[1] == again and drawn[1] != drawn[2]
    assert not list(model.write(part, 9, 1, lambda: True))


@pytest.mark.parametrize(
    "change",
    [
        {"network": {}},
        {"network": None},
        {"languages": ["zh"]},
        {"task": None, "both_ways": None, "languages": 3},
    ],
)
def test_a_broken_config_is_one_sentence(folder, change, tmp_path):
    import json
    import shutil

    shutil.copytree(folder, tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text("utf-8"))
    (tmp_path / "m" / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(InputError, match="encoder-decoder"):
        PairModel.load(tmp_path / "m", "cpu")


def test_likelihood_is_the_sum_of_what_each_token_costs():
    network = network_of("transformer")
    rows = [[4, 5, SEPARATOR, 10, 11, 3], [6, SEPARATOR, 12, 3]]
    with torch.inference_mode():
        expected = []
        for row in rows:
            place = row.index(SEPARATOR)
            target = row[place + 1 :]
            logs = network(torch.tensor([row[:place]]), torch.tensor([[2, *target[:-1]]]))[0].log_softmax(-1)
            expected.append(-sum(float(logs[i, token]) for i, token in enumerate(target)))
    assert nats_of(network, rows, 2) == pytest.approx(expected, abs=1e-4)
