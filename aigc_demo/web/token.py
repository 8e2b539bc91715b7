"""The door of the tools that a language model may call (Model Context Protocol): shut to who lacks the token.

Gradio mounts them beside its own routes, where its login does not reach. Bearer tokens: RFC 6750, section 2.1.
"""

import os
import secrets
from collections.abc import Mapping
from importlib.util import find_spec

from aigc_demo.errors import InputError
from aigc_demo.settings import Settings
from aigc_demo.web.asgi import App, Check, Message, Refusal, header

PLACE = "/gradio_api/mcp"
VARIABLE = "AIGC_MCP_TOKEN"
SHORTEST = 16  # characters of a token that a person sets


class TokenCheck(Check):
    """Refuse every request below /gradio_api/mcp that does not carry `token`."""

    def __init__(self, app: App, token: str) -> None:
        super().__init__(app)
        self.expected = f"Bearer {token}".encode()

    def refusal(self, scope: Message) -> Refusal | None:
        """Compare in a time that tells nothing of how much was right."""
        if not scope["path"].startswith(PLACE):
            return None
        if secrets.compare_digest(header(scope, "authorization").encode(), self.expected):
            return None
        return Refusal(
            401,
            en="This needs the token that the app printed when it started, as Authorization: Bearer TOKEN.",
            zh="需要应用启动时显示的令牌，以 Authorization: Bearer TOKEN 的形式发送。",
        )


def mcp_token(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """The token of this start, "" where the tools are off. One that is made here is told on the console.

    InputError where the package mcp is missing, where the page has a login, or where AIGC_MCP_TOKEN is too short.
    """
    if not settings.mcp:
        return ""
    if settings.rules.login:
        raise InputError(
            en="--mcp does not work behind the login of a public link; start it without --mode share.",
            zh="公开链接需要登录，--mcp 无法在其后工作；请不要使用 --mode share。",
        )
    if find_spec("mcp") is None:
        raise InputError(
            en='--mcp needs the package mcp: pip install "mcp>=1.21,<2".',
            zh='--mcp 需要 mcp 包：pip install "mcp>=1.21,<2"。',
        )
    token = environment.get(VARIABLE, "")
    if not token:
        token = secrets.token_urlsafe(24)
        print(f"Token of the MCP server / MCP 服务的令牌: {token}", flush=True)
    if len(token) < SHORTEST or not token.isascii():
        raise InputError(
            en=f"{VARIABLE} has {len(token)} characters; set at least {SHORTEST} of ASCII, or none at all.",
            zh=f"{VARIABLE} 有 {len(token)} 个字符；请至少设置 {SHORTEST} 个 ASCII 字符，或不设置。",
        )
    return token
