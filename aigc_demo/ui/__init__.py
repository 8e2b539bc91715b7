"""The page: a header, one tab a task, the history of this session, and one way to restore a result anywhere.

The only package that imports gradio. Each tab is a class in a file of its own, which builds its components and holds
its handlers; what travels between tabs (a dropped file, a link, a past result, "send to") is a request, put into
the right tab's widgets by `Shell.show`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from aigc_demo.runtime import ModelCache
from aigc_demo.settings import Settings
from aigc_demo.ui import api, api_pictures, api_text
from aigc_demo.ui.chat_tab import ChatTab
from aigc_demo.ui.context import Context
from aigc_demo.ui.draw_tab import DrawTab
from aigc_demo.ui.image_tab import ImageTab
from aigc_demo.ui.language import LanguageMiddleware, Words, language_script
from aigc_demo.ui.latent_tab import LatentTab
from aigc_demo.ui.models_tab import ModelsTab
from aigc_demo.ui.rewrite_tab import RewriteTab
from aigc_demo.ui.shell import Shell
from aigc_demo.ui.text_tab import TextTab
from aigc_demo.ui.theme import asset, build_theme
from aigc_demo.ui.train_tab import TrainTab
from aigc_demo.ui.upscale_tab import UpscaleTab

# A model may write a picture's address into its answer: the browser must not ask that host, and tell it who reads.
OWN_PICTURES = """<meta http-equiv="Content-Security-Policy" content="img-src 'self' data: blob:">"""
TABS: Mapping[str, Sequence[type]] = {
    "text": (TextTab, ChatTab, RewriteTab),
    "image": (ImageTab, DrawTab, UpscaleTab),
    "walk": (LatentTab,),
    "train": (TrainTab,),
    "models": (ModelsTab,),
}  # under text and image several ways of working, inside one tab


def build_app(settings: Settings, cache: ModelCache | None = None) -> tuple[gr.Blocks, dict[str, Any]]:
    """The page and the arguments for its `launch`. Imports neither torch nor a model."""
    words = Words()
    context = Context(settings, cache or ModelCache(settings), words)
    with gr.Blocks(
        title=words.say("shell.title", "en"), analytics_enabled=False, delete_cache=(3600, 86400)
    ) as page:
        page.queue(
            api_open=False, max_size=32, default_concurrency_limit=8
        )  # while the page is empty: it costs less
        for part in (api, api_text, api_pictures):  # before the handlers, whose names would take theirs
            part.add_endpoints(context)
        Shell(context, TABS).build(page)
    own = {lang: {key: words.say(f"shell.{key}", lang) for key in ("title", "drop")} for lang in ("en", "zh")}
    return page, {
        "theme": build_theme(),
        "css": asset("app.css")
        + asset("train.css")
        + asset("chat.css")
        + asset("draw.css")
        + asset("models.css"),
        "head": f"{OWN_PICTURES}<script>{asset('app.js')}</script><style>{asset('phone.css')}</style>",
        "i18n": words.i18n,
        "app_kwargs": {
            "middleware": [(LanguageMiddleware, (), {"script": language_script(settings.lang, own)})]
        },
        "footer_links": ["api", "gradio", "settings"],
        "ssr_mode": False,
        "show_error": settings.mode == "local",
        "enable_monitoring": False,
        "run_history": False,
        "max_file_size": "1gb" if settings.mode == "local" else "50mb",
        "state_session_capacity": 300,
    }
