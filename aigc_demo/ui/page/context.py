"""What every tab is given, and how a handler speaks to the visitor who called it."""

import functools
import inspect
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from aigc_demo.core.errors import Stopped
from aigc_demo.core.failures import told
from aigc_demo.core.settings import Settings
from aigc_demo.jobs import Jobs
from aigc_demo.provenance.marking import Marking
from aigc_demo.provenance.policy import marking_for
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.server import Visitors, visitor_of
from aigc_demo.ui.page.gradio_gaps import Sessions, current_visitor
from aigc_demo.ui.page.language import Say, Words, language_of
from aigc_demo.ui.page.recent import RecentResults
from aigc_demo.ui.page.toasts import warn

log = logging.getLogger(__name__)
T = TypeVar("T")
# Visitors; whose choice is older than that of so many others has the mode's again.
KEPT_CHOICES = 10_000


class StopFlag(threading.Event):
    """Called it says whether its computation is to end: the reader stopped it, or a newer one took its place."""

    superseded = False

    def __call__(self) -> bool:
        """Whether the computation is to end."""
        return self.is_set()

    def supersede(self) -> None:
        """A newer computation begins."""
        self.superseded = True
        self.set()

    def newest(self, updates: T) -> T:
        """`updates` of what was computed; Stopped where those of a newer computation are there, or will be."""
        if self.superseded:
            raise Stopped
        return updates


class StopFlags:
    """One flag a visitor and tab: starting anew sets the old one, so that at most one computation goes on."""

    def __init__(self) -> None:
        self._flags: dict[tuple[str, str], StopFlag] = {}
        self._lock = threading.Lock()

    def begin(self, session: str, tab: str) -> StopFlag:
        """A fresh flag for a computation that starts now."""
        with self._lock:
            if old := self._flags.get((session, tab)):
                old.supersede()
            self._flags[session, tab] = flag = StopFlag()
            return flag

    def stop(self, session: str, tab: str | None = None) -> None:
        """Set the flag of one tab, or of all tabs when the visitor has left."""
        with self._lock:
            for (owner, name), flag in list(self._flags.items()):
                if owner == session and tab in (None, name):
                    flag.set()
                    del self._flags[owner, name]


class LabelChoices:
    """The choices by visitor, in memory alone: a restart brings the mode's own back."""

    def __init__(self) -> None:
        self._choices: OrderedDict[str, bool] = OrderedDict()
        self._lock = threading.Lock()

    def choose(self, visitor: str, visible: bool) -> None:
        """Keep what a visitor wants."""
        with self._lock:
            self._choices[visitor] = visible
            self._choices.move_to_end(visitor)
            while len(self._choices) > KEPT_CHOICES:
                self._choices.popitem(last=False)

    def of(self, visitor: str) -> bool | None:
        """What a visitor wants; None where the mode decides."""
        return self._choices.get(visitor)

    def forget(self, visitor: str) -> None:
        """Drop a visitor's choice."""
        with self._lock:
            self._choices.pop(visitor, None)


class Context:
    """The app's parts that tabs share.

    In a handler `settings`, `cache` and `jobs` are those of the visitor who called it (Gradio knows whose request a
    thread serves): another visitor's runs and data sets are not in them. While the page is built they are the owner's.
    """

    def __init__(self, settings: Settings, cache: ModelCache, words: Words) -> None:
        self.words, self.stops, self.visitors = words, StopFlags(), Visitors(settings)
        self.labels, self.sessions = LabelChoices(), Sessions(settings.rules.retention_seconds)
        self.recent = RecentResults()
        self._cache = cache

    @property
    def settings(self) -> Settings:
        """The settings, with the folders of the visitor who asks."""
        return self.visitors.settings(self.visitor_name())

    @property
    def cache(self) -> ModelCache:
        """The models, among them the own ones of the visitor who asks."""
        own = self.settings
        return self._cache.with_settings(own) if own.visitor else self._cache

    @property
    def jobs(self) -> Jobs:
        """The training jobs of the visitor who asks."""
        return Jobs(self.settings)

    def visitor_name(self, visitor: gr.Request | None = None) -> str:
        """The name of a visitor, else of who asks; "" where nobody does."""
        visitor = visitor or current_visitor()
        if not visitor:
            return ""
        session = getattr(visitor, "session_hash", None)  # a tool's call (MCP) comes without one
        return visitor_of(visitor.cookies, session)

    def starting(self, visitor: gr.Request) -> str:
        """What is said until the first word comes, with how many others wait for the device."""
        lang, count = self.lang(visitor), self.cache.waiting()
        more = self.words.say("own.waiting", lang, count=count) if count else ""
        return self.words.say("text.starting", lang) + more

    def folder(self, visitor: gr.Request | None = None) -> Path:
        """Where files for a visitor are written, else for who asks."""
        return self.visitors.folder(self.visitor_name(visitor))

    def marking(self, visitor: gr.Request | None = None) -> Marking:
        """How files for a visitor are marked: as the mode has it, with the visible label as the visitor chose."""
        return marking_for(self.settings, self.labels.of(self.visitor_name(visitor)))

    def lang(self, visitor: gr.Request) -> str:
        """The visitor's language, "en" or "zh"."""
        return language_of(visitor, self.settings.lang)

    def translator(self, visitor: gr.Request) -> Say:
        """The words under a key in the visitor's language."""
        return self.words.translator(self.lang(visitor))

    def begin(self, visitor: gr.Request, tab: str) -> StopFlag:
        """The stop flag of a computation that this visitor starts in this tab."""
        return self.stops.begin(visitor.session_hash or "", tab)

    def stop(self, visitor: gr.Request, *tabs: str) -> None:
        """End what this visitor computes in these tabs, or in all where none is named."""
        for tab in tabs or (None,):
            self.stops.stop(visitor.session_hash or "", tab)


def polite(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Turn errors of a tab's handler into a toast in the visitor's language that leaves the page as it was.

    For methods of an object with a `context`, whose last parameter is the visitor. An InputError is said as it
    is, and what the system refuses in a sentence; an unexpected error goes to the log in full and to the visitor as one sentence without internals.
    """

    def tell(error: Exception, context: Context, visitor: gr.Request) -> None:
        lang = context.lang(visitor)
        own = context.settings if context.settings.rules.folder_paths else None
        if said := told(error, own):  # it may quote what the visitor typed, and a toast shows HTML
            warn(said.say(lang))
        elif not isinstance(error, Stopped):
            log.error("a handler failed", exc_info=error)
            warn(context.words.say("toast.bug", lang))

    @functools.wraps(handler)
    def call(self: Any, *arguments: Any) -> Any:
        try:
            return handler(self, *arguments)
        except Exception as error:
            tell(error, self.context, arguments[-1])
            return gr.skip()

    @functools.wraps(handler)
    def stream(self: Any, *arguments: Any) -> Any:
        try:
            yield from handler(self, *arguments)
        except Exception as error:
            tell(error, self.context, arguments[-1])
            yield gr.skip()

    return stream if inspect.isgeneratorfunction(handler) else call
