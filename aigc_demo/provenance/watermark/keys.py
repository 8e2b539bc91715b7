"""The installation's key: 32 bytes that decide which tokens are green and which pattern a picture carries.

Only who holds it can tell the marks from chance. `AIGC_MARK_KEY` sets it, so that several machines read each other's
marks; else it is made once, in the data folder. Text and pictures use keys derived from it, by HMAC (RFC 2104).
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from functools import lru_cache
from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings

VARIABLE = "AIGC_MARK_KEY"
SHORTEST = 16  # characters of a key that a person sets
SIZE = 32


def mark_key(settings: Settings, purpose: str) -> bytes:
    """The key for "text" or "image" marks, 32 bytes. InputError where AIGC_MARK_KEY is too short."""
    told = os.environ.get(VARIABLE, "")
    if told and len(told) < SHORTEST:
        raise InputError(
            en=f"{VARIABLE} has {len(told)} characters; set at least {SHORTEST}, or none at all.",
            zh=f"{VARIABLE} 只有 {len(told)} 个字符；请至少设置 {SHORTEST} 个，或不设置。",
        )
    key = hashlib.sha256(told.encode()).digest() if told else _kept(settings.data_dir / "mark.key")
    return hmac.digest(key, purpose.encode(), "sha256")


@lru_cache(maxsize=8)
def _kept(path: Path) -> bytes:
    """The key in the file, made now if there is none; where nothing can be written, a key for as long as the app runs."""
    fresh = secrets.token_bytes(SIZE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # readable by its owner alone
            file.write(fresh)
            file.flush()
            os.link(file.name, path)  # whole or not at all, and only the first of two processes
    except FileExistsError:
        return path.read_bytes()
    except OSError:
        pass
    return fresh
