"""Work of several callers is done in one thread, and what it raises reaches who asked for it."""

import threading

import pytest

from aigc_demo.runtime.worker_thread import WorkerThread


def test_items_are_made_in_the_thread_when_they_are_asked_for():
    made = []

    def items():
        for number in range(3):
            made.append(threading.current_thread().name)
            yield number

    thread = WorkerThread("steps")
    items_read = thread.iterate(items())
    assert next(items_read) == 0 and len(made) == 1
    assert list(items_read) == [1, 2] and set(made) == {"steps"}


def test_an_error_is_raised_where_the_items_are_read():
    def items():
        yield 1
        raise ValueError("no more")

    items_read = WorkerThread("steps").iterate(items())
    assert next(items_read) == 1
    with pytest.raises(ValueError, match="no more"):
        next(items_read)


def test_who_leaves_early_closes_the_work_in_the_thread():
    left = []

    def items():
        try:
            yield 1
            yield 2
        finally:
            left.append(threading.current_thread().name)

    items_read = WorkerThread("steps").iterate(items())
    next(items_read)
    items_read.close()
    assert left == ["steps"]


def test_pieces_are_done_one_after_the_other_by_the_same_thread():
    thread, seen = WorkerThread("calls"), []
    for _ in range(3):
        thread.submit(lambda: seen.append(threading.get_ident()))
    assert thread.submit(seen.copy).result(30) == seen
    assert len(seen) == 3 and len(set(seen)) == 1


def test_what_a_piece_raises_comes_back_and_the_thread_goes_on():
    thread = WorkerThread("calls")
    failed = thread.submit(lambda: {}["nothing"])
    assert thread.submit(threading.current_thread).result(30).name == "calls"
    with pytest.raises(KeyError, match="nothing"):
        failed.result(30)
