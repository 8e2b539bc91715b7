"""The HTTP endpoints."""

from aigc_demo.ui.api.endpoints import add_endpoints, no_such_endpoint

__all__ = ["add_endpoints", "no_such_endpoint"]
