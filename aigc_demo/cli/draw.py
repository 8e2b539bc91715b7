"""draw: pictures of a sentence."""

import sys
from collections import deque
from collections.abc import Iterator
from typing import TypeVar

from aigc_demo.cli.ask import check_ending, write
from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.schemas import DrawRequest
from aigc_demo.schemas.tasks import PICTURES

T = TypeVar("T")


def draw(asked: Asked) -> Answer:
    """Draw a sentence, all pictures on one labelled sheet."""
    from aigc_demo import actions

    request = asked.request(DrawRequest)
    check_ending(asked.flags.out, PICTURES)
    result = deque(_shown(actions.draw(request, asked.cache)), maxlen=1).pop()
    path = write(asked, actions.write_drawing, result, PICTURES)
    answer = {"files": [str(path)], "seeds": result.seeds, "request": result.request.model_dump()}
    words = [str(path)]
    if result.note:
        words.insert(0, result.note.say(asked.lang))
        answer["note"] = result.note.say(asked.lang)
    return Answer(answer, "\n".join(words))


def _shown(results: Iterator[T]) -> Iterator[T]:
    """The same results, with the step on standard error where that is a terminal."""
    live = sys.stderr.isatty()
    for result in results:
        if live:
            print(f"\r{result.step} / {result.steps} ", end="", file=sys.stderr, flush=True)
        yield result
    if live:
        print(file=sys.stderr)
