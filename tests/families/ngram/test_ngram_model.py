import json
import math

import numpy as np
import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families import ngram
from aigc_demo.families.ngram.diagnoses import CHART
from aigc_demo.families.ngram.evaluate import evaluate, unpruned_bits
from aigc_demo.families.ngram.train import make_learner
from aigc_demo.language.forms import check_form
from aigc_demo.models.checkpoints import read_weights
from aigc_demo.models.protocols import BackOffModel, LikelihoodModel
from aigc_demo.training import TrainPlan, make_accelerator, train
from aigc_demo.training.doctor import Doctor


@pytest.fixture(scope="module")
def verse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verse")
    ngram.write_debug_model(folder)
    return ngram.load(folder, "cpu")


def run(plan):
    learner = make_learner(plan, make_accelerator("cpu"))
    return learner, list(train(learner, plan, Doctor(CHART)))


def test_a_killed_run_counts_on_to_the_same_counts_and_figures(poems, tmp_path):
    _, whole = run(TrainPlan(poems, tmp_path / "whole", size="small", steps=6, seed=7, save_every=6))
    plan = TrainPlan(poems, tmp_path / "parts", size="small", steps=6, seed=7, save_every=2)
    loop = train(make_learner(plan, make_accelerator("cpu")), plan)
    while next(loop).step < 3:
        pass
    loop.close()
    _, rest = run(plan)
    one, other = read_weights(tmp_path / "whole"), read_weights(tmp_path / "parts")
    assert all(torch.equal(one[name], other[name]) for name in one)
    figures = {name: value for name, value in whole[-1].figures.items() if name != "per_second"}
    assert figures == {name: rest[-1].figures[name] for name in figures}
    assert whole[-1].figures["held_out"] < whole[0].figures["held_out"] < math.log2(64)


def test_pruning_is_priced_and_every_context_still_sums_to_one(poems, tmp_path):
    learner, _ = run(TrainPlan(poems, tmp_path, size="base", steps=2, save_every=2))
    whole = learner.writer().counts
    pruned = whole.pruned(60)
    assert sum(len(level.grams) for level in pruned.levels[1:]) == 60
    for context in ([1, 1, 1, 1, 9], [9, 10, 11, 12], [0, 0, 0, 0]):
        odds = pruned.distribution(context)
        assert odds.sum() == pytest.approx(1) and odds.min() > 0
    saved = ngram.load(tmp_path, "cpu")
    assert np.allclose(saved.counts.distribution([1, 1, 1, 5]), whole.distribution([1, 1, 1, 5]))
    figures = evaluate(tmp_path, poems, "cpu")
    assert figures["bits_per_character"] == pytest.approx(unpruned_bits(saved, poems), abs=1e-3)
    saved.counts = pruned
    assert sum(m.nats for m in saved.measure(poems, 10)) > sum(
        m.nats for m in ngram.load(tmp_path, "cpu").measure(poems, 10)
    )


def test_what_it_writes_comes_with_the_odds_of_its_counts(verse):
    ids = verse.encode_prompt("春望", "wujue")
    own = verse.counts.distribution(ids)
    step = next(verse.generate("春望", form="wujue", count=2, temperature=0.5))
    for token in step.tokens:
        assert token.probability == pytest.approx(own[token.id], rel=1e-4)
        rungs = verse.back_off([*ids, token.id])
        assert rungs[-1][1].p == pytest.approx(own[token.id], rel=1e-6)


def test_the_rungs_share_out_the_odds_and_name_their_contexts(verse):
    assert isinstance(verse, BackOffModel) and isinstance(verse, LikelihoodModel)
    ids = verse.encode_prompt("春望", "wujue")
    rungs = [rung for _, rung in verse.back_off([*ids, 20])]
    uniform = 1 - sum(rung.share for rung in rungs)
    assert 0 < uniform < 1
    p = sum(rung.own for rung in rungs) + uniform / verse.counts.vocab_size
    assert p == pytest.approx(rungs[-1].p, rel=1e-9)
    assert [context for context, _ in verse.back_off([*ids, 20])] == [[], ["<sep>"], ["望", "<sep>"]]


def test_an_acrostic_holds_its_form_though_nothing_was_learned(verse):
    texts = [""] * 3
    for step in verse.generate("四季", form="qijue", heads="春夏秋冬", count=3, max_new_tokens=90):
        texts = [text + (token.text if token else "") for text, token in zip(texts, step.tokens, strict=True)]
    assert all(check_form(text, "qijue") for text in texts) and len(set(texts)) == 3


def test_prose_is_counted_text_by_text(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    rows = [{"text": f"{i} the cat sat on the mat. " * 12, "held_out": i > 16} for i in range(20)]
    (data / "texts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    _, progress = run(TrainPlan(data, tmp_path / "run", size="small", steps=4, save_every=4))
    assert progress[-1].figures["held_out"] < 1
    model = ngram.load(tmp_path / "run", "cpu")
    measured = model.measure(data, 10)
    assert len(measured) == 3 and all(300 < m.characters < 500 for m in measured)
    text = "".join(
        step.tokens[0].text for step in model.generate("5 the cat", temperature=0.0, max_new_tokens=8)
    )
    assert "sat on the mat" in text


def test_too_high_an_order_is_named(poems, tmp_path):
    looks = [
        {"step": step, "repetition": 0.0, "held_out": 3.1, "held_out_lower": 3.0, "known_contexts": 0.5}
        for step in range(4)
    ]
    [event] = Doctor(CHART)(looks)
    assert event["name"] == "order_too_high" and "3.100" in event["en"]


def test_a_start_and_counts_that_do_not_fit_are_sentences(verse, poems, tmp_path):
    with pytest.raises(InputError, match="anew"):
        make_learner(TrainPlan(poems, tmp_path, start=tmp_path), make_accelerator("cpu"))
    ngram.write_debug_model(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for wrong in ({"order": 9}, {"vocab_size": 10**9}, {"discounts": [[0, 1, 2, 3]] * 2}, {"discounts": 1}):
        (tmp_path / "config.json").write_text(json.dumps({**config, **wrong}))
        with pytest.raises(InputError, match="fit together"):
            ngram.load(tmp_path, "cpu")
