"""The chosen picture as a sprite: enlarged by whole pixels, its ground transparent."""

from typing import Any

import gradio as gr

from aigc_demo import actions
from aigc_demo.actions import DrawResult
from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import ModelCard
from aigc_demo.ui.image.vocabulary import is_own
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.events import PRIVATE
from aigc_demo.ui.page.gradio_gaps import download_when_pressed
from aigc_demo.ui.page.toasts import inform, refusal

SCALES = (1, 2, 4, 8, 16)


class SpritePanel:
    """How many times as large, whether the ground goes, and the button that saves; `row` holds them."""

    def __init__(self, context: Context, chosen: gr.State, card: ModelCard, elem_id: str) -> None:
        self.context = context
        words = context.words
        with gr.Row(visible=is_own(card), elem_classes="sprite", elem_id=elem_id) as self.row:
            self.scale = gr.Radio(
                [(f"× {scale}", scale) for scale in SCALES],
                value=8,
                label=words("sprite.scale"),
                elem_id=f"{elem_id}-scale",
                min_width=200,
            )
            with gr.Column(min_width=160):
                self.clear = gr.Checkbox(True, label=words("sprite.clear"), elem_id=f"{elem_id}-clear")
                download_when_pressed(
                    words("sprite.save"),
                    f"{elem_id}-save",
                    self.write,
                    [chosen, self.scale, self.clear],
                    **PRIVATE,
                )

    def for_model(self, card: ModelCard) -> dict[Any, Any]:
        """Updates for another model: sprites are for small pictures."""
        return {self.row: gr.update(visible=is_own(card))}

    def write(self, chosen: DrawResult | None, scale: int, clear: bool, visitor: gr.Request) -> Any:
        """The file, labelled as all are."""
        context = self.context
        if chosen is None:
            inform(context.words.say("toast.nothing", context.lang(visitor)))
            return gr.skip()
        try:
            marking = context.marking(visitor)
            path = actions.write_sprite(
                chosen, context.folder(visitor), scale=scale, clear=clear, marking=marking
            )
            return str(path)
        except InputError as error:
            raise refusal(error.say(context.lang(visitor))) from error
