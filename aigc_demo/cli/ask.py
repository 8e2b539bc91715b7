"""The tasks: check the request, let actions/ compute, write labelled files."""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.schemas import TASKS, ArrayRequest, ImageRequest, TextRequest
from aigc_demo.schemas.tasks import PICTURES, TEXTS


def text(asked: Asked) -> Answer:
    """Write texts; they are printed, and kept in a file where --out says so."""
    from aigc_demo import actions

    request = asked.request(TextRequest)
    check_ending(asked.flags.out, TEXTS)
    result = deque(actions.write_text(request, asked.cache), maxlen=1).pop()
    texts = result.full_texts()
    answer: dict[str, Any] = {"texts": texts}
    if asked.flags.out:
        answer["files"] = [str(write(asked, actions.write_texts, result, TEXTS))]
    words = ["\n\n".join(texts), *answer.get("files", [])]
    if result.note:
        words.insert(0, result.note.say(asked.lang))
    return Answer(answer, "\n\n".join(words))


def image(asked: Asked) -> Answer:
    """Make pictures: one labelled sheet, or --separate files, or a bare --array to measure."""
    from aigc_demo import actions

    if asked.flags.array:
        return _array(asked)
    request = asked.request(ImageRequest)
    check_ending(asked.flags.out, PICTURES)
    if asked.flags.separate and is_file(asked.flags.out):
        raise InputError(
            en="With --separate, --out is a folder; leave its ending away.",
            zh="使用 --separate 时，--out 应为文件夹；请去掉扩展名。",
        )
    result = actions.make_images(request, asked.cache)
    if asked.flags.separate:
        return _written(actions.write_pictures(result, folder_of(asked), marking=asked.marking))
    return _written([write(asked, actions.write_sheet, result, PICTURES)])


def make(asked: Asked) -> Answer:
    """What most tasks do: make the result, write its file, tell its facts."""
    from aigc_demo import actions
    from aigc_demo.actions.perform import perform

    task = next(task for task in TASKS if task.name == asked.flags.command.name)
    request = asked.request(task.request)
    check_ending(asked.flags.out, task.endings)
    result = perform(task, request, asked.cache)
    path = str(write(asked, getattr(actions, task.writer), result, task.endings))
    facts = result.facts()
    said = [Text(**facts["note"]).say(asked.lang)] if facts.get("note") else []
    return Answer({"files": [path], **facts}, "\n".join([*said, path]))


def _array(asked: Asked) -> Answer:
    """uint8 (N, H, W[, 3]) in FILE.npy and the classes (N,) in FILE.labels.npy."""
    import numpy as np

    from aigc_demo import actions

    pictures = bare_array(asked)
    result = actions.make_images(asked.request(ArrayRequest), asked.cache)
    labels = pictures.with_suffix(".labels.npy")
    np.save(pictures, result.pictures)
    np.save(labels, np.array(result.labels, np.int64))
    return _written([pictures, labels])


def bare_array(asked: Asked) -> Path | None:
    """The file of --array, in a folder that is there; None without; an InputError where it cannot be."""
    pictures: Path | None = asked.flags.array
    if pictures is None:
        return None
    if pictures.suffix != ".npy" or asked.flags.out or getattr(asked.flags, "separate", False):
        raise InputError(
            en="--array names one file that ends in .npy and goes without --out and --separate.",
            zh="--array 须为一个 .npy 文件，且不能与 --out、--separate 同用。",
        )
    pictures.parent.mkdir(parents=True, exist_ok=True)
    return pictures


def is_file(out: Path | None) -> bool:
    """Whether --out names a file, by its ending, and not a folder."""
    return out is not None and bool(out.suffix) and not out.is_dir()


def check_ending(out: Path | None, endings: Sequence[str]) -> None:
    """Refuse a file name that could not be written, before anything is computed."""
    if out is not None and is_file(out) and out.suffix.lower() not in endings:
        from aigc_demo.media.files import unknown_suffix

        raise unknown_suffix(out.suffix, ", ".join(endings))


def folder_of(asked: Asked) -> Path:
    """Where files go: --out, else the folder `outputs` here."""
    return asked.flags.out or Path("outputs")


def write(asked: Asked, writer: Callable[..., Path], result: Any, endings: Sequence[str]) -> Path:
    """The file at --out, or under a name of its own in that folder, in the first of `endings`; marked."""
    out, marking = folder_of(asked), asked.marking
    if is_file(out):
        return writer(result, out.parent, out.suffix.lower(), marking=marking).replace(out)
    return writer(result, out, endings[0], marking=marking)


def _written(paths: Sequence[Path]) -> Answer:
    names = [str(path) for path in paths]
    return Answer({"files": names}, "\n".join(names))
