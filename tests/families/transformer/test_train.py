import math
from types import SimpleNamespace

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families.transformer.train import make_learner
from aigc_demo.language.batches import Batches
from aigc_demo.language.corpus import score_prose, targets_of
from aigc_demo.language.learner import interleave
from aigc_demo.language.losses import IGNORED, backward_in_pieces, next_token_loss
from aigc_demo.language.muon import KernelMuon, orthogonalise
from aigc_demo.language.tokenizer import build_bytes
from aigc_demo.models.checkpoints import read_weights
from aigc_demo.training import TrainPlan, make_accelerator, own_share, train


def run(plan):
    """Train a plan to its end; the lines of its log."""
    learner = make_learner(plan, make_accelerator("cpu"))
    return learner, list(train(learner, plan))


def test_a_killed_run_goes_on_bit_for_bit(poems, tmp_path):
    run(TrainPlan(poems, tmp_path / "whole", steps=6, seed=7, save_every=6))
    plan = TrainPlan(poems, tmp_path / "parts", steps=6, seed=7, save_every=2)
    loop = train(make_learner(plan, make_accelerator("cpu")), plan)
    while next(loop).step < 3:  # the third step is lost with the process
        pass
    loop.close()
    run(plan)
    whole, parts = read_weights(tmp_path / "whole"), read_weights(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.training
def test_the_loss_falls_on_few_poems(poems, tmp_path):
    _, progress = run(TrainPlan(poems, tmp_path, steps=30, seed=0, save_every=30))
    losses = [item.figures["loss"] for item in progress]
    assert losses[0] > 4.5
    assert losses[-1] < 0.5 * losses[0]
    last = progress[-1].figures
    assert last["held_out"] < 0.6 * losses[0]
    assert last["train_bits"] == pytest.approx(last["held_out"], abs=0.2)
    assert 0 <= last["repetition"] < 1 and last["copied_run"] >= 0


def test_two_shares_of_a_batch_are_the_whole(poems, tmp_path):
    one = make_learner(TrainPlan(poems, tmp_path, batch_size=8), make_accelerator("cpu"))
    batch = one.batches.take()
    two = SimpleNamespace(num_processes=2, device=torch.device("cpu"))
    shares = []
    for rank in range(2):
        two.process_index = rank
        shares.append(own_share(interleave(batch, 2), two))
    assert sorted(torch.cat(shares).tolist()) == sorted(batch.tolist())
    lengths = [(share >= 0).sum(1).tolist() for share in shares]
    assert all(length == sorted(length, reverse=True) for length in lengths)
    assert abs(sum(lengths[0]) - sum(lengths[1])) <= max(lengths[0])


@pytest.mark.parametrize("wrong", [{"size": "huge"}, {"frozen_layers": 1}])
def test_a_wrong_plan_is_a_sentence(poems, tmp_path, wrong):
    with pytest.raises(InputError):
        make_learner(TrainPlan(poems, tmp_path, **wrong), make_accelerator("cpu"))


def test_an_epoch_holds_every_row_and_little_padding():
    rows = [[i] * (5 + i % 7) for i in range(101)]
    batches = Batches(lambda shuffle: rows, 16, seed=3)
    taken = [batches.take() for _ in range(7)]
    assert (batches.epoch, batches.position) == (0, 7)
    assert {row[0].item() for batch in taken for row in batch} == set(range(101))
    assert all(len(batch) == 16 for batch in taken)
    again = Batches(lambda shuffle: rows, 16, seed=3)
    again.load_state_dict({"epoch": 0, "position": 6})
    assert torch.equal(again.take(), taken[6])
    batches.take()
    assert (batches.epoch, batches.position) == (1, 1)


def test_a_batch_larger_than_the_data_repeats_rows():
    batch = Batches(lambda shuffle: [[1, 2], [3, 4, 5]], 5, seed=0).take()
    assert batch.shape == (5, 3) and batch[-1].tolist() in ([1, 2, IGNORED], [3, 4, 5])


def test_form_and_title_are_given_and_the_poem_is_learned():
    ids = torch.tensor([[1, 4, 9, 3, 7, 8, 2]])
    assert targets_of(ids, separator=3).tolist() == [[IGNORED, IGNORED, IGNORED, 7, 8, 2]]
    assert targets_of(ids, separator=None).tolist() == [[4, 9, 3, 7, 8, 2]]


def test_windows_predict_every_token_once():
    tokenizer = build_bytes(["abc"], 260)
    text = "abcdefghij" * 9
    rows = score_prose(tokenizer, [text], context=16)
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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(16, 16), (40, 16), (16, 40)])
def test_orthogonalise_brings_all_singular_values_near_one(shape, dtype):
    matrix = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrix.to(dtype), steps=8).float())
    assert values.min() > 0.6 and values.max() < 1.3


def test_a_kernel_moves_as_the_matrix_of_its_rows_does():
    torch.manual_seed(0)
    kernel = torch.nn.Parameter(torch.randn(8, 4, 3, 3).contiguous(memory_format=torch.channels_last))
    before = kernel.detach().clone()
    optimizer = KernelMuon([kernel], lr=0.1)
    kernel.grad = torch.randn(8, 4, 3, 3)
    optimizer.step()
    moved = (kernel.detach() - before).permute(0, 2, 3, 1).flatten(1) / 0.1
    lengths = torch.linalg.svdvals(moved)
    assert lengths.min() > 0.5 and lengths.max() < 1.4
