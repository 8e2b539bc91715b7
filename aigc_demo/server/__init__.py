"""What stands before the page: small ASGI layers, each of which keeps out one kind of request.

Gradio serves whoever reaches it. These layers are put in front by `launch(app_kwargs={"middleware": layers(settings)})`;
they look at a request's head, count the bytes of its body, and pass everything else on unbuffered, streams included; of
answers only whole texts are touched, which leave compressed. They need neither gradio nor torch.
"""

import os
from collections.abc import Mapping
from typing import Any

from aigc_demo.core.settings import Settings
from aigc_demo.server.checks import (
    ClosedRoutes,
    HostCheck,
    OriginCheck,
    TokenCheck,
    bound_name,
    known_names,
    mcp_token,
)
from aigc_demo.server.compression import Compression
from aigc_demo.server.headers import SecurityHeaders
from aigc_demo.server.limits import BodyLimit, LoginThrottle, UploadQuota
from aigc_demo.server.link import Guide
from aigc_demo.server.shipped import Shipped
from aigc_demo.server.start import start
from aigc_demo.server.visitor_gate import Gate
from aigc_demo.server.visitor_names import COOKIE, visitor_of
from aigc_demo.server.visitors import Visitors

__all__ = [
    "COOKIE",
    "Gate",
    "Shipped",
    "Visitors",
    "bound_name",
    "layers",
    "mcp_token",
    "start",
    "visitor_of",
]
Layer = tuple[type, tuple[()], dict[str, Any]]


def layers(
    settings: Settings, environment: Mapping[str, str] = os.environ, mcp_token: str = ""
) -> list[Layer]:
    """The layers of this mode as (class, arguments, options), the outermost first: refusals get the headers, too."""
    names = known_names(settings, environment)
    behind_proxy = settings.mode != "local"
    found: list[Layer] = [
        (SecurityHeaders, (), {"framed_by": "https://huggingface.co" if settings.mode == "spaces" else None}),
        (
            HostCheck,
            (),
            {"names": names, "numbers": bound_name(settings, environment) in ("0.0.0.0", "[::]")},
        ),
        (OriginCheck, (), {"names": names}),
        (ClosedRoutes, (), {}),
        (Compression, (), {}),
        (BodyLimit, (), {}),
        (Guide, (), {}),
    ]
    if mcp_token:
        found.append((TokenCheck, (), {"token": mcp_token}))
    if settings.rules.login:
        found.append((LoginThrottle, (), {"behind_proxy": behind_proxy}))
    if quota := settings.rules.upload_mb_per_hour:
        found.append((UploadQuota, (), {"mb_per_hour": quota, "behind_proxy": behind_proxy}))
    return found
