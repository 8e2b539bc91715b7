import json
import math

import pytest
import torch

from aigc_demo.checkpoints import read_weights
from aigc_demo.data.poems import Poem
from aigc_demo.errors import InputError
from aigc_demo.transformer.corpus import PoemCorpus, held_out_prose, open_corpus, targets_of
from aigc_demo.transformer.losses import IGNORED, backward_in_pieces, next_token_loss
from aigc_demo.transformer.muon import orthogonalise
from aigc_demo.transformer.tokenizer import build_bytes
from aigc_demo.transformer.train import TrainPlan, train

LINES = ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼", "床前明月光", "疑是地上霜")


@pytest.fixture(scope="module")
def poems(tmp_path_factory):
    folder = tmp_path_factory.mktemp("poems")
    rows = [
        Poem("tang", "wujue", LINES[i][: i % 4], f"{LINES[i]}，{LINES[j]}。{LINES[k]}，{LINES[m]}。")
        for i in range(6)
        for j in range(6)
        for k in range(6)
        for m in range(2)
    ]
    (folder / "poems.jsonl").write_text("\n".join(json.dumps(vars(poem)) for poem in rows))
    return folder


def test_a_killed_run_goes_on_bit_for_bit(poems, tmp_path):
    list(train(TrainPlan(poems, tmp_path / "whole", steps=6, seed=7, save_every=6)))
    loop = train(TrainPlan(poems, tmp_path / "parts", steps=6, seed=7, save_every=2))
    while next(loop).step < 3:  # the third step is lost with the process
        pass
    loop.close()
    list(train(TrainPlan(poems, tmp_path / "parts", steps=6, seed=7, save_every=2)))
    whole, parts = read_weights(tmp_path / "whole"), read_weights(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_the_loss_falls_on_few_poems(poems, tmp_path):
    progress = list(train(TrainPlan(poems, tmp_path, steps=30, seed=0, save_every=30)))
    losses = [item.figures["loss"] for item in progress]
    assert losses[0] > 4.5
    assert losses[-1] < 0.5 * losses[0]
    assert progress[-1].figures["held_out"] < 0.6 * losses[0]


def test_the_stop_file_ends_a_run_with_a_save(poems, tmp_path):
    loop = train(TrainPlan(poems, tmp_path, steps=50, save_every=50))
    next(loop)
    (tmp_path / "STOP").touch()
    assert len(list(loop)) == 0
    assert (tmp_path / "model.safetensors").exists()


def test_a_text_of_ones_own_trains_too(tmp_path):
    text = tmp_path / "mine.txt"
    text.write_text("The cat sat on the mat, and the dog sat on the log. " * 60)
    progress = list(train(TrainPlan(text, tmp_path / "run", steps=4, save_every=4)))
    assert progress[-1].step == 4
    text.write_text("too short")
    with pytest.raises(InputError):
        open_corpus(text, 100, 300, 0)


@pytest.mark.parametrize("wrong", [{"size": "huge"}, {"steps": 0}, {"save_every": 0}])
def test_a_wrong_plan_is_a_sentence(poems, tmp_path, wrong):
    with pytest.raises(InputError):
        next(train(TrainPlan(poems, tmp_path, **wrong)))


def test_an_epoch_holds_every_row_once_without_padding():
    poems = [
        Poem("tang", "wujue", "题" * (i % 5), f"{LINES[i % 6]}，{LINES[i % 5]}。" * 2) for i in range(100)
    ]
    corpus = PoemCorpus(poems, 100, seed=0)
    batches = corpus.epoch(0, tokens=200)
    assert sum(len(batch) for batch in batches) == len(corpus.rows)
    assert all(batch.numel() <= 200 for batch in batches)
    assert all((batch[:, -1] == corpus.tokenizer.token_to_id("</s>")).all() for batch in batches)
    again = corpus.epoch(0, tokens=200)
    assert all(torch.equal(a, b) for a, b in zip(batches, again, strict=True))


def test_form_and_title_are_given_and_the_poem_is_learned():
    ids = torch.tensor([[1, 4, 9, 3, 7, 8, 2]])
    assert targets_of(ids, separator=3).tolist() == [[IGNORED, IGNORED, IGNORED, 7, 8, 2]]
    assert targets_of(ids, separator=None).tolist() == [[4, 9, 3, 7, 8, 2]]


def test_windows_predict_every_token_once():
    tokenizer = build_bytes(["abc"], 260)
    text = "abcdefghij" * 9
    rows = held_out_prose(tokenizer, [text], context=16)
    predicted = [token for row in rows for token in row.ids[row.start :]]
    assert predicted == tokenizer.encode(text, add_special_tokens=False).ids
    assert sum(row.characters for row in rows) == len(text)
    assert all(len(row.ids) <= 17 for row in rows)


def test_the_loss_of_a_uniform_guess_is_log_vocab():
    targets = torch.tensor([0, 1, IGNORED])
    assert next_token_loss(torch.zeros(3, 8), targets).item() == pytest.approx(2 * math.log(8))


def test_backward_in_pieces_is_backward_at_once():
    torch.manual_seed(0)
    hidden, embedding = torch.randn(10, 4, requires_grad=True), torch.randn(6, 4, requires_grad=True)
    targets = torch.randint(0, 6, (10,))
    loss = next_token_loss(hidden @ embedding.T, targets) * 0.5
    wanted = torch.autograd.grad(loss, (hidden, embedding))
    total = backward_in_pieces(hidden, embedding, targets, scale=0.5, rows=3)
    assert total.item() == pytest.approx(2 * loss.item(), rel=1e-5)
    assert torch.allclose(hidden.grad, wanted[0], atol=1e-5)
    assert torch.allclose(embedding.grad, wanted[1], atol=1e-5)


@pytest.mark.parametrize("shape", [(16, 16), (40, 16), (16, 40)])
def test_orthogonalise_brings_all_singular_values_near_one(shape):
    matrix = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrix, steps=8))
    assert values.min() > 0.6 and values.max() < 1.3
