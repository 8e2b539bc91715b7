"""One verb a request: check it against the model, compute inside the cache's lease, return plain arrays and text.

The page, the command line and the HTTP API call these and nothing below them, so that all three give the same
result for the same request. Files are written by files/, from the results.
"""

from aigc_demo.actions.base import Stop, never, resolve_labels
from aigc_demo.actions.chat import ChatResult, chat
from aigc_demo.actions.draw import DrawResult, draw
from aigc_demo.actions.latent import GridResult, WalkResult, grid, walk
from aigc_demo.actions.pictures import ImageResult, ReconstructResult, make_images, reconstruct
from aigc_demo.actions.rewrite import RewriteResult, rewrite
from aigc_demo.actions.text import TextResult, TextSample, write_text
from aigc_demo.actions.upscale import UpscaleResult, upscale
from aigc_demo.actions.watermark import TextFinding, find_text_mark, text_mark

__all__ = [
    "ChatResult",
    "DrawResult",
    "GridResult",
    "ImageResult",
    "ReconstructResult",
    "RewriteResult",
    "Stop",
    "TextFinding",
    "TextResult",
    "TextSample",
    "UpscaleResult",
    "WalkResult",
    "chat",
    "draw",
    "find_text_mark",
    "grid",
    "make_images",
    "never",
    "reconstruct",
    "resolve_labels",
    "rewrite",
    "text_mark",
    "upscale",
    "walk",
    "write_text",
]
