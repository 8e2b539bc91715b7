"""ZeroGPU of Hugging Face Spaces: a GPU that is lent for one call, to a process forked for it. Elsewhere this does nothing.

The page's own process has no GPU there. `spaces.GPU(task)` pickles a call's arguments, has a forked worker do the
task, and pickles back what it yields (package spaces 0.51.3, zero/wrappers.py). What follows from that:

- A verb crosses by its name, with what it was asked; the closures that compute would not pickle.
- An exception would arrive as the name of its class, so an InputError crosses as its sentences.
- A stop flag that is set here is not seen there. Once our generator is closed, the worker's is closed after its next
  item: so there is an item every half second, a heartbeat where the verb has nothing to say.
- Locks and threads do not survive a fork. The worker computes with a lender of models that has its own (`forked`),
  around the models that the page's process had moved to CUDA before its launch. A model that the worker loads later
  stays in the worker.
"""

import functools
import inspect
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import wait
from dataclasses import dataclass
from typing import Any, Protocol

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.settings import Settings
from aigc_demo.core.stopping import Progress, Stop, unheard
from aigc_demo.core.words import Text
from aigc_demo.runtime.worker_thread import END, WorkerThread

BEAT = 0.5  # seconds between two items, at most
HERE = ("cache", "stop", "progress")  # a verb's parameters that do not cross
OWN, PRETRAINED = 20, 60  # seconds of GPU to ask for: a visitor's quota of minutes must allow it


@dataclass(frozen=True)
class Beat:
    """Still at it; `share` of the work is done."""

    share: float


@dataclass(frozen=True)
class Answer:
    """What the verb returned or yielded."""

    value: Any


@dataclass(frozen=True)
class Refusal:
    """The sentences of an InputError, which as an exception would lose them on the way."""

    text: Text


Item = Beat | Answer | Refusal
Verb = Callable[..., Any]
Worker = Callable[[Verb, dict[str, Any], Settings], Iterator[Item]]


class Lender(Protocol):
    """Who lends models to verbs, as their parameter `cache`: all that is asked of it here.

    `settings` are those of whoever asked, as their folders are. `worker` does the verbs; where it is None they are done
    in this process.
    """

    settings: Settings
    worker: Worker | None

    def forked(self) -> "Lender":
        """The same models, with the locks and threads of a process that was forked from the one that loaded them."""
        ...

    def with_settings(self, settings: Settings) -> "Lender":
        """The same models, locks and threads, for somebody with other folders of their own."""
        ...


def on_zero_gpu(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a Space on ZeroGPU, by the variable that it sets."""
    return environment.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def gpu_worker(lender: Lender) -> Worker:
    """What does a verb in a process that has the GPU. Imports `spaces`, and with it torch, whose CUDA it emulates here."""
    import spaces

    @functools.cache
    def within() -> tuple[Lender, WorkerThread]:  # only ever called in the worker, and kept there
        return lender.forked(), WorkerThread("zero-gpu")

    def compute(verb: Verb, asked: dict[str, Any], settings: Settings) -> Iterator[Item]:
        forked, thread = within()
        yield from beating(verb, asked, forked.with_settings(settings), thread)

    return spaces.GPU(compute, duration=seconds)


def seconds(verb: Verb, asked: Mapping[str, Any], settings: Settings) -> int:
    """How long the GPU is wanted: a pretrained model's id has its owner's name, which ours have not."""
    model = getattr(asked.get("request"), "model", "")
    return PRETRAINED if "/" in model and not model.startswith("runs/") else OWN


def beating(verb: Verb, asked: Mapping[str, Any], lender: Lender, thread: WorkerThread) -> Iterator[Item]:
    """The items of a verb, done in `thread`, each when it is asked for, with beats between them.

    The verb's stop flag is set when this generator is closed, which waits for the verb's end.
    """
    gone, share = threading.Event(), [0.0]
    items = _items(verb, asked, lender, gone, share)
    try:
        while True:
            step = thread.submit(lambda: next(items, END))
            while not wait([step], BEAT).done:
                yield Beat(share[0])
            if step.result() is END:
                return
            yield step.result()
    finally:
        gone.set()
        thread.submit(items.close).result()  # behind the step that is under way


def _items(
    verb: Verb, asked: Mapping[str, Any], lender: Lender, gone: threading.Event, share: list[float]
) -> Iterator[Item]:
    """What the verb answers, one by one; of a refusal its sentences, of a stop nothing."""
    options: dict[str, Any] = {"cache": lender, "stop": gone.is_set}
    if "progress" in inspect.signature(verb).parameters:
        options["progress"] = lambda done: share.__setitem__(0, done)
    try:
        answer = verb(**asked, **options)
        for value in answer if inspect.isgenerator(answer) else [answer]:
            yield Answer(value)
    except InputError as error:
        yield Refusal(error.text)
    except Stopped:
        return


def on_gpu(keeps_part: bool = False) -> Callable[[Verb], Verb]:
    """A verb that is done where the GPU is: the decorator of all that compute with a model of the cache.

    Its parameters `cache`, `stop` and, where it has one, `progress` stay here; all others cross, and so must pickle.
    When stopped it raises Stopped; one that yields and `keeps_part` just ends.
    """

    def decorate(verb: Verb) -> Verb:
        signature = inspect.signature(verb)

        @functools.wraps(verb)
        def call(*arguments: Any, **options: Any) -> Any:
            bound = signature.bind(*arguments, **options)
            lender: Lender = bound.arguments["cache"]
            if lender.worker is None:
                return verb(*arguments, **options)
            bound.apply_defaults()
            asked = {name: value for name, value in bound.arguments.items() if name not in HERE}
            stop, progress = bound.arguments["stop"], bound.arguments.get("progress", unheard)
            answers = _answers(lender.worker(call, asked, lender.settings), stop, progress, keeps_part)
            return answers if inspect.isgeneratorfunction(verb) else _only(answers)

        return call

    return decorate


def _answers(items: Iterator[Item], stop: Stop, progress: Progress, keeps_part: bool) -> Iterator[Any]:
    """The answers among the worker's items; once `stop()` is true the worker is told to stop."""
    try:
        for item in items:
            if isinstance(item, Refusal):
                raise InputError.of(item.text)
            if isinstance(item, Answer):
                yield item.value
            elif item.share:
                progress(item.share)
            if stop():
                break
        else:
            return
    finally:
        items.close()
    if not keeps_part:
        raise Stopped


def _only(answers: Iterator[Any]) -> Any:
    """The answer of a verb that returns; all is read, so that the worker has ended."""
    found = list(answers)
    if not found:
        raise Stopped
    return found[0]
