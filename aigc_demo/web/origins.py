"""Other sites may link here, but not call: a page elsewhere must not make its reader's browser use this app.

A browser says who asks: `Origin` with every cross-origin call that can write, `Sec-Fetch-Site` with every request
(W3C Fetch Metadata). Programs that are no browser send neither and pass.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from aigc_demo.web.asgi import App, Check, Message, Refusal, header

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
            en="Another site's page asked for this; open the app itself, or call it from a program.",
            zh="该请求来自其他网站的页面；请直接打开本应用，或从程序中调用。",
        )

    def _is_own(self, origin: str, scope: Message) -> bool:
        parts = urlsplit(origin.lower())
        if parts.scheme not in ("http", "https"):  # "null": a sandboxed frame or a file
            return False
        hosts = {header(scope, "host").lower(), header(scope, "x-forwarded-host").lower()}
        return parts.netloc in hosts or parts.hostname in self.proxied
