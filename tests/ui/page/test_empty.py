"""Without any model the page still opens, and says what to do."""

import gradio as gr

from aigc_demo.ui import build_app


def test_an_empty_weights_folder_still_gives_a_page(settings):
    page, _ = build_app(settings.model_copy(update={"weights_dir": settings.runs_dir / "nothing"}))
    pickers = {
        block.elem_id: block.value
        for block in page.blocks.values()
        if isinstance(block, gr.Dropdown) and str(block.elem_id).endswith("-model")
    }
    assert {"text-model", "image-model", "walk-model", "upscale-model"} <= set(pickers)
    assert not any(pickers.values())
