"""The page: a header, one tab a task, the history of this session, and one way to restore a result anywhere.

The only package that imports gradio. Each tab is a class in a file of its own, which builds its components and holds
its handlers; what travels between tabs (a dropped file, a link, a past result, "send to") is a request, put into
the right tab's widgets by `Shell.show`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import gradio as gr

from aigc_demo import server
from aigc_demo.core.settings import TABS, Settings
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas.tasks import shown_tasks
from aigc_demo.server import Gate, Shipped
from aigc_demo.ui import api
from aigc_demo.ui.opening.exhibit import RECORDED, UNDER
from aigc_demo.ui.opening.first_sight import first_sight
from aigc_demo.ui.opening.start_tab import StartTab, exhibits_for
from aigc_demo.ui.page.context import Context
from aigc_demo.ui.page.core_script import CoreScript
from aigc_demo.ui.page.front_page import FrontPage
from aigc_demo.ui.page.gradio_gaps import FirstInHead, Page, exception_handlers, listen_on, without_self_call
from aigc_demo.ui.page.heartbeat import Heartbeats, heartbeat_script
from aigc_demo.ui.page.language import Words, language_script
from aigc_demo.ui.page.shell import Shell
from aigc_demo.ui.page.theme import IN_HEAD, asset, build_theme, style_sheets

SCRIPTS = ("place.js", "keep.js", "app.js", "access.js", "tokens.js")  # of the whole page, in its head
# Tabs that are no task, after those of the table.
OTHERS = {
    "train": "train.train_tab:TrainTab",
    "models": "models.models_tab:ModelsTab",
    "verify": "verify.verify_tab:VerifyTab",
}


def build_app(
    settings: Settings, cache: ModelCache | None = None, mcp_token: str = ""
) -> tuple[gr.Blocks, dict[str, Any]]:
    """The page and the arguments for its `launch`. Imports neither torch nor a model.

    With a token the endpoints are also tools of the Model Context Protocol, for those who send it.
    """
    words, rules = Words(), settings.rules
    context = Context(settings, cache or ModelCache(settings), words)
    kept = (600, rules.retention_seconds) if rules.retention_seconds else (3600, 86400)
    with Page(title=words.say("shell.title", "en"), analytics_enabled=False, delete_cache=kept) as page:
        # While the page is empty: it costs less.
        page.queue(api_open=False, max_size=rules.queue_size, default_concurrency_limit=8)
        api.add_endpoints(context)  # before the handlers, whose names would take theirs
        pages = with_start(offered(settings.tabs), settings)
        shell = Shell(context, pages)
        shell.build(page)
    exhibits = pages["start"][0].args[0] if "start" in pages else ()
    sight = first_sight(exhibits, words, settings)
    own = {
        lang: {
            **{key: words.say(f"shell.{key}", lang) for key in ("title", "drop", "skip", "history")},
            "openings": shell.openings(lang),
        }
        for lang in ("en", "zh")
    }
    return page, {
        "theme": build_theme(),
        "css": style_sheets(),
        "head": f"<script>{''.join(map(asset, SCRIPTS))}</script><style>{asset(IN_HEAD)}</style>"
        + (f"<script>{asset('labels.js')}</script>" if rules.visible_label else ""),
        "i18n": words.i18n,
        "app_kwargs": {
            "lifespan": context.sessions.lifespan,
            "exception_handlers": exception_handlers(),
            "middleware": [
                *server.layers(settings, mcp_token=mcp_token),
                (Shipped, (), {"under": UNDER, "folder": RECORDED}),
                *([(Gate, (), {"visitors": context.visitors})] if rules.isolate else []),
                (CoreScript, (), {}),
                (Heartbeats, (), {"sessions": context.sessions}),
                (
                    FrontPage,
                    (),
                    {"words": words, "setting": settings.lang, "keep": not rules.login, "sight": sight},
                ),
                (FirstInHead, (), {"script": language_script(settings.lang, own) + heartbeat_script()}),
            ],
        },
        "server_name": listen_on(server.bound_name(settings)),
        **without_self_call(),
        "footer_links": list(rules.footer_links),
        "ssr_mode": False,
        "show_error": rules.show_error,
        "enable_monitoring": False,
        "mcp_server": bool(mcp_token),
        "run_history": False,
        "max_file_size": f"{rules.upload_mb}mb",
        "state_session_capacity": 300,
    }


def offered(names: str) -> Mapping[str, Sequence[type]]:
    """By page the tabs on it, several where they are ways to one thing; where some are named, as "image,walk", only those."""
    wanted = names.split(",") if names else TABS
    pages: dict[str, list[type]] = {}
    for task in shown_tasks():
        if task.name in wanted:
            pages.setdefault(task.page, []).append(tab_class(task.tab))
    return pages | {name: [tab_class(place)] for name, place in OTHERS.items() if name in wanted}


def with_start(
    pages: Mapping[str, Sequence[type]], settings: Settings
) -> Mapping[str, Sequence[Callable[..., Any]]]:
    """The pages after a first one that shows what the models of this disk made; one page alone opens by itself."""
    exhibits = exhibits_for(settings, {kind.task for kinds in pages.values() for kind in kinds})
    return {"start": [partial(StartTab, exhibits)], **pages} if exhibits and len(pages) > 1 else pages


def tab_class(place: str) -> type:
    """The class of a tab, from "module:class" below this package."""
    module, name = place.split(":")
    return getattr(import_module(f"{__name__}.{module}"), name)
