"""How much each client may do in a time, in memory that cannot grow."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from aigc_demo.web.asgi import Message, header

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
