"""A painter against the bare calls of its network, on a tiny one."""

from aigc_demo.bench.draw import compare_painter
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.registry import find_card
from tests.checkpoints.painter import write_painter


def test_a_painter_is_timed_against_its_own_network(settings, tmp_path):
    own = settings.model_copy(update={"weights_dir": tmp_path / "weights"})
    write_painter(own.weights_dir / "draw-squares")
    comparison = compare_painter(find_card("draw-squares", own), ModelCache(own), rounds=1)
    assert len(comparison.ours) == len(comparison.plain) == 1 and min(*comparison.ours, *comparison.plain) > 0
    assert "draw-squares" in comparison.words.en
