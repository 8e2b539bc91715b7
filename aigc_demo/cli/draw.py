"""draw: pictures of a sentence, or of every line of a file."""

import sys
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from aigc_demo.cli.ask import bare_array, check_ending, is_file, write
from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.core.encodings import read_text
from aigc_demo.core.errors import InputError
from aigc_demo.schemas import DrawRequest, check
from aigc_demo.schemas.tasks import PICTURES

if TYPE_CHECKING:
    from aigc_demo.actions import DrawResult

T = TypeVar("T")


def draw(asked: Asked) -> Answer:
    """Draw each sentence, its pictures on one labelled sheet; or all of them as a bare --array to measure."""
    from aigc_demo import actions

    requests = _requests(asked)
    check_ending(asked.flags.out, PICTURES)
    if len(requests) > 1 and is_file(asked.flags.out):
        raise InputError(
            en="With --prompts, --out is a folder; leave its ending away.",
            zh="使用 --prompts 时，--out 应为文件夹；请去掉扩展名。",
        )
    array = bare_array(asked)
    results = [deque(_shown(actions.draw(request, asked.cache)), maxlen=1).pop() for request in requests]
    if array:
        import numpy as np

        np.save(array, np.concatenate([result.pictures for result in results]))
        paths = [str(array)]
    else:
        paths = [str(write(asked, actions.write_drawing, result, PICTURES)) for result in results]
    return _told(asked, results, paths)


def _requests(asked: Asked) -> list[DrawRequest]:
    """One request, or one for each line of --prompts that is not empty."""
    request = asked.request(DrawRequest)
    if not asked.flags.prompts:
        return [request]
    lines = [line.strip() for line in read_text(asked.flags.prompts).splitlines()]
    if not any(lines):
        raise InputError(en="--prompts names an empty file.", zh="--prompts 指定的文件是空的。")
    return [check(DrawRequest, {**request.model_dump(), "prompt": line}) for line in lines if line]


def _told(asked: Asked, results: "list[DrawResult]", paths: list[str]) -> Answer:
    """Files, seeds and settings; of several sentences, what is to be known of any of them once."""
    answer = {"files": paths, "seeds": results[0].seeds, "request": results[0].request.model_dump()}
    notes = list(dict.fromkeys(result.note.say(asked.lang) for result in results if result.note))
    if notes:
        answer["note"] = "\n".join(notes)
    return Answer(answer, "\n".join([*notes, *paths]))


def _shown(results: Iterator[T]) -> Iterator[T]:
    """The same results, with the step on standard error where that is a terminal."""
    live = sys.stderr.isatty()
    for result in results:
        if live:
            print(f"\r{result.step} / {result.steps} ", end="", file=sys.stderr, flush=True)
        yield result
    if live:
        print(file=sys.stderr)
