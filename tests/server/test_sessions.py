"""What the server keeps in memory for a session, and for how long."""

import gc
import weakref
from datetime import datetime, timedelta

import pytest

from aigc_demo.ui.page.gradio_gaps import Session, Sessions
from tests.load.caller import Caller

CANARY = "canary of a session"


@pytest.fixture
def visit(sites):
    """The sessions of a public page, and a visitor who has sent a text in one of them."""
    site = sites["spaces"]
    caller = Caller(f"http://127.0.0.1:{site.port}/").open()
    asked = caller.ask("verify", text=CANARY)
    assert asked.ok, asked.said
    return site.app.state_holder, caller


def test_a_session_keeps_no_copy_of_the_page(visit):
    sessions, caller = visit
    kept = sessions.session_data[caller.session]
    assert isinstance(sessions, Sessions) and isinstance(kept, Session)
    assert not kept.config_values  # Gradio's own hold what was typed, and the rest of the page


def test_an_idle_session_goes_when_its_files_go_and_begins_anew(visit):
    sessions, caller = visit
    other = caller.session
    sessions.delete_all_expired_state()
    assert other in sessions.session_data
    for hour, kept in ((0.9, True), (1.1, False)):
        sessions.time_last_used[other] = datetime.now() - timedelta(hours=hour)
        sessions.delete_all_expired_state()
        assert (other in sessions.session_data) is kept
    assert other not in sessions.time_last_used
    assert caller.ask("list_models").ok


def test_on_ones_own_machine_a_session_stays(sites):
    site = sites["local"]
    caller = Caller(f"http://127.0.0.1:{site.port}/").open()
    assert caller.ask("list_models").ok
    sessions = site.app.state_holder
    sessions.time_last_used[caller.session] = datetime.now() - timedelta(days=30)
    sessions.delete_all_expired_state()
    assert caller.session in sessions.session_data


def test_deleting_ones_data_lets_go_of_the_session(visit):
    sessions, caller = visit
    kept = weakref.ref(sessions.session_data[caller.session])
    assert caller.press("own-really").ok
    gc.collect()
    assert kept() is None
