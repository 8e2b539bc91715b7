"""Who a visitor is, told by what nobody else knows.

A browser is known by a cookie that the server sets with the page: 192 random bits, HttpOnly, so that no script reads
it, and SameSite, so that no other site uses it. It outlives a reload, which makes Gradio's own session anew. A browser
that keeps no cookie, and a program, are known by Gradio's session instead; their things are out of reach after a
reload, and go with the next sweep. A login tells nobody apart here, since all guests share its one password.

Folders and addresses carry a digest, from which the secret cannot be found.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping

COOKIE = "aigc_visitor"
TOKEN = re.compile(r"[\w-]{32}")
NAME = re.compile(r"[cs][0-9a-f]{32}")


def new_token() -> str:
    """What a new visitor's cookie holds."""
    return secrets.token_urlsafe(24)


def visitor_of(cookies: Mapping[str, str], session: str | None = None) -> str:
    """The visitor's name: "c" and a digest of the cookie, else "s" and one of the session; "" where there is neither."""
    token = cookies.get(COOKIE, "")
    if TOKEN.fullmatch(token):
        return "c" + _digest(f"cookie {token}")
    return "s" + _digest(f"session {session}") if session else ""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]
