"""Labelled files from results: what the page offers for download and the command line writes to `--out`.

base.py      names, recipes, clearing old files away
pictures.py  sheets, single pictures, archives, films, strips, enlarged pictures
texts.py     texts, conversations, translations
"""

from aigc_demo.files.base import SHEET_SIDE, recipe_of, scale_to, stem, sweep
from aigc_demo.files.pictures import (
    columns_for,
    write_archive,
    write_drawing,
    write_drawings,
    write_film,
    write_pictures,
    write_reconstruction,
    write_sheet,
    write_strip,
    write_upscaled,
)
from aigc_demo.files.texts import conversation, full_texts, write_chat, write_rewrite, write_texts

__all__ = [
    "SHEET_SIDE",
    "columns_for",
    "conversation",
    "full_texts",
    "recipe_of",
    "scale_to",
    "stem",
    "sweep",
    "write_archive",
    "write_chat",
    "write_drawing",
    "write_drawings",
    "write_film",
    "write_pictures",
    "write_reconstruction",
    "write_rewrite",
    "write_sheet",
    "write_strip",
    "write_texts",
    "write_upscaled",
]
