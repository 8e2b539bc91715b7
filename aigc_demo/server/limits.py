"""How much each client may do in a time, in memory that cannot grow."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from aigc_demo.core.words import Text
from aigc_demo.server.asgi import App, Message, Receive, Refusal, Send, header, is_post_to, refuse

CLIENTS = 10_000


class Budget:
    """A leaky bucket for each client: at most `amount` at once, and it empties evenly within `seconds`.

    level <- max(0, level - amount / seconds * elapsed); a spending of x is allowed if level + x <= amount.
    Of more than CLIENTS clients the one that was seen last longest ago is forgotten.
    """

    def __init__(self, amount: float, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.amount, self.seconds, self.clock = amount, seconds, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def room(self, client: str) -> float:
        """What the client may still spend now."""
        level, then = self._levels.get(client, (0.0, 0.0))
        leaked = self.amount / self.seconds * (self.clock() - then)
        return self.amount - max(0.0, level - leaked)

    def spend(self, client: str, amount: float) -> bool:
        """Take `amount`, which is negative to give back; False, and nothing is taken, where there is no room for it."""
        room = self.room(client)
        if amount > room:
            return False
        self._levels[client] = (self.amount - room + amount, self.clock())
        self._levels.move_to_end(client)
        if len(self._levels) > CLIENTS:
            self._levels.popitem(last=False)
        return True


def client_of(scope: Message, behind_proxy: bool) -> str:
    """Who asks, as an address; of IPv6 the /64 network, which one subscriber has whole.

    Behind the proxy of a public link every connection comes from the proxy, which appends who it speaks for to
    X-Forwarded-For. What stands further left the client may have written itself, so the last public address counts.
    """
    peer = (scope.get("client") or ("",))[0]
    if behind_proxy:
        for entry in reversed(header(scope, "x-forwarded-for").split(",")):
            address = _address(entry.strip())
            if address and address.is_global:
                return _network(address)
    address = _address(peer)
    return _network(address) if address else peer


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _network(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


def announced(scope: Message) -> int:
    """The bytes a request says it brings; 0 where it does not say."""
    length = header(scope, "content-length")
    return int(length[:18]) if length.isascii() and length.isdigit() else 0


async def serve_metered(
    app: App, scope: Message, receive: Receive, send: Send, take: Callable[[int], bool], refusal: Refusal
) -> None:
    """Serve a request whose body `take` sees chunk by chunk, by size in bytes.

    Once it answers False the app is told that the client has left, what it says to that is dropped, and the client
    gets the refusal.
    """
    full = started = False

    async def count() -> Message:
        nonlocal full
        message = await receive()
        if full or (message["type"] == "http.request" and not take(len(message.get("body", b"")))):
            full = True
            return {"type": "http.disconnect"}
        return message

    async def answer(message: Message) -> None:
        nonlocal started
        if not full or started:
            started = True
            await send(message)

    try:
        await app(scope, count, answer)
    except Exception:
        if not full:  # an app whose client has left may raise what it likes
            raise
    if full and not started:
        await refuse(refusal, scope, send)


LIMIT = 8 * 2**20  # bytes; the longest text that can be pasted, two million Chinese characters, has 6 MB
TOO_LARGE = Refusal(
    413,
    Text(
        en="This call has more than 8 MB; upload large things as files.",
        zh="请求超过 8 MB；较大的内容请以文件上传。",
    ),
)


class BodyLimit:
    """Refuse larger bodies everywhere but at the upload."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].rstrip("/") == UPLOAD:
            await self.app(scope, receive, send)
            return
        if announced(scope) > LIMIT:
            await refuse(TOO_LARGE, scope, send)
            return
        left = LIMIT

        def take(count: int) -> bool:
            nonlocal left
            left -= count
            return left >= 0

        await serve_metered(self.app, scope, receive, send, take, TOO_LARGE)


UPLOAD = "/gradio_api/upload"
LEAST = 64 * 2**10  # bytes an upload counts at least: many empty files are a burden, too


class UploadQuota:
    """429 once a client has brought `mb_per_hour` megabytes; the room comes back evenly."""

    def __init__(self, app: App, mb_per_hour: int, behind_proxy: bool) -> None:
        self.app, self.behind_proxy = app, behind_proxy
        self.budget = Budget(mb_per_hour * 2**20, 3600)
        self.full = Refusal(
            429,
            Text(
                en=f"You have uploaded {mb_per_hour} MB within the hour, as much as this public page takes; try again later.",
                zh=f"您一小时内的上传已达本公开网页的上限 {mb_per_hour} MB；请稍后再试。",
            ),
            retry_after=600,
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not is_post_to(scope, UPLOAD):
            await self.app(scope, receive, send)
            return
        client = client_of(scope, self.behind_proxy)
        if announced(scope) > self.budget.room(client) or not self.budget.spend(client, LEAST):
            await refuse(self.full, scope, send)
            return
        free = LEAST

        def take(count: int) -> bool:
            nonlocal free
            within = min(count, free)
            free -= within
            return self.budget.spend(client, count - within)

        await serve_metered(self.app, scope, receive, send, take, self.full)


GUESSES, SECONDS = 10, 60
TOO_MANY = Refusal(
    429,
    Text(
        en="Too many wrong passwords; wait a minute and try again.", zh="密码错误次数过多；请一分钟后再试。"
    ),
    retry_after=SECONDS,
)


class LoginThrottle:
    """429 after ten wrong passwords of a client in a minute; right ones do not count, so a class can log in at once."""

    def __init__(self, app: App, behind_proxy: bool) -> None:
        self.app, self.behind_proxy = app, behind_proxy
        self.budget = Budget(GUESSES, SECONDS)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not is_post_to(scope, "/login"):
            await self.app(scope, receive, send)
            return
        client = client_of(scope, self.behind_proxy)
        # taken before the answer, so that guesses side by side count, too
        if not self.budget.spend(client, 1):
            await refuse(TOO_MANY, scope, send)
            return

        async def forgive(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self.budget.spend(client, -1)
            await send(message)

        await self.app(scope, receive, forgive)
