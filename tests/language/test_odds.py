import base64
import math

import numpy as np
import pytest
import torch

from aigc_demo.language.odds import BINS, EXACT, WIDTH, odds_of
from aigc_demo.language.sampling import keep_top_k, keep_top_p


def read(spread):
    """ln p of the EXACT likeliest, and of the others (ln p of the bin's middle, how many)."""
    raw = base64.b64decode(spread)
    exact = np.frombuffer(raw, "<f4", EXACT)
    counts = np.frombuffer(raw, "<u2", BINS, 4 * EXACT)
    return exact[np.isfinite(exact)], -(np.arange(BINS) + 0.5) * WIDTH, counts


@pytest.mark.parametrize("size", [20, 5120, 49152])
def test_the_summary_gives_the_odds_at_any_temperature(size):
    logits = 3 * torch.randn(2, size, generator=torch.Generator().manual_seed(size))
    chosen = torch.tensor([0, size - 1])
    for row, (probability, alternatives, rank, spread) in enumerate(odds_of(logits, chosen, str)):
        own = logits[row].double().softmax(-1)
        assert probability == pytest.approx(own[chosen[row]].item(), rel=1e-4)
        assert rank == int((own > own[chosen[row]]).sum())
        assert [p for _, p in alternatives] == pytest.approx(own.topk(8).values.tolist(), rel=1e-4)
        exact, middles, counts = read(spread)
        assert len(exact) + counts.sum() == size
        for temperature, within in ((0.25, 0.02), (0.5, 0.004), (1.0, 0.002), (2.0, 0.001)):
            tail = (counts * np.exp(middles / temperature)).sum()
            partition = np.exp(exact.astype(float) / temperature).sum() + tail
            truth = (logits[row].double().log_softmax(-1) / temperature).exp()
            assert partition == pytest.approx(truth.sum().item(), rel=within)


def test_a_cut_among_the_likeliest_is_exact():
    logits = 4 * torch.randn(1, 5120, generator=torch.Generator().manual_seed(1))
    [(_, _, _, spread)] = odds_of(logits, torch.tensor([0]), str)
    exact, _, _ = read(spread)
    scaled = exact.astype(float) / 0.7
    kept = np.exp(scaled[:20] - scaled[0])
    kept = kept[: 1 + int(np.searchsorted(np.cumsum(kept), 0.9 * kept.sum() - 1e-9))]
    theirs = keep_top_p(keep_top_k(logits / 0.7, 20), 0.9).softmax(-1).sort(descending=True).values[0]
    assert (kept / kept.sum()).tolist() == pytest.approx(theirs[: len(kept)].tolist(), rel=1e-4)
    assert not math.isfinite(theirs[len(kept)]) or theirs[len(kept)] == 0
