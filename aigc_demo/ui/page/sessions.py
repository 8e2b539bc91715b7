"""What Gradio keeps in memory for each page that is open: less of it, and no longer than files are kept.

Gradio builds for every session a copy of the whole page with all that is typed into it, for links that restore a page
(closed here, see web/closed.py), and lets go of it only when `state_session_capacity` others have come.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder


class Session(SessionState):
    """The values of one session's gr.State and the components that handlers have replaced; no copy of the page."""

    def __init__(self, blocks: Any) -> None:
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks={}))

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        """Nothing: there is no copy to keep in step."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Nothing: there is no copy to keep in step."""


class Sessions(StateHolder):
    """The sessions by their hash, the one not used for longest first; after `seconds` without use it goes."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.idle = timedelta(seconds=seconds) if seconds else timedelta.max

    def __getitem__(self, session_id: str) -> SessionState:
        """The session, made where there is none."""
        if session_id not in self.session_data:
            self.session_data[session_id] = Session(self.blocks)
        return super().__getitem__(session_id)

    def delete_all_expired_state(self) -> None:
        """As Gradio does every second; then forget whoever has not come for too long."""
        super().delete_all_expired_state()
        now = datetime.now()
        for session_id, used in list(self.time_last_used.items()):
            if now - used > self.idle:
                self.forget(session_id)

    def forget(self, session_id: str) -> None:
        """Let go of all that is kept for a session; it begins anew with the next request."""
        with self.lock:
            self.session_data.pop(session_id, None)
            self.time_last_used.pop(session_id, None)

    @asynccontextmanager
    async def lifespan(self, app: App) -> AsyncIterator[None]:
        """Take the place of Gradio's own holder before the first request."""
        self.set_blocks(app.get_blocks())
        app.state_holder = self
        yield
