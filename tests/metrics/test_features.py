"""Distances between sets of features."""

import pytest
import torch

from aigc_demo.metrics.features import frechet, inside


def test_equal_sets_are_at_no_distance_and_lie_in_each_other():
    a, b = torch.randn(2, 400, 4, generator=torch.Generator().manual_seed(0)).unbind()
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet(a, 2 * b + 3) == pytest.approx(4 * 9 + 4, rel=0.1)  # means 3 apart, deviations 1 apart
    assert inside(a, a) == 1 and inside(a, b) > 0.9 and inside(a, b + 20) == 0
