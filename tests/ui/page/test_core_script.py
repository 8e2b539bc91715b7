"""The page's script is found as this Gradio ships it, and comes out quicker; another passes as it is."""

from pathlib import Path

import gradio

from aigc_demo.ui.page.core_script import EVENTS, FIND, SCRIPT, quick


def test_both_searches_stand_in_gradios_script_once_and_are_replaced():
    assets = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
    (script,) = [path for path in assets.glob("core-*.js") if SCRIPT.fullmatch(f"/assets/{path.name}")]
    text = script.read_text("utf-8")
    assert all(text.count(slow) == 1 for slow, _ in (EVENTS, FIND))
    made = quick(text)
    assert "aigcEvents" in made and "aigcParts" in made and EVENTS[0] not in made
    assert quick("let a = 1;") == "let a = 1;"
