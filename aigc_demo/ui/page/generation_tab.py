"""What the tabs that make something have in common: on the left what is asked, on the right what comes of it."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import gradio as gr

from aigc_demo.schemas import Request
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.widgets import field


class GenerationTab(ABC):
    """One way of making something. The shell restores it with `show` and keeps its results with `memory`."""

    task: ClassVar[str]  # its name in links, recipes, and among what can be stopped
    tasks: ClassVar[tuple[str, ...]] = ()  # the same of all that it makes, where that is more than one thing
    title: ClassVar[str]  # the key of what it is called: "mode." inside a page, "tab." as a page of its own
    request_type: ClassVar[type[Request]]

    def __init__(self, context: Context) -> None:
        self.context = context
        name = f"{self.title.partition('.')[0]}-{self.task}"
        with gr.Tab(context.words(self.title), id=self.task, elem_id=name), gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=300):
                self._build_ask()
            with gr.Column(scale=2, min_width=320):
                self._build_see()
        self._connect()

    @abstractmethod
    def _build_ask(self) -> None:
        """Left: choose and ask."""

    @abstractmethod
    def _build_see(self) -> None:
        """Right: see, save and understand."""

    @abstractmethod
    def _connect(self) -> None:
        """What happens on what."""

    @abstractmethod
    def settable(self) -> list[Any]:
        """Everything that `show` sets."""

    @abstractmethod
    def show(self, request: Any, lang: str) -> dict[Any, Any]:
        """Updates that bring the settings of a request of `request_type` back."""

    @abstractmethod
    def memory(self, result: Any, lang: str) -> Any:
        """The result for the history."""

    def stop(self, visitor: gr.Request) -> None:
        """The visitor wants this tab's computation to end."""
        for task in self.tasks or (self.task,):
            self.context.stops.stop(visitor.session_hash or "", task)

    def _field(self, name: str, **changes: Any) -> Any:
        """The widget of a field of the request."""
        return field(self.context, self.task, self.request_type, name, **changes)
