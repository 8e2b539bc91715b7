"""What may be asked of a model.

One pydantic model a request: the page's widgets, the command line's flags, the HTTP API's parameters, the
recipe inside every file and the "show the code" view are all read off these classes, and every value is
checked here, on the server, whatever a widget allowed. A `FieldLabel` says in both languages what a field is called
and what it does.
"""

from aigc_demo.schemas.base import MAX_SEED, Request, Seed, check, fitting
from aigc_demo.schemas.latent import GridRequest, WalkRequest
from aigc_demo.schemas.pictures import (
    ArrayRequest,
    DrawRequest,
    ImageRequest,
    ReconstructRequest,
    UpscaleRequest,
)
from aigc_demo.schemas.tasks import REQUESTS, TASKS, Task, task_of
from aigc_demo.schemas.text import ChatRequest, Message, RewriteRequest, TextRequest
from aigc_demo.schemas.verify import VerifyRequest

__all__ = [
    "MAX_SEED",
    "REQUESTS",
    "TASKS",
    "ArrayRequest",
    "ChatRequest",
    "DrawRequest",
    "GridRequest",
    "ImageRequest",
    "Message",
    "ReconstructRequest",
    "Request",
    "RewriteRequest",
    "Seed",
    "Task",
    "TextRequest",
    "UpscaleRequest",
    "VerifyRequest",
    "WalkRequest",
    "check",
    "fitting",
    "task_of",
]
