"""The Verify tab: any file or pasted text, and all that it shows about its making, each layer by itself."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions.perform import perform
from aigc_demo.actions.verify import Layers, check_file, check_text
from aigc_demo.core.errors import InputError
from aigc_demo.runtime.registry import cards_for
from aigc_demo.schemas import (
    REQUESTS,
    ImageRequest,
    Request,
    TextRequest,
    VerifyRequest,
    as_code,
    check,
    fitting,
    task_of,
)
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.generation_tab import PageTab
from aigc_demo.ui.verify.layers_view import layers_html

EXAMPLES: dict[str, tuple[type[Request], dict[str, Any]]] = {
    "picture": (ImageRequest, {"model": "gan-digits", "count": 10}),
    "text": (TextRequest, {"model": "gpt-poems", "prompt": "春望"}),
}


def examples(context: Context) -> list[str]:
    """The examples whose model is here."""
    here = {task: {card.id for card in cards_for(task, context.settings)} for task in ("image", "text")}
    return [
        name
        for name, (kind, values) in EXAMPLES.items()
        if values["model"] in here[task_of(check(kind, values)).name]
    ]


class VerifyTab(PageTab):
    """Components and handlers of the tab; `restore` brings the settings of what was looked at back to their tab, `use` those of another generator."""

    task = "verify"

    def __init__(self, context: Context) -> None:
        self.context = context
        words = context.words
        with (
            gr.Tab(words("tab.verify"), id=self.task, elem_id="tab-verify"),
            gr.Row(equal_height=False, elem_classes="place"),
        ):
            with gr.Column(min_width=280, elem_classes="ask"):
                self.file = gr.File(
                    label=words("verify.file"), type="filepath", height=130, elem_id="verify-file"
                )
                self.text = gr.Textbox(
                    label=words("verify.text"), lines=3, max_lines=12, elem_id="verify-text"
                )
                with gr.Row(elem_classes="actions"):
                    self.go = gr.Button(words("action.verify"), variant="primary", elem_id="verify-go")
                with gr.Row(elem_classes="small-buttons chips"):
                    self.latest = gr.Button(words("verify.latest"), size="sm", elem_id="verify-latest")
                    self.examples = {
                        name: gr.Button(
                            words(f"verify_example.{name}"), size="sm", elem_id=f"verify-example-{name}"
                        )
                        for name in examples(context)
                    }
                if "picture" in self.examples:
                    self.opening = dict.fromkeys(("en", "zh"), "verify-example-picture")
                gr.Markdown(words("verify.intro"), elem_classes="note")
            with gr.Column(min_width=280, elem_classes="see"):
                self.recipe, self.statement = gr.State(None), gr.State(None)
                self.view = gr.HTML(pictures.empty(words("empty.verify")), elem_id="verify-view")
                with gr.Row(elem_classes="small-buttons"):
                    self.restore, self.use = (
                        gr.Button(words(f"verify.{name}"), size="sm", visible=False, elem_id=f"verify-{name}")
                        for name in ("restore", "use")
                    )
                gr.Markdown(words("verify.limits"), elem_classes="note")
        self._connect()

    def _connect(self) -> None:
        shown = self.seen()
        self.file.upload(self.check_dropped_file, self.file, shown, **PRIVATE)
        self.go.click(self.check_input, [self.file, self.text], shown, **PRIVATE)
        self.text.submit(self.check_input, [self.file, self.text], shown, **PRIVATE)
        for name, button in self.examples.items():
            button.click(self.example(name), None, shown, concurrency_id="device", **PRIVATE)

    def seen(self) -> list[Any]:
        """The components that `shown` updates."""
        return [self.view, self.recipe, self.restore, self.statement, self.use]

    def connect_latest(self) -> None:
        """Let the newest result of this browser be looked at, whose recipe the history has."""
        shown, recipe = self.seen(), gr.Textbox(visible=False)
        js = "() => [aigcKeep.latest()]"
        self.latest.click(self.check_latest, recipe, shown, js=js, concurrency_id="device", **PRIVATE)

    def example(self, name: str) -> Callable[[gr.Request], dict[Any, Any]]:
        """A handler that makes an example and looks at its file."""

        def look(visitor: gr.Request) -> dict[Any, Any]:
            return self.check_example(name, visitor)

        return look

    @polite
    def check_example(self, name: str, visitor: gr.Request) -> dict[Any, Any]:
        """The example of that name, as the file that a download would give."""
        return self.check_made(check(*EXAMPLES[name]), visitor)

    @polite
    def check_latest(self, recipe: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """What was made last, as the file that a download would give."""
        if not recipe:
            raise InputError(
                en="Nothing has been made in this session yet; make something in another tab, or take an example.",
                zh="本次会话还没有生成任何内容；请先在其他标签页生成，或选一个例子。",
            )
        return self.check_made(as_code.request_of(*as_code.read_link(recipe)), visitor)

    def check_made(self, request: Request, visitor: gr.Request) -> dict[Any, Any]:
        """Make what a request asks for, and look at its file."""
        if as_code.lacks_picture(request):
            raise InputError(
                en="The picture that the last result was made of is no longer here; save the result and drop the file.",
                zh="上一个结果所用的原图已不在这里；请保存结果，再把文件拖进来。",
            )
        task = task_of(request)
        result = perform(task, request, self.context.cache, self.context.begin(visitor, self.task))
        write = getattr(actions, task.writer)
        made = write(result, self.context.folder(visitor), marking=self.context.marking(visitor))
        path = made[0] if isinstance(made, list) else made
        return self.shown(check_file(path, self.context.settings), visitor)

    def kept(self) -> dict[str, Any]:
        """The pasted text."""
        return {"text": self.text}

    def recall(self, values: Mapping[str, Any], lang: str) -> dict[Any, Any]:
        """Updates that put the text back, as far as it may be looked at."""
        return {self.text: fitting(VerifyRequest, values).text}

    @polite
    def check_dropped_file(self, path: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """A file was dropped."""
        if not path:
            raise InputError(
                en="There is nothing to look at yet; drop a file or paste a text.",
                zh="还没有要检查的内容；请拖入文件或粘贴文字。",
            )
        return self.shown(check_file(Path(path), self.context.settings), visitor)

    @polite
    def check_input(self, path: str | None, text: str | None, visitor: gr.Request) -> dict[Any, Any]:
        """The button was pressed: the text or the file is looked at, whichever is there."""
        asked = check(VerifyRequest, {"text": text or ""})
        if asked.text.strip() and path:
            raise InputError(
                en="A file and a text are here; take one of them away, so that it is clear what is looked at.",
                zh="这里既有文件又有文字；请去掉其中一个，以便确定要检查什么。",
            )
        if asked.text.strip():
            return self.shown(check_text(asked.text, self.context.settings), visitor)
        return self.check_dropped_file(path, visitor)

    def shown(self, found: Layers, visitor: gr.Request) -> dict[Any, Any]:
        """Updates that show what was found."""
        recipe = found.said.recipe if found.said.recipe and found.said.recipe.task in REQUESTS else None
        return {
            self.view: layers_html(found, self.context.words, self.context.lang(visitor)),
            self.recipe: recipe and (recipe.task, recipe.request),
            self.restore: gr.update(visible=recipe is not None),
            self.statement: found.said.statement,
            self.use: gr.update(visible=bool(found.said.statement and found.said.statement.settings())),
        }
