"""Models measured on a prepared data set, from the request to the report, and the ways in which it is refused."""

import json

import numpy as np
import pytest
from sacrebleu.metrics import CHRF

from aigc_demo import provenance
from aigc_demo.actions import evaluate, write_report
from aigc_demo.actions.evaluate import texts
from aigc_demo.actions.evaluate.traps import TRAPS, spring
from aigc_demo.actions.evaluate.votes import Votes, pairings
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.stopping import never
from aigc_demo.data.pairs import Pair, write_pairs
from aigc_demo.metrics.classes import accuracy
from aigc_demo.schemas import as_code, check
from aigc_demo.schemas.evaluate import EvaluateRequest
from tests.checkpoints import keep_card
from tests.checkpoints.language import write_marian
from tests.few_digits import write_few


@pytest.fixture
def data(settings):
    """A few digits under the name that the models' cards give."""
    write_few(settings.data_dir / "digits")
    path = settings.data_dir / "digits" / "source.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "name": "digits"}))
    return settings.data_dir


@pytest.fixture
def compared(data, cache):
    """A GAN and a VAE of random weights, by two seeds."""
    asked = EvaluateRequest(model="gan-digits", against=["vae-digits"], count=8, seeds=2, seed=3)
    shares = []
    return evaluate(asked, cache, never, shares.append), shares


def test_pictures_are_measured_against_held_out_ones_on_named_features(compared):
    result, shares = compared
    assert result.kind == "image" and shares == sorted(shares) and 0 < shares[-1] <= 1
    assert result.figures == [
        "frechet", "kernel", "precision", "recall", "density", "coverage", "vendi", "nearest"
    ]  # fmt: skip
    assert (
        "features:class-digits" in result.signature
        and "n:8" in result.signature
        and "seeds:3,4" in result.signature
    )
    first, second = result.row("frechet", "gan-digits"), result.row("frechet", "vae-digits")
    assert first.difference is None and first.verdict == ""
    assert second.difference.point == pytest.approx(second.interval.point - first.interval.point)
    assert len(second.by_seed) == 2 and second.interval.low <= second.interval.point <= second.interval.high
    assert all("FID" not in note.en for note in result.notes)
    assert {len(made) for made in result.made} == {16} and all(result.failures)


def test_the_report_is_labelled_and_brings_the_request_back(compared, tmp_path):
    result, _ = compared
    for suffix in (".md", ".json"):
        path = write_report(result, tmp_path, suffix)
        found = provenance.read(path)
        assert found.recipe.task == "evaluate"
        assert as_code.request_of("evaluate", found.recipe.request) == result.request
    facts = json.loads(path.read_text("utf-8"))
    assert facts["rows"] == result.facts()["rows"] and facts["signature"] == result.signature
    assert len(path.read_text("utf-8")) < 4 << 20  # more is not read as a recipe


def test_the_same_request_gives_the_same_table(compared, cache):
    again = evaluate(compared[0].request, cache)
    assert again.facts() == compared[0].facts()


def test_a_classifier_is_measured_and_its_errors_shown(data, cache):
    result = evaluate(EvaluateRequest(model="class-digits", count=16), cache)
    row, matrix = result.row("accuracy", "class-digits"), result.confusion[0]
    assert result.figures == ["accuracy", "macro_f1"] and matrix.sum() == row.interval.n == 16
    assert row.interval.point == pytest.approx(float(accuracy(matrix.reshape(-1))))
    wrong = 16 - np.trace(matrix)
    assert len(result.failures[0]) == min(wrong, 12) and "called" in result.failures[0][0].words.en


def test_a_poet_is_measured_by_what_it_writes(settings, cache):
    folder = settings.data_dir / "poems"
    folder.mkdir(parents=True)
    lines = [f"春眠不觉晓，处处闻啼{bird}。夜来风雨声，花落知多少。" for bird in "鸟莺燕鹊鸠雀鸥鹭鸿雁"]
    poems = [{"dynasty": "tang", "title": "春晓", "form": "wujue", "text": text} for text in lines * 3]
    (folder / "poems.jsonl").write_text("\n".join(json.dumps(poem, ensure_ascii=False) for poem in poems))
    (folder / "source.json").write_text(json.dumps({"name": "poems"}))
    result = evaluate(EvaluateRequest(model="gpt-poems", count=8), cache)
    assert {"distinct_1", "distinct_2", "longest_copy", "form", "rhyme", "tone"} <= set(result.figures)
    assert result.row("form", "gpt-poems").interval.n == 8
    assert "drafts:1" in result.signature and len(result.made[0]) == 8


