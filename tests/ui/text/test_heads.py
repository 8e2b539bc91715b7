import numpy as np
import pytest

from aigc_demo.ui.text.head_sheet import small_maps
from aigc_demo.ui.text.heads import Reading, describe, most_telling

POEM = [*"ST题<", *"一二三四五，六七八九十。", *"甲乙丙丁戊，己庚辛壬癸。"]
READING = Reading(POEM, prompt=4, line=5, start=4, title=1)


def head(kind, reading, share):
    """Attention (T, T) that puts `share` on the places of a kind and the rest evenly on what came before."""
    total = len(reading.labels)
    even = np.tril(np.ones((total, total))) / np.arange(1, total + 1)[:, None]
    places = reading.places(kind)
    rows = places.any(1)
    weights = even.copy()
    weights[rows] = share * places[rows] / places[rows].sum(1, keepdims=True) + (1 - share) * even[rows]
    return weights


def test_the_partner_in_a_couplet_is_the_character_that_comes_next():
    places = READING.places("line")
    seven = POEM.index("七")
    assert [POEM[column] for column in np.flatnonzero(places[seven])] == ["三"], (
        "八 is next, and 三 stands above it"
    )
    assert not places[:8].any() and not places[POEM.index("题")].any()
    assert [POEM[column] for column in np.flatnonzero(READING.places("title")[seven])] == ["题"]


def test_of_a_repeated_token_its_places_and_what_followed_are_found():
    reading = Reading(list("abcab"), prompt=1)
    assert np.argwhere(reading.places("same")).tolist() == [[3, 0], [4, 1]]
    assert np.argwhere(reading.places("followed")).tolist() == [[3, 1], [4, 2]]


def test_the_more_telling_kinds_come_first_and_each_head_once():
    kinds = [["previous", "itself"], ["title", "line"]]
    weights = np.array([[head(kind, READING, 0.8) for kind in row] for row in kinds])
    first, second = most_telling(weights, READING)
    assert (first.kind, first.layer, first.head) == ("line", 1, 1) and first.share == pytest.approx(
        0.8, abs=0.1
    )
    assert (second.kind, second.layer, second.head) == ("title", 1, 0)
    one = describe(weights[0, 0], READING, 3, 1)
    assert (one.kind, one.layer, one.head) == ("previous", 3, 1)
    assert describe(head("itself", READING, 0.0), READING, 0, 0) is None
    assert len(most_telling(weights[:1, :1] * 0, READING)) == 1, "something is always shown"
    assert most_telling(np.ones((1, 1, 1, 1)), Reading(["<s>"], 1))[0].share == 0


def test_a_small_map_keeps_a_thin_line():
    weights = np.zeros((2, 3, 200, 200))
    weights[1, 2] = np.eye(200, k=-7)
    small = small_maps(weights)
    assert small.shape == (2, 3, 48, 48) and small[1, 2].max(1)[3:].min() == 1 and small[0].max() == 0
    assert small_maps(np.ones((32, 32, 200, 200), np.float32)).size <= 600_000
