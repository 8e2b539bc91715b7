"""The name in the address bar has to be ours.

DNS rebinding: a page of evil.example lets its own name point to 127.0.0.1 and then reads this app as if it were its own
site. The browser still sends `Host: evil.example`, so an app that knows its names is safe.
"""

import ipaddress
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from urllib.parse import urlsplit

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.server.asgi import App, Check, Message, Refusal, header


def bound_name(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """The address the server listens on: every interface on a Space, elsewhere this computer alone unless asked.

    An IPv6 address stands in brackets.
    """
    name = environment.get("GRADIO_SERVER_NAME", "").strip()
    if ":" in name and not name.startswith("["):
        return f"[{name}]"
    return name or ("0.0.0.0" if settings.mode == "spaces" else "127.0.0.1")


def known_names(settings: Settings, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The names the page answers to: the mode's, the bound address, the Space's, and those of --hosts."""
    own = [bound_name(settings, environment), *settings.hosts.split(",")]
    if settings.mode == "spaces":
        own.append(environment.get("SPACE_HOST", ""))
    return (*settings.rules.hosts, *(name.strip().lower() for name in own if name.strip()))


def host_of(address: str) -> str:
    """The name in "name:port", in lower case; an IPv6 address keeps its brackets."""
    address = address.strip().lower()
    if address.startswith("["):
        return address.partition("]")[0] + "]"
    return address.partition(":")[0].removesuffix(".")


def fits(host: str, names: Sequence[str]) -> bool:
    """Whether `host` is one of the names; "*.hf.space" stands for every name that ends so."""
    return any(host == name or (name[:2] == "*." and host.endswith(name[1:])) for name in names)


def is_number(host: str) -> bool:
    """Whether `host` is an IP address: no name, so nobody can have made it point here."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class HostCheck(Check):
    """Refuse requests to other names. `numbers`: bare IP addresses pass, for a server that other computers reach."""

    def __init__(self, app: App, names: Sequence[str], numbers: bool) -> None:
        super().__init__(app)
        self.names, self.numbers = names, numbers

    def refusal(self, scope: Message) -> Refusal | None:
        """Look at Host, and at the X-Forwarded-Host that Gradio builds addresses from."""
        asked = [header(scope, "host"), *filter(None, header(scope, "x-forwarded-host").split(","))]
        if all(self._is_ours(host_of(name)) for name in asked):
            return None
        return Refusal(
            400,
            Text(
                en="This page does not answer to that name; open it under its own, or start it with --hosts NAME.",
                zh="本网页不响应该域名；请使用它自己的地址，或以 --hosts 域名 启动。",
            ),
        )

    def _is_ours(self, host: str) -> bool:
        return fits(host, self.names) or (self.numbers and is_number(host))


FOREIGN = ("cross-site", "same-site")  # same-site: another port of this computer


class OriginCheck(Check):
    """Refuse what another site's page asks for. `names` without a star are this app's own even where a proxy hides them."""

    def __init__(self, app: App, names: Sequence[str]) -> None:
        super().__init__(app)
        self.proxied = {name for name in names if "*" not in name} - {"localhost", "127.0.0.1", "[::1]"}

    def refusal(self, scope: Message) -> Refusal | None:
        """A link that is followed passes; any other request from a foreign page does not."""
        origin, site = header(scope, "origin"), header(scope, "sec-fetch-site")
        own = self._is_own(origin, scope) if origin else site not in FOREIGN
        if own or (not origin and header(scope, "sec-fetch-mode") == "navigate"):
            return None
        return Refusal(
            403,
            Text(
                en="Another site's page asked for this; open the app itself, or call it from a program.",
                zh="该请求来自其他网站的页面；请直接打开本应用，或从程序中调用。",
            ),
        )

    def _is_own(self, origin: str, scope: Message) -> bool:
        parts = urlsplit(origin.lower())
        if parts.scheme not in ("http", "https"):  # "null": a sandboxed frame or a file
            return False
        hosts = {header(scope, "host").lower(), header(scope, "x-forwarded-host").lower()}
        return parts.netloc in hosts or parts.hostname in self.proxied


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
                Text(
                    en="This server does not fetch addresses for others; download the file yourself and upload it.",
                    zh="本服务器不代为访问网址；请自行下载文件后再上传。",
                ),
            )
        longest = max(len(name.encode("utf-8", "replace")) for name in path.split("/"))
        if path.startswith(CLOSED) or longest > LONGEST:
            return Refusal(
                404,
                Text(en="There is nothing here; start at the first page.", zh="这里没有内容；请从首页开始。"),
            )
        return None


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
            Text(
                en="This needs the token that the app printed when it started, as Authorization: Bearer TOKEN.",
                zh="需要应用启动时显示的令牌，以 Authorization: Bearer TOKEN 的形式发送。",
            ),
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
