"""Doors of Gradio that this app does not use stay shut."""

import re

from aigc_demo.web.asgi import Check, Message, Refusal

API = "/gradio_api"
CLOSED = (
    "/monitoring",  # who called what, and how long it took
    "/openapi.json",  # the framework's own; /gradio_api/openapi.json describes the app
    f"{API}/runs",  # run history: others' requests
    f"{API}/run-history",
    f"{API}/deep_link",  # writes a visitor's whole page to the disk for anyone who knows its session
    f"{API}/component_server",  # runs a component's server function in any session; none of ours has one
    f"{API}/proxy=",  # fetches for others
    f"{API}/file/",  # the older spelling of file=
    f"{API}/stream/",  # live audio and video, which no tab has
    f"{API}/process_recording",  # runs ffmpeg on a screen recording
    f"{API}/custom_component/",
    f"{API}/dev/",
    f"{API}/profiling/",
    f"{API}/vibe-",  # lets a model rewrite the app
    f"{API}/undo-vibe-edit",
)
LONGEST = 255  # bytes of a file's name; to ask the disk for a longer one is an error that nobody handles
FETCH = re.compile(rf"{API}/file=[\s/\\]*([a-z][a-z0-9+.-]+:|[/\\]{{2}})", re.IGNORECASE)


class ClosedRoutes(Check):
    """404 for the closed routes and for names that no file can have, 403 for file= with another host's address."""

    def refusal(self, scope: Message) -> Refusal | None:
        """Look at the path, as the server decoded it."""
        path = scope["path"]
        if FETCH.match(path):
            return Refusal(
                403,
                en="This server does not fetch addresses for others; download the file yourself and upload it.",
                zh="本服务器不代为访问网址；请自行下载文件后再上传。",
            )
        longest = max(len(name.encode("utf-8", "replace")) for name in path.split("/"))
        if path.startswith(CLOSED) or longest > LONGEST:
            return Refusal(
                404, en="There is nothing here; start at the first page.", zh="这里没有内容；请从首页开始。"
            )
        return None
