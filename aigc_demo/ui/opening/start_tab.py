"""The Start tab: the exhibits, and their way into the tabs that made them."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import gradio as gr

from aigc_demo.core.settings import Settings
from aigc_demo.ui.opening.draw import Draw
from aigc_demo.ui.opening.enlarge import Enlarge
from aigc_demo.ui.opening.exhibit import Exhibit
from aigc_demo.ui.opening.paint import Paint
from aigc_demo.ui.opening.walk import Walk
from aigc_demo.ui.opening.write import Write
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.generation_tab import PageTab

EXHIBITS: tuple[type[Exhibit], ...] = (Write, Paint, Draw, Enlarge, Walk)  # in the order of the page


def exhibits_for(settings: Settings, tasks: Collection[str]) -> list[Exhibit]:
    """Those whose tab is among `tasks` and whose model is here."""
    shown = (kind() for kind in EXHIBITS if kind.task in tasks)
    return [exhibit for exhibit in shown if exhibit.here(settings)]


class StartTab(PageTab):
    """The exhibits on a page whose other tabs can go on with them."""

    task = "start"

    def __init__(self, exhibits: Sequence[Exhibit], context: Context) -> None:
        self.context, self.exhibits = context, exhibits
        with (
            gr.Tab(context.words("tab.start"), id=self.task, elem_id="tab-start"),
            gr.Row(elem_id="start-exhibits", equal_height=False),
        ):
            for exhibit in exhibits:
                exhibit.build(context)

    def connect_page(self, shell: Any) -> None:
        """Each button opens its tab, fills it in as it was, and starts."""
        for exhibit in self.exhibits:
            tab = shell.by_task[exhibit.task]
            outputs = [*shell.places(), *tab.settable(), *exhibit.takes(tab), shell.arrivals.said]
            opened = exhibit.button.click(self.opener(shell, exhibit), exhibit.brings(), outputs, **PRIVATE)
            shell.arrivals.follow(opened)

    def opener(self, shell: Any, exhibit: Exhibit) -> Callable[..., Any]:
        """A handler that takes an exhibit over into its tab."""

        def open_there(values: dict[Any, Any], visitor: gr.Request) -> Any:
            return self.open(shell, exhibit, values, visitor)

        return open_there

    @polite
    def open(
        self, shell: Any, exhibit: Exhibit, values: dict[Any, Any], visitor: gr.Request
    ) -> dict[Any, Any]:
        """Open the exhibit's tab with what was asked for it."""
        request = exhibit.asked[exhibit.shown_in(self.context.lang(visitor), self.context.settings)]
        more = exhibit.carry_on(shell.by_task[exhibit.task], self.context.folder(visitor), values)
        started = shell.arrivals.pressed(exhibit.task)
        return {**shell.show(request, visitor), **started, **more}
