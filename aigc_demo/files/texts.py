"""Files of results that are texts."""

from pathlib import Path

from aigc_demo import media
from aigc_demo.actions import TextResult
from aigc_demo.files.base import recipe_of, stem


def write_texts(result: TextResult, folder: Path, suffix: str = ".txt") -> Path:
    """All texts of a result under their title, with a blank line between them."""
    path = media.new_path(folder, stem(result), suffix)
    title = [result.request.prompt] if result.request.prompt_is == "title" and result.request.prompt else []
    text = "\n\n".join([*title, *full_texts(result)])
    return media.save_text(text, path, recipe_of(result.request, result.card))


def full_texts(result: TextResult) -> list[str]:
    """The texts of all samples; an opening belongs to the text it opens."""
    opening = result.request.prompt if result.request.prompt_is == "opening" else ""
    return [(opening + sample.text).strip() for sample in result.samples]
