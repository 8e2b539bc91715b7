"""A public link: who may come in, and what the owner is told while Gradio makes it."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from aigc_demo.core.modes import LOOPBACK
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.server.asgi import App, Message, Receive, Send
from aigc_demo.server.checks import bound_name

GUEST = "guest"
TRYING = Text(
    "Making a public link, which may take up to a minute; the local page is there at once.",
    "正在创建公开链接，最多需要一分钟；本机网页立即可用。",
)
NO_LINK = Text(
    "There is no public link: the tunnel to gradio.live could not be made. Check the network, and that frpc may run; "
    "the local page goes on, with the same login.",
    "没有公开链接：无法建立到 gradio.live 的隧道。请检查网络以及 frpc 能否运行；本机网页继续可用，登录方式不变。",
)
OPEN = Text(
    "Other computers can reach this page, without a login and with every right; --mode share asks for a password.",
    "其他电脑无需登录即可访问本网页，并拥有全部权限；--mode share 会要求密码。",
)


def make_login() -> tuple[str, str]:
    """A name and a password of 96 random bits for this start, told on the console."""
    password = secrets.token_urlsafe(12)
    print(f"Login / 登录: {GUEST}, {password}", TRYING.en, TRYING.zh, sep="\n", flush=True)
    return GUEST, password


def tell(settings: Settings, url: str | None, environment: Mapping[str, str] = os.environ) -> None:
    """Say that there is no link, or that a page meant for oneself is open; Gradio itself prints the addresses."""
    if settings.mode == "share" and url is None:
        print(NO_LINK.en, NO_LINK.zh, sep="\n", flush=True)
    if settings.mode == "local" and bound_name(settings, environment) not in LOOPBACK:
        print(OPEN.en, OPEN.zh, sep="\n", flush=True)


HANDBOOK = Path(__file__).parents[1] / "docs"


class Guide:
    """Answer GET /docs/<page>.md with the handbook's page of that name, and /API.md with its api.md; pass the rest on."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.pages = {f"/docs/{path.name}": path for path in HANDBOOK.glob("*.md")}
        self.pages["/API.md"] = HANDBOOK / "api.md"

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request; only a path that is one of ours, letter for letter, is answered from the disk."""
        page = self.pages.get(scope["path"]) if scope["type"] == "http" else None
        if page is None or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        body = page.read_bytes()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})
