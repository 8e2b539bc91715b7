"""What may be asked of a model, and what comes back.

One pydantic model a request: the page's widgets, the command line's flags, the HTTP API's parameters, the
recipe inside every file and the "show the code" view are all read off these classes, and every value is
checked here, on the server, whatever a widget allowed. `Words` gives a field its label and its help in both
languages. The Protocols of models.py say what a family's model must be able to do to serve a tab.

base.py      fields that recur, `check`
text.py      write, chat, rewrite (translate, summarise)
pictures.py  pictures of classes, of sentences; upscale, reconstruct
latent.py    walk, grid
verify.py    a file or text to look into
models.py    Protocols
"""

from collections.abc import Mapping

from aigc_demo.core.words import Words, words_of
from aigc_demo.models.protocols import (
    Autoencoder,
    ChatModel,
    Critic,
    LatentModel,
    Part,
    Rewriter,
    Sampling,
    Step,
    SteppedModel,
    TextModel,
    TokenChoice,
)
from aigc_demo.schemas.base import MAX_SEED, Request, Seed, check
from aigc_demo.schemas.latent import GridRequest, WalkRequest
from aigc_demo.schemas.pictures import (
    ArrayRequest,
    DrawRequest,
    ImageRequest,
    ReconstructRequest,
    UpscaleRequest,
)
from aigc_demo.schemas.text import ChatRequest, Message, RewriteRequest, TextRequest
from aigc_demo.schemas.verify import VerifyRequest

__all__ = [
    "MAX_SEED",
    "REQUESTS",
    "ArrayRequest",
    "Autoencoder",
    "ChatModel",
    "ChatRequest",
    "Critic",
    "DrawRequest",
    "GridRequest",
    "ImageRequest",
    "LatentModel",
    "Message",
    "Part",
    "ReconstructRequest",
    "Request",
    "RewriteRequest",
    "Rewriter",
    "Sampling",
    "Seed",
    "Step",
    "SteppedModel",
    "TextModel",
    "TextRequest",
    "TokenChoice",
    "UpscaleRequest",
    "VerifyRequest",
    "WalkRequest",
    "Words",
    "check",
    "task_of",
    "words_of",
]
REQUESTS: Mapping[str, type[Request]] = {
    "text": TextRequest,
    "chat": ChatRequest,
    "rewrite": RewriteRequest,
    "image": ImageRequest,
    "draw": DrawRequest,
    "upscale": UpscaleRequest,
    "reconstruct": ReconstructRequest,
    "walk": WalkRequest,
    "grid": GridRequest,
}


def task_of(request: Request) -> str:
    """The name of a request's task, as in REQUESTS."""
    return next(name for name, kind in REQUESTS.items() if isinstance(request, kind))
