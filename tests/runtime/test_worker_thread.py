"""Work of several callers is done in one thread, and what it raises reaches who asked for it."""

import threading

import pytest

from aigc_demo.runtime.worker_thread import Lane


def test_items_are_made_in_the_lane_when_they_are_asked_for():
    made = []

    def items():
        for number in range(3):
            made.append(threading.current_thread().name)
            yield number

    lane = Lane("steps")
    through = lane.through(items())
    assert next(through) == 0 and len(made) == 1
    assert list(through) == [1, 2] and set(made) == {"steps"}


def test_an_error_is_raised_where_the_items_are_read():
    def items():
        yield 1
        raise ValueError("no more")

    through = Lane("steps").through(items())
    assert next(through) == 1
    with pytest.raises(ValueError, match="no more"):
        next(through)


def test_who_leaves_early_closes_the_work_in_the_lane():
    left = []

    def items():
        try:
            yield 1
            yield 2
        finally:
            left.append(threading.current_thread().name)

    through = Lane("steps").through(items())
    next(through)
    through.close()
    assert left == ["steps"]


def test_pieces_are_done_one_after_the_other_by_the_same_thread():
    lane, seen, ended = Lane("calls"), [], threading.Event()
    for _ in range(3):
        lane.do(lambda: seen.append(threading.get_ident()))
    lane.do(ended.set)
    assert ended.wait(30) and len(seen) == 3 and len(set(seen)) == 1
