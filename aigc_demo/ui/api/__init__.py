"""The HTTP endpoints."""

from aigc_demo.ui.api import endpoints, pictures, text, verify
from aigc_demo.ui.page.context import Context


def add_endpoints(context: Context) -> None:
    """Place all endpoints on the page that is being built."""
    for part in (endpoints, text, pictures, verify):
        part.add_endpoints(context)
