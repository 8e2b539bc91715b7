"""What the tabs of the page have in common, and those among them that make something.

A tab that makes something has three parts (assets/place.css lays them out by the width of the window): what is asked,
what comes of it, and what it is made of.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import MAX_SEED, Request, fitting
from aigc_demo.schemas.tasks import TASKS
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.no_model import NoModel
from aigc_demo.ui.page.panels import Lesson
from aigc_demo.ui.page.widgets import card_lines, download, field, model_picker


class PageTab:
    """One tab as the shell sees it: what it can do, with the answer of a tab that cannot."""

    task: ClassVar[str]  # its name in links, recipes, and among what can be stopped
    tasks: ClassVar[tuple[str, ...]] = ()  # the same of all that it restores, where that is not `task` alone
    model_is_all: ClassVar[bool] = (
        False  # whether `for_model` can put another model in, with all that hangs on it
    )
    runs_as_it_is: ClassVar[bool] = False  # whether a model alone is enough to make something
    runs: Sequence[
        tuple[Any, gr.State]
    ] = ()  # what makes a result for the session's history, and where that lies
    opening: Mapping[str, str] = {}  # by language the button that a first look at it presses
    no_model: NoModel | None = None  # the notice where no model serves it

    def settable(self) -> list[Any]:
        """Everything that a link, a file or a past result sets."""
        return []

    def kept(self) -> dict[str, Any]:
        """The components whose values the visitor's browser keeps, by names that stay."""
        return {}

    def recall(self, values: Mapping[str, Any], lang: str) -> dict[Any, Any]:
        """Updates that put back what the components of `kept` held, of which each value may be anything.

        What does not fit is left out by itself. None of them starts anything.
        """
        return {}

    def interrupt(self, visitor: gr.Request) -> None:
        """Other settings are about to be shown: what would be written over them ends."""


