"""One verb a request: check it against the model, compute inside the cache's lease, return plain arrays and text.

The page, the command line and the HTTP API call these and nothing below them, so that all three give the same
result for the same request. Files are written from the results, by the functions of save_*.py.
"""

from aigc_demo.actions.base import resolve_labels
from aigc_demo.actions.chat import ChatResult, chat
from aigc_demo.actions.classify import ClassifyResult, classify, recognised, write_classification
from aigc_demo.actions.draw import DrawResult, draw
from aigc_demo.actions.evaluate import EvaluateResult, evaluate
from aigc_demo.actions.latent import GridResult, WalkResult, grid, walk
from aigc_demo.actions.pictures import (
    ImageResult,
    ReconstructResult,
    look_of_critic,
    make_images,
    reconstruct,
)
from aigc_demo.actions.prompt_words import unknown_words
from aigc_demo.actions.rewrite import RewriteResult, rewrite
from aigc_demo.actions.save import SHEET_SIDE, recipe_of, scale_to, stem, sweep
from aigc_demo.actions.save_pictures import (
    columns_for,
    write_archive,
    write_drawing,
    write_drawings,
    write_film,
    write_pictures,
    write_reconstruction,
    write_sheet,
    write_sprite,
    write_strip,
    write_upscaled,
)
from aigc_demo.actions.save_report import write_report
from aigc_demo.actions.save_texts import conversation, write_chat, write_rewrite, write_texts
from aigc_demo.actions.text import TextResult, TextSample, write_text
from aigc_demo.actions.upscale import UpscaleResult, upscale
from aigc_demo.actions.watermark import TextFinding, find_text_mark, text_mark
from aigc_demo.actions.word_maps import WordMaps, code_odds, word_maps

__all__ = [
    "SHEET_SIDE",
    "ChatResult",
    "ClassifyResult",
    "DrawResult",
    "EvaluateResult",
    "GridResult",
    "ImageResult",
    "ReconstructResult",
    "RewriteResult",
    "TextFinding",
    "TextResult",
    "TextSample",
    "UpscaleResult",
    "WalkResult",
    "WordMaps",
    "chat",
    "classify",
    "code_odds",
    "columns_for",
    "conversation",
    "draw",
    "evaluate",
    "find_text_mark",
    "grid",
    "look_of_critic",
    "make_images",
    "recipe_of",
    "recognised",
    "reconstruct",
    "resolve_labels",
    "rewrite",
    "scale_to",
    "stem",
    "sweep",
    "text_mark",
    "unknown_words",
    "upscale",
    "walk",
    "word_maps",
    "write_archive",
    "write_chat",
    "write_classification",
    "write_drawing",
    "write_drawings",
    "write_film",
    "write_pictures",
    "write_reconstruction",
    "write_report",
    "write_rewrite",
    "write_sheet",
    "write_sprite",
    "write_strip",
    "write_text",
    "write_texts",
    "write_upscaled",
]