def test_rewriters_are_measured_on_held_out_pairs(settings, cache, tmp_path):
    for seed, name in enumerate(("tiny/one", "tiny/two")):
        folder = write_marian(tmp_path / f"marian{seed}", seed)
        keep_card(settings, folder, name, "seq2seq", "seq2seq", ("rewrite",))
    pairs = [Pair("Here is your poem.", f"这是你的第{n}首诗。", n % 2 == 0, "made") for n in range(20)]
    data = tmp_path / "own-pairs"
    data.mkdir()
    write_pairs(data, pairs)
    (data / "source.json").write_text('{"name": "own-pairs"}')
    asked = EvaluateRequest(model="tiny/one", against=["tiny/two"], data=str(data), count=8)
    result = evaluate(asked, cache)
    assert (
        set(result.figures) >= {"chrf", "bleu", "rouge1", "rouge2", "rougeL"} and result.data == "own-pairs"
    )
    assert "tok:zh" in result.signature and "tok:characters" in result.signature
    assert [prompt.en for prompt in result.prompts] == ["Here is your poem."] * 8
    assert (
        all("第" in target for target in result.wanted) and result.row("bleu", "tiny/two").difference.n == 8
    )
    scored = CHRF().corpus_score(result.made[0], [list(result.wanted)])
    assert result.row("chrf", "tiny/one").interval.point == pytest.approx(scored.score)


def test_what_cannot_be_measured_is_refused(data, cache):
    for values, words in (
        ({"model": "gan-digits", "against": ["gpt-poems"]}, "same thing"),
        ({"model": "realesrgan-x4"}, "same thing"),
        ({"model": "gan-fashion"}, "data get fashion"),
        ({"model": "gan-digits", "data": "no-such"}, "no data no-such"),
        ({"model": "gan-digits", "count": 5000, "seeds": 10}, "more than 5000"),
        ({"model": "gan-digits", "count": 8, "features": "gpt-poems"}, "cannot look at these pictures"),
        ({"model": "nobody"}, "no model nobody"),
    ):
        with pytest.raises(InputError, match=words):
            evaluate(EvaluateRequest(**values), cache)
    with pytest.raises(InputError, match="Items"):
        check(EvaluateRequest, {"count": 1})
    with pytest.raises(Stopped):
        evaluate(EvaluateRequest(model="gan-digits", count=8), cache, lambda: True)


@pytest.mark.parametrize("name", TRAPS)
def test_each_trap_shows_what_it_says(name, cache):
    rows = spring(name, EvaluateRequest(), cache, never).rows
    wrong = [float(row.wrong.strip("%")) for row in rows]
    if name == "raw_rouge":
        assert wrong[:2] == [0, 0] and float(rows[1].right) == 100 and rows[2].wrong == rows[2].right
    elif name == "headless":
        assert float(rows[0].right) == float(rows[2].right) > 9 and wrong[2] > 2 * wrong[0]
    elif name == "ties":
        assert wrong[-1] == 100 and rows[-1].right == "50%"
    elif name == "falls":
        assert wrong == sorted(wrong, reverse=True) and abs(float(rows[-1].right)) < 0.05
    else:
        assert wrong == sorted(wrong) and wrong[-1] > 85 and rows[-1].right.startswith(("79", "80", "81"))


def test_votes_are_blind_shuffled_by_the_seed_and_counted_with_ties():
    pairs = pairings(2, 30, 20, seed=1)
    assert pairs == pairings(2, 30, 20, seed=1) != pairings(2, 30, 20, seed=2)
    assert (
        len(pairs) == 20
        and {pair.left for pair in pairs} == {0, 1}
        and len({pair.item for pair in pairs}) == 20
    )
    letters = "".join("l" if pair.left == 0 else "r" for pair in pairs)
    votes = Votes(["a", "b"], pairs, letters)
    assert (
        votes.finished and votes.tally(0) == (20, 0, 0) and votes.tally(1) == (0, 20, 0) and votes.p() < 1e-5
    )
    tied = Votes(["a", "b"], pairs, "t" * 20)
    assert tied.p() == 1 and tied.strengths()[0][1].point == 0.5
    many = pairings(4, 20, 18, seed=0)
    assert {frozenset((pair.left, pair.right)) for pair in many} == {
        frozenset(two) for two in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    }
    with pytest.raises(InputError, match="two models"):
        pairings(1, 20, 20, seed=0)


def test_passages_of_real_text_are_as_long_as_what_was_written():
    real = texts._passages(["word " * 1000], 5, ["x" * 40] * 5)
    assert [len(part) for part in real] == [40] * 5