class GenerationTab(PageTab, ABC):
    """One way of making something. The shell restores it with `show` and keeps its results with `memory`."""

    title: ClassVar[str]  # the key of what it is called: "mode." inside a page, "tab." as a page of its own
    request_type: ClassVar[type[Request]]
    model_is_all = True
    doors: ClassVar[Sequence[str]] = ()  # tabs to go to while no model serves this one
    fields: dict[str, Any]  # its widgets by request field
    lesson: Lesson

    def __init__(self, context: Context) -> None:
        self.context = context
        name = f"{self.title.partition('.')[0]}-{self.task}"
        parts = {"ask": self._build_ask, "see": self._build_see, "look": self._build_look}
        ability = next(task.ability for task in TASKS if task.name == self.task)
        with gr.Tab(context.words(self.title), id=self.task, elem_id=name):
            self.no_model = NoModel(
                context, ability, f"{self.task}-no-model", self._build_recorded, self.doors
            )
            with gr.Row(
                equal_height=False,
                visible=not self.no_model.wanted,
                elem_classes=["place", f"place-{self.task}"],
            ) as self.no_model.form:
                for part, build in parts.items():
                    with gr.Column(min_width=280, elem_classes=part):
                        build()
        self._connect()

    @abstractmethod
    def _build_ask(self) -> None:
        """What is asked, the button right under it, examples, the model as one line, the rest under More."""

    @abstractmethod
    def _build_see(self) -> None:
        """What comes of it, and its files."""

    @abstractmethod
    def _build_look(self) -> None:
        """Look inside, how it works, the code."""

    def _build_recorded(self) -> None:
        """What there is to explore while no model serves this tab."""

    @abstractmethod
    def _connect(self) -> None:
        """What happens on what."""

    @abstractmethod
    def show(self, request: Any, lang: str) -> dict[Any, Any]:
        """Updates that bring the settings of a request of `request_type` back."""

    @abstractmethod
    def memory(self, result: Any, lang: str) -> Any:
        """The result for the history."""

    def kept(self) -> dict[str, Any]:
        """The widgets by request field, and what a tab adds to them."""
        return {name: part for name, part in self.fields.items() if not isinstance(part, gr.State)}

    def recall(self, values: Mapping[str, Any], lang: str) -> dict[Any, Any]:
        """As `show` does, for a request of what fits; without a model where the one that was chosen is gone."""
        plain = self.as_asked(values)
        found = fitting(self.request_type, plain)
        try:
            return self.show(found, lang)
        except InputError:
            alike = {name for name, value in values.items() if name in plain and plain[name] == value}
            return self.with_values({}, found.model_dump(include=alike - {"model", "adapter"}))

    def as_asked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of `kept` as a request has them."""
        return dict(values)

    def for_model(self, model: str, lang: str) -> dict[Any, Any]:
        """Updates of what depends on the model, where `model_is_all`: its card and its lesson, where nothing else does."""
        card = find_card(model, self.context.settings, self.task)
        return {
            self.card_lines: gr.update(value=card_lines(self.context, card, lang)),
            **self.lesson.show(card.family),
        }

    @polite
    def choose_model(self, model: str, visitor: gr.Request) -> dict[Any, Any]:
        """Another model was chosen."""
        return self.for_model(model, self.context.lang(visitor))

    def stop(self, visitor: gr.Request) -> None:
        """The visitor wants this tab's computation to end."""
        self.context.stop(visitor, *(self.tasks or (self.task,)))

    def given(self, values: Mapping[Any, Any]) -> dict[str, Any]:
        """The values of the widgets by request field."""
        return {name: values[component] for name, component in self.fields.items()}

    def with_values(self, updates: dict[Any, Any], values: Mapping[str, Any]) -> dict[Any, Any]:
        """`updates`, and the values of the fields that `values` names."""
        for name in [name for name in self.fields if name in values]:
            component = self.fields[name]
            updates[component] = {**updates.get(component, {}), **gr.update(value=values[name])}
        return updates

    def _field(self, name: str, **changes: Any) -> Any:
        """The widget of a field of the request."""
        return field(self.context, self.task, self.request_type, name, **changes)

    def _model_picker(self, kind: str, default: str) -> gr.Dropdown:
        """The pick list of the models that do `kind`, and the card of the chosen one."""
        picker, self.card_lines = model_picker(self.context, kind, default, f"{self.task}-model")
        return picker

    def _run_buttons(self, verb: str, another: bool = False) -> None:
        """Start and stop; between them `another`, which `_seed_field` connects, for what a seed decides."""
        words = self.context.words
        with gr.Row(elem_classes="actions"):
            self.go = gr.Button(
                words(verb), variant="primary", elem_id=f"{self.task}-go", scale=2, min_width=80
            )
            if another:
                self.another = gr.Button(
                    words("action.dice"), elem_id=f"{self.task}-seed-dice", scale=1, min_width=80
                )
            self.halt = gr.Button(words("action.stop"), elem_id=f"{self.task}-stop", scale=1, min_width=64)

    def _seed_field(self) -> gr.Number:
        """The seed; the button `another` throws a new one, in the browser alone, and starts."""
        seed = self._field("seed", info=None)
        thrown = self.another.click(None, None, seed, js=f"() => Math.floor(Math.random() * {MAX_SEED})")
        self._run_after(thrown)
        return seed

    def _example_buttons(self, names: Iterable[str], key: str) -> dict[str, gr.Button]:
        """A row of buttons, called by the words under `key` and a name; `examples` are they by name."""
        words = self.context.words
        with gr.Row(elem_classes="small-buttons chips"):
            return {
                name: gr.Button(words(f"{key}.{name}"), size="sm", elem_id=f"{self.task}-example-{name}")
                for name in names
            }

    def _download_buttons(self, kinds: Sequence[str], write: Callable[..., Path], result: gr.State) -> None:
        """A button for each kind of file that `write(result, folder, suffix=...)` makes."""
        for kind in kinds:
            label = self.context.words(f"save.{kind}")
            download(
                self.context, label, f"{self.task}-save-{kind}", result, partial(write, suffix=f".{kind}")
            )

    def _run_after(self, filled: Any) -> None:
        """Press the button that starts, once the widgets have been filled."""
        filled.success(None, None, None, js=f"() => document.querySelector('#{self.task}-go').click()")
