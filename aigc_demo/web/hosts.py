"""The name in the address bar has to be ours.

DNS rebinding: a page of evil.example lets its own name point to 127.0.0.1 and then reads this app as if it were its own
site. The browser still sends `Host: evil.example`, so an app that knows its names is safe.
"""

import ipaddress
import os
from collections.abc import Mapping, Sequence

from aigc_demo.settings import Settings
from aigc_demo.web.asgi import App, Check, Message, Refusal, header


def bound_name(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """The address the server listens on: every interface on a Space, elsewhere this computer alone unless asked."""
    return environment.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if settings.mode == "spaces" else "127.0.0.1")


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
            en="This page does not answer to that name; open it under its own, or start it with --hosts NAME.",
            zh="本网页不响应该域名；请使用它自己的地址，或以 --hosts 域名 启动。",
        )

    def _is_ours(self, host: str) -> bool:
        return fits(host, self.names) or (self.numbers and is_number(host))
