"""Every figure equals that of the library which people know it by, to a millionth."""

import numpy as np
import pytest
import torch

from aigc_demo.metrics import classes, features, kernels, neighbours, text
from aigc_demo.metrics.intervals import jackknife

ENGLISH = [
    ("the cat sat on the mat", "the cat is sitting on the mat"),
    ("he read the book, because he was interested", "He was interested in the book because he had read it."),
    ("nothing in common here", "quite another sentence"),
    ("a", "one word"),
    ("it is what it is", "it is what it is"),
]
CHINESE = [
    ("白日依山尽，黄河入海流。", "白日依山盡，黃河入海流。"),
    ("欲穷千里目", "欲穷千里目，更上一层楼。"),
    ("床前明月光", "床前看月光，疑是地上霜。"),
    ("春眠不觉晓 GPT 2", "春眠不觉晓，处处闻啼鸟 GPT-2"),
    ("完全不同", "毫无关系的句子"),
]


@pytest.fixture
def sets():
    """Two sets of features that overlap in part."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(120, 8)), rng.normal(0.4, 1.2, size=(150, 8))


@pytest.mark.parametrize("pairs", [ENGLISH, CHINESE, ENGLISH[3:4], ENGLISH[2:3]])
def test_bleu_and_chrf_are_those_of_sacrebleu(pairs):
    from sacrebleu.metrics import BLEU, CHRF

    texts, references = map(list, zip(*pairs, strict=True))
    tokenize = text.tokenizer_for(references)
    assert tokenize == ("zh" if pairs is CHINESE else "13a")
    bleu = BLEU(tokenize=tokenize, effective_order=False).corpus_score(texts, [references])
    assert text.bleu(text.bleu_rows(texts, references, tokenize).sum(0)) == pytest.approx(
        bleu.score, abs=1e-6
    )
    chrf = CHRF().corpus_score(texts, [references])
    assert text.chrf(text.chrf_rows(texts, references).sum(0)) == pytest.approx(chrf.score, abs=1e-6)


def test_resamples_of_bleu_are_scored_as_sacrebleu_would():
    from sacrebleu.metrics import BLEU

    texts, references = map(list, zip(*CHINESE, strict=True))
    rows, picked = text.bleu_rows(texts, references, "zh"), [0, 0, 1, 2, 2]
    theirs = BLEU(tokenize="zh").corpus_score([texts[i] for i in picked], [[references[i] for i in picked]])
    both = text.bleu(np.stack([rows[picked].sum(0), rows.sum(0)]))
    assert both[0] == pytest.approx(theirs.score, abs=1e-6)


def test_the_signature_is_sacrebleus_own():
    found = text.signatures([pair[1] for pair in CHINESE], 5)
    assert "tok:zh" in found["BLEU"] and "smooth:exp" in found["BLEU"] and "version:" in found["BLEU"]
    assert "nc:6" in found["chrF2"]


def test_rouge_is_that_of_rouge_score_and_by_characters_in_chinese():
    from rouge_score.rouge_scorer import RougeScorer

    plain = RougeScorer(["rouge1", "rouge2", "rougeL"])
    for mine, reference in ENGLISH:
        theirs = plain.score(reference, mine)
        row = text.rouge_rows([mine], [reference], chinese=False)[0]
        assert row == pytest.approx([100 * score.fmeasure for score in theirs.values()], abs=1e-6)
    for mine, reference in CHINESE:
        # rouge-score knows words of a-z alone: each character as such a word is what it can count
        names = {
            character: f"w{place}" for place, character in enumerate(sorted(set((mine + reference).lower())))
        }
        spelt = [" ".join(names[c] for c in words.lower() if not c.isspace()) for words in (reference, mine)]
        theirs = plain.score(*spelt)
        row = text.rouge_rows([mine], [reference], chinese=True)[0]
        assert row == pytest.approx([100 * score.fmeasure for score in theirs.values()], abs=1e-6)
    raw = plain.score(CHINESE[0][1], CHINESE[0][0])
    assert raw["rouge1"].fmeasure == 0  # the trap


def test_accuracy_f1_and_confusion_are_those_of_scikit_learn_and_torchmetrics():
    from sklearn import metrics as sk
    from torchmetrics.functional.classification import multiclass_confusion_matrix

    rng = np.random.default_rng(3)
    true = rng.integers(0, 5, 300)
    called = np.where(rng.random(300) < 0.7, true, rng.integers(0, 4, 300))
    matrix = classes.confusion(true, called, 6)  # the sixth class occurs nowhere
    rows = classes.confusion_rows(true, called, 6)
    assert (rows.sum(0).reshape(6, 6) == matrix).all()
    assert (matrix[:5, :5] == sk.confusion_matrix(true, called)).all()
    theirs = multiclass_confusion_matrix(torch.tensor(called), torch.tensor(true), 6)
    assert (matrix == theirs.numpy()).all()
    flat = matrix.reshape(-1)
    assert classes.accuracy(flat) == pytest.approx(sk.accuracy_score(true, called), abs=1e-6)
    assert classes.macro_f1(flat) == pytest.approx(sk.f1_score(true, called, average="macro"), abs=1e-6)


def test_frechet_distance_is_that_of_the_formula_and_of_torchmetrics(sets):
    from scipy.linalg import sqrtm
    from torchmetrics.image.fid import _compute_fid

    a, b = sets
    root = sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    formula = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    found = features.frechet(torch.tensor(a), torch.tensor(b))
    assert found == pytest.approx(formula, abs=1e-6)
    moments = [part for x in (a, b) for part in (torch.tensor(x.mean(0)), torch.tensor(np.cov(x.T)))]
    assert found == pytest.approx(float(_compute_fid(*moments)), abs=1e-6)


def test_kernel_distance_is_that_of_torchmetrics(sets):
    from torchmetrics.image.kid import poly_mmd

    a, b = sets[0], sets[1][:120]
    theirs = float(poly_mmd(torch.tensor(b), torch.tensor(a)))
    assert kernels.kernel_distance(a, b) == pytest.approx(theirs, abs=1e-6)
    without = kernels.kernel_distances_without(a, b)
    for i in (0, 7, 119):
        left = kernels.kernel_distance(np.delete(a, i, 0), np.delete(b, i, 0))
        assert without[i] == pytest.approx(left, abs=1e-9)
    same = np.random.default_rng(5).normal(size=(240, 8))
    found = jackknife(
        kernels.kernel_distance(same[:120], same[120:]),
        kernels.kernel_distances_without(same[:120], same[120:]),
        120,
    )
    assert found.low < 0 < found.high  # unbiased: of one distribution it is around 0


def test_precision_recall_density_and_coverage_are_those_of_prdc(sets, capsys):
    from prdc import compute_prdc

    drawn, real = sets
    theirs = compute_prdc(real, drawn, 5)
    found = neighbours.reach(drawn, real, 5, 5)
    for name, values in vars(found).items():
        assert values.mean() == pytest.approx(theirs[name], abs=1e-6), name


def test_precision_and_recall_are_those_of_the_paper(sets):
    """Kynkäänniemi et al. 2019, equation 2, written out; torch-fidelity computes the same, but needs torchvision."""
    drawn, real = sets

    def inside(points, manifold):
        count = 0
        for point in points:
            for centre in manifold:
                ranked = sorted(np.linalg.norm(centre - other) for other in manifold)
                if np.linalg.norm(point - centre) <= ranked[3]:
                    count += 1
                    break
        return count / len(points)

    drawn, real = drawn[:40], real[:50]
    found = neighbours.reach(drawn, real)
    assert found.precision.mean() == pytest.approx(inside(drawn, real), abs=1e-6)
    assert found.recall.mean() == pytest.approx(inside(real, drawn), abs=1e-6)
    tensors = torch.tensor(drawn), torch.tensor(real)
    assert found.precision.mean() == pytest.approx(features.inside(*tensors), abs=1e-6)  # what cards state


@pytest.mark.parametrize("count", [120, 5])
def test_vendi_score_is_that_of_vendi_score(sets, count):
    from vendi_score import vendi

    rows = sets[0][:count]
    assert kernels.vendi(rows) == pytest.approx(vendi.score_X(rows), abs=1e-6)


def test_vendi_score_counts_what_is_different():
    assert kernels.vendi(np.eye(7)) == pytest.approx(7)
    assert kernels.vendi(np.ones((7, 3))) == pytest.approx(1)


def test_distinct_n_counts_over_all_texts_and_leaves_each_out():
    texts = ["the cat the cat", "a cat sat", "the end"]
    point, without = text.distinct(texts, 1, chinese=False)
    assert point == pytest.approx(5 / 9)
    for i in range(3):
        assert without[i] == pytest.approx(text.distinct(texts[:i] + texts[i + 1 :], 1, chinese=False)[0])
    assert text.distinct(["春春", "春"], 2, chinese=True)[0] == 1
    assert text.distinct([], 1, chinese=True)[0] == 0


def test_bits_and_perplexity_are_ratios_of_sums():
    sums = np.array([[np.log(2) * 8, 4, 2], [np.log(2) * 4, 8, 4]])
    assert text.bits_per_character(sums) == pytest.approx([2, 0.5])
    assert text.perplexity(sums) == pytest.approx([16, 2])
    assert text.bits_per_character(sums.sum(0)) == pytest.approx(1)


def test_nearest_neighbours_are_found(sets):
    drawn, real = sets
    real = np.concatenate([real, drawn[4:5]])
    apart, which = neighbours.nearest(drawn, real)
    assert apart[4] == 0 and which[4] == len(real) - 1 and (apart[:4] > 0).all()
