"""Where the page listens, checked before anything is built: each refusal names its variable."""

import errno
import os
import socket
from collections.abc import Mapping

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.server.checks import bound_name

PORT, TRIES, NAME = "GRADIO_SERVER_PORT", "GRADIO_NUM_PORTS", "GRADIO_SERVER_NAME"
USUAL = {PORT: 7860, TRIES: 100}  # Gradio's own: the first port, and how many are tried
LAST = 65_535


def check_address(settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
    """An InputError where the page could not listen: a name that is not this computer's, a port that is none or taken."""
    first, tries = _number(PORT, environment), _number(TRIES, environment)
    name = bound_name(settings, environment)
    for port in range(first, min(first + tries, LAST + 1)):
        if _is_free(name, port):
            return
    last = min(first + tries - 1, LAST)
    raise InputError(
        en=f"{PORT}: no port from {first} to {last} is free on {name}; set it to one that is.",
        zh=f"{PORT}：{name} 上从 {first} 到 {last} 没有空闲端口；请设为一个空闲端口。",
    )


def _number(variable: str, environment: Mapping[str, str]) -> int:
    value = environment.get(variable)
    if value is None:
        return USUAL[variable]
    if not (value.strip().isascii() and value.strip().isdigit() and 0 < int(value) <= LAST):
        raise InputError(
            en=f"{variable} is {value[:40]!r}; set it to a number from 1 to {LAST}, or do not set it.",
            zh=f"{variable} 为 {value[:40]!r}；请设为 1 到 {LAST} 的数字，或不设置。",
        )
    return int(value)


def _is_free(name: str, port: int) -> bool:
    """Whether the page can listen there; an InputError where it can on no port of that name, or not on this one."""
    try:
        found = socket.getaddrinfo(name.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        code = getattr(error, "errno", None)
        if code == errno.EADDRINUSE:
            return False
        why = getattr(error, "strerror", None) or type(error).__name__
        if code == errno.EACCES:
            raise InputError(
                en=f"{PORT} is {port}, which this user may not take ({why}); set it to one from 1024 on.",
                zh=f"{PORT} 为 {port}，当前用户无权使用（{why}）；请设为 1024 以上的端口。",
            ) from error
        raise InputError(
            en=f"{NAME} is {name[:80]!r}, where this computer cannot listen ({why}); set it to 127.0.0.1, 0.0.0.0, [::]"
            " or an address of its own.",
            zh=f"{NAME} 为 {name[:80]!r}，本机无法在此监听（{why}）；请设为 127.0.0.1、0.0.0.0、[::] 或本机的地址。",
        ) from error
    return True
