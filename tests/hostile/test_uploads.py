"""Hostile files at every place that takes one, over HTTP: nothing runs, nothing falls, each is answered in words in time."""

import itertools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.code_files import CANARY
from tests.hostile.corpus import corpus
from tests.hostile.page import FAR, Answer, Page
from tests.serving import ROOT

AT_ONCE, IN_CHILD = 5.0, 30.0  # seconds
PICTURES = ["encode-pad-open", "draw-pad-open", "classify-pad-open", "walk-from-pad-open", "walk-to-pad-open"]


@pytest.fixture(scope="module")
def own(server_folder):
    """The folder for all that the app writes."""
    return server_folder


@pytest.fixture(scope="module")
def page(server):
    """A visitor of the app."""
    visitor = Page(server)
    yield visitor
    visitor.close()


def opened(elem_id: str) -> Callable[[Page, dict], Answer]:
    """Give a file to an upload button."""
    return lambda page, file: page.call(page.handler(elem_id, "upload"), [file])


def enlarged(page: Page, file: dict) -> Answer:
    """A picture to enlarge, on the page."""
    call = page.handler("upscale-go", "click")
    return page.call(call, page.values(call, upscale_image=file))


def trained_on(page: Page, file: dict) -> Answer:
    """A file to learn from."""
    page.call(page.handler("train-files", "upload"), [[file], ""])
    call = page.handler("train-import", "click")
    return page.call(call, page.values(call, train_files=[file], data_name="mine", data_consent=True))


def pasted(page: Page, text: str) -> Answer:
    """A text to learn from, typed or pasted."""
    call = page.handler("train-import", "click")
    return page.call(call, page.values(call, train_paste=text, data_name="mine", data_consent=True))


def asked(name: str, field: str, **more) -> Callable[[Page, dict], Answer]:
    """A file as a parameter of an endpoint."""
    return lambda page, file: page.ask(name, **{field: file}, **more)


# place: (what a visitor does there, seconds that the answer may take)
PLACES: dict[str, tuple[Callable, float]] = {
    **{elem_id: (opened(elem_id), AT_ONCE) for elem_id in (*PICTURES, "restore-file")},
    "upscale": (enlarged, AT_ONCE),
    "verify": (opened("verify-file"), AT_ONCE),
    "import": (trained_on, IN_CHILD),
    "import-model": (opened("train-import-run"), IN_CHILD),
    "/reconstruct": (asked("reconstruct", "image"), AT_ONCE),
    "/interpolate": (asked("interpolate", "from_image", frames=2, model="vae-digits"), AT_ONCE),
    "/upscale": (asked("upscale", "image"), AT_ONCE),
}
# places where a model does something with a picture
WORKS = {"upscale", "/upscale", "/reconstruct", "/interpolate"}


def crowding() -> float:
    """How many want each core of this machine: the time limits are for one that is otherwise idle."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def give(page: Page, place: str, name: str, data: bytes) -> None:
    """Give a file to a place; it is taken, or refused by words that a reader can use, and in time.

    A picture that is fit to be worked on takes as long as the work, but ends.
    """
    file = page.upload(name, data)
    if file is None:
        return  # the upload was refused
    act, seconds = PLACES[place]
    answer = act(page, file)
    told = f"{place} {name[:60]!r}: {answer}"
    works = place in WORKS and answer.done and not answer.said
    assert answer.seconds < crowding() * (FAR if works else seconds), told
    assert answer.done or any(words.strip() for words in answer.said), told
    for words in answer.said:
        assert "on our side" not in words and "Traceback" not in words and "Error:" not in words, told


def nothing_ran(own: Path) -> None:
    """No file of the corpus was run."""
    for folder in (ROOT, Path.home(), Path(tempfile.gettempdir())):
        assert not (folder / CANARY).exists()
    assert not [*own.rglob(f"*{CANARY}")]


def test_the_corpus_is_as_large_as_it_should_be():
    assert len(corpus()) >= 40 and sum(map(len, corpus().values())) >= 300


def test_every_place_that_takes_a_file_is_among_these(page):
    kinds = ("uploadbutton", "file", "image", "imageeditor", "audio", "video")
    found = {item["props"]["elem_id"] for item in page.components.values() if item["type"] in kinds}
    assert found == {
        *PICTURES,
        "restore-file",
        "upscale-image",
        "verify-file",
        "train-files",
        "train-import-run",
    }


def test_one_of_each_class_somewhere(page, own):
    """Each class once, the places by turns; the app's own log is read at the end (`serving`)."""
    turns = itertools.cycle(place for place, (_, seconds) in PLACES.items() if seconds == AT_ONCE)
    for files in corpus().values():
        name = next(iter(files))
        give(page, next(turns), name, files[name])
    for kind in ("lying header", "zip bomb", "deep JSON", "pickle that runs"):
        name = next(iter(corpus()[kind]))
        give(page, "import", name, corpus()[kind][name])
    for kind in ("hostile weights", "hostile model card", "torch archive that runs"):
        name = next(iter(corpus()[kind]))
        give(page, "import-model", name, corpus()[kind][name])
    nothing_ran(own)


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_all_of_them_everywhere(page, own, place, capsys):
    files = [(name, data) for found in corpus().values() for name, data in found.items()]
    for name, data in files:
        give(page, place, name, data)
    nothing_ran(own)
    with capsys.disabled():
        print(f"\n{place}: {len(files)} files of {len(corpus())} classes")


@pytest.mark.slow
def test_all_texts_pasted(page, own):
    for found in corpus().values():
        for data in found.values():
            if len(data) < 1 << 20:
                answer = pasted(page, data.decode("utf-8", "replace"))
                assert answer.seconds < IN_CHILD and (answer.done or answer.said)
    nothing_ran(own)
