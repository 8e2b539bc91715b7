"""Files of results that are texts. They say in words whose they are whatever the marking, which adds nothing to a text."""

from pathlib import Path

from aigc_demo import media
from aigc_demo.actions.chat import ChatResult
from aigc_demo.actions.rewrite import RewriteResult
from aigc_demo.actions.save import recipe_of, stem
from aigc_demo.actions.text import TextResult
from aigc_demo.provenance.marking import PLAIN, Marking


def write_texts(result: TextResult, folder: Path, suffix: str = ".txt", marking: Marking = PLAIN) -> Path:
    """All texts of a result under their title, with a blank line between them."""
    path = media.new_path(folder, stem(result), suffix)
    title = [result.request.prompt] if result.request.prompt_is == "title" and result.request.prompt else []
    text = "\n\n".join([*title, *result.full_texts()])
    return media.save_text(text, path, recipe_of(result.request, result.card))


def write_chat(result: ChatResult, folder: Path, suffix: str = ".md", marking: Marking = PLAIN) -> Path:
    """The conversation with its last answer, every turn under the name of who said it; the recipe can ask again."""
    path = media.new_path(folder, stem(result), suffix)
    return media.save_text(conversation(result), path, recipe_of(result.request, result.card))


def conversation(result: ChatResult) -> str:
    """A conversation in Markdown."""
    names = {"user": "User 用户", "assistant": f"AI ({result.card.id})"}
    turns = [(names[message.role], message.content) for message in result.request.messages]
    if result.request.system:
        turns.insert(0, ("System prompt 系统提示词", result.request.system))
    turns.append((names["assistant"], result.text))
    return "\n\n".join(f"**{name}**\n\n{text.strip()}" for name, text in turns)


def write_rewrite(
    result: RewriteResult, folder: Path, suffix: str = ".txt", marking: Marking = PLAIN
) -> Path:
    """The translation or summary; in Markdown the original stands above it, and in every recipe."""
    text = result.text
    if suffix == ".md":
        quoted = "\n".join(f"> {line}" for line in result.request.text.strip().splitlines())
        text = f"{quoted}\n\n{text}"
    path = media.new_path(folder, stem(result), suffix)
    return media.save_text(text, path, recipe_of(result.request, result.card))
