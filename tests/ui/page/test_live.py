"""A slider that answers while the hand moves: nothing else asks the server at its movement."""

import json
from collections import Counter

import pytest

from aigc_demo.core.errors import Stopped
from aigc_demo.ui.page.context import StopFlags
from tests.server.conftest import sites  # noqa: F401


def test_a_slider_that_a_live_handler_answers_has_no_second_listener(sites):  # noqa: F811
    """Gradio calls the listeners of an event one after the other, and all of them again for what came meanwhile."""
    config = json.loads(sites["local"].send("/config").text)
    sliders = {row["id"] for row in config["components"] if row["type"] == "slider"}
    asked = [row for row in config["dependencies"] if row["backend_fn"]]
    targets = [(tuple(target), row["trigger_mode"]) for row in asked for target in row["targets"]]
    live = {target for target, mode in targets if mode == "always_last" and target[0] in sliders}
    listeners = Counter(target for target, _ in targets)
    assert len(live) > 5
    assert not [target for target in live if listeners[target] > 1]


def test_an_older_computation_never_shows_its_result_over_a_newer_one():
    """The film of 24 pictures, done just after a hand asked for 12, would stand there instead of them."""
    flags = StopFlags()
    older, newer = flags.begin("visitor", "walk"), flags.begin("visitor", "walk")
    assert older() and not newer()
    with pytest.raises(Stopped):
        older.newest("24 pictures")
    assert newer.newest("12 pictures") == "12 pictures"
    flags.stop("visitor", "walk")  # pressed when all was done: nothing newer comes, so it is shown
    assert newer() and newer.newest("12 pictures") == "12 pictures"
