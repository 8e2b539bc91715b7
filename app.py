"""Start the page: `python app.py`, or as it is on Hugging Face Spaces."""

import gc
import sys
import threading
from typing import TYPE_CHECKING

from aigc_demo.server import link, start

if TYPE_CHECKING:
    from aigc_demo.core.settings import Settings
    from aigc_demo.runtime.cache import ModelCache


def serve(settings: "Settings", token: str) -> None:
    """Build the page and serve it; once it is up import torch and go on with queued training."""
    gc.disable()  # what the start makes stays: looking for garbage among it would take an eighth of the time

    from aigc_demo.runtime.cache import ModelCache
    from aigc_demo.ui import build_app

    cache = ModelCache(settings)
    page, options = build_app(settings, cache, token)
    cache.preload()
    if settings.rules.login:  # a public link is for those who were given the password
        options["auth"] = link.make_login()
    page.launch(prevent_thread_lock=True, share=settings.mode == "share", **options)
    link.tell(settings, page.share_url)
    gc.freeze()
    gc.enable()
    threading.Thread(target=warm_up, args=(settings, cache), name="warm-up", daemon=True).start()
    page.block_thread()


def warm_up(settings: "Settings", cache: "ModelCache") -> None:
    """What the first page need not wait for."""
    from aigc_demo.jobs import Jobs

    cache.device()
    Jobs(settings).dispatch()


if __name__ == "__main__":
    start(serve, sys.argv[1:])
