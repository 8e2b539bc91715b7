"""python -m tests.runtime.zero_gpu.scenes WEIGHTS: verbs on ZeroGPU, emulated by stand_in/. A process that may fork.

Prints one JSON object of what came of each scene; test_spaces.py reads it.
"""

import json
import os
import sys
import time
from collections import deque

import spaces as gpu  # the stand-in

from aigc_demo import actions
from aigc_demo.actions.audit import AuditRequest, look_closer
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.settings import Settings
from aigc_demo.runtime import registry, zero_gpu
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import ImageRequest, TextRequest

POEM = TextRequest(model="gpt-poems", prompt="春望", form="wujue", seed=3, count=2)


@zero_gpu.on_gpu(keeps_part=True)
def count_pids(cache, stop):
    """The process that computes, again and again until it is stopped."""
    while not stop():
        yield os.getpid()


@zero_gpu.on_gpu()
def sleep_long(cache, stop, progress):
    """A verb that returns, and has nothing to say for a while."""
    progress(0.5)
    for _ in range(600):
        if stop():
            raise Stopped
        time.sleep(0.05)


def refusal(verb, request, cache):
    """Both sentences of an error that is raised in the worker."""
    try:
        verb(request, cache)
    except InputError as error:
        return [error.text.en, error.text.zh]


def stopped_return(cache):
    """How long a silent verb goes on after it is stopped, and what it told of its progress before."""
    shares, begin = [], time.monotonic()
    try:
        sleep_long(cache, lambda: bool(shares), shares.append)
    except Stopped:
        return shares, time.monotonic() - begin


def main(weights):
    """All scenes, first away, then here."""
    cache = ModelCache(Settings(weights_dir=weights, data_dir=f"{weights}/none", offline=True, device="cpu"))
    assert cache.worker is not None
    cache.preload()
    here = ModelCache(cache.settings).forked()
    told = {"loaded": list(cache.loaded()), "cards": [card.id for card in registry.all_cards(cache.settings)]}
    away = actions.make_images(ImageRequest(count=3, seed=5), cache)
    told["same pictures"] = bool(
        (away.pictures == actions.make_images(ImageRequest(count=3, seed=5), here).pictures).all()
    )
    poems = [deque(actions.write_text(POEM, one), maxlen=1).pop() for one in (cache, here)]
    told["same poems"] = [sample.text for sample in poems[0].samples] == [
        sample.text for sample in poems[1].samples
    ]
    for name, verb, request in (
        ("refusal", actions.make_images, ImageRequest(label="dragon")),
        ("probe", look_closer, AuditRequest(model="gan-digits")),  # whose data have not been fetched
    ):
        told[name], told[f"{name} here"] = refusal(verb, request, cache), refusal(verb, request, here)
    told["crossed"] = [verb.__name__ for verb in gpu.asked]
    asked = iter([False] * 5 + [True] * 5)
    pids = list(count_pids(cache, lambda: next(asked)))
    told["pids"], told["own pid"], told["answers"] = sorted(set(pids)), os.getpid(), len(pids)
    told["progress"], told["stopped after"] = stopped_return(cache)
    told["waiting"] = cache.waiting()
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
