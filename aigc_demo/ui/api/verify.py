"""The HTTP API of verifying: /verify."""

from pathlib import Path

import gradio as gr

from aigc_demo.actions.verify import check_file, check_text
from aigc_demo.schemas import VerifyRequest
from aigc_demo.ui.api.endpoints import endpoint
from aigc_demo.ui.page.context import Context


def add_endpoints(context: Context) -> None:
    """Add it; it answers with every layer that was found, and runs no model."""

    def verify(request: VerifyRequest) -> dict:
        settings = context.settings
        found = (
            check_file(Path(request.file), settings) if request.file else check_text(request.text, settings)
        )
        return found.facts()

    gr.api(
        endpoint("verify", VerifyRequest, verify), api_name="verify", api_description=VerifyRequest.__doc__
    )
