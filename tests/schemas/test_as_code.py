"""What the page shows as code really makes the same."""

import json
import os
import re
import shlex
import subprocess
import sys
from urllib.parse import parse_qs

import numpy as np
import pytest
from PIL import Image

from aigc_demo import actions, provenance
from aigc_demo.cli.commands import build_parser
from aigc_demo.cli.flags import values_of
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import ROOT
from aigc_demo.schemas import (
    REQUESTS,
    GridRequest,
    ImageRequest,
    ReconstructRequest,
    TextRequest,
    WalkRequest,
    as_code,
    check,
)
from aigc_demo.ui.page.panels import loss_source, source

SHIPPED = [card.parent.name for card in ROOT.glob("weights/*/README.md")]
REQUESTS_TO_SHOW = [
    TextRequest(),
    TextRequest(prompt="-- 春望; rm -rf 'x' \"y\" $HOME `z`\n第二行 🌸", prompt_is="opening", temperature=0),
    TextRequest(
        model="gpt-austen", prompt="=", heads="-生日", count=16, top_k=5, top_p=0.5, repetition_penalty=1
    ),
    ImageRequest(count=64, label="3, 7,运动鞋", seed=2**32 - 1, truncation_psi=0.7, prior="normal"),
    ImageRequest(model="runs/我的 model", label="-1"),
    ReconstructRequest(image="/tmp/a picture.png", noise=0.25),
    WalkRequest(there_and_back=False, frames=7, interpolation="lerp", from_label="T恤"),
    WalkRequest(),
    GridRequest(seeds=[9, 8, 7, 6], labels=["-a", "b c", "3", "全部"], size=3),
]


@pytest.mark.parametrize("request_", REQUESTS_TO_SHOW, ids=lambda request: type(request).__name__)
def test_the_command_line_asks_for_the_same(request_):
    words = shlex.split(as_code.command_line(request_))
    assert words[:3] == ["python", "-m", "aigc_demo"]
    flags = build_parser("en").parse_args(words[3:])
    assert flags.command.request is type(request_)
    assert check(type(request_), values_of(type(request_), flags)) == request_
    assert flags.out is not None


@pytest.mark.parametrize("request_", REQUESTS_TO_SHOW, ids=lambda request: type(request).__name__)
def test_the_link_asks_for_the_same(request_):
    (text,) = parse_qs(as_code.link(request_).removeprefix("?"))["recipe"]
    task, values = as_code.read_link(text)
    assert check(REQUESTS[task], values) == request_


@pytest.mark.parametrize("request_", REQUESTS_TO_SHOW, ids=lambda request: type(request).__name__)
def test_the_python_asks_for_the_same(request_):
    program = as_code.python(request_)
    line = next(line for line in program.splitlines() if line.startswith("request = "))
    kind = type(request_)
    assert eval(line.removeprefix("request = "), {kind.__name__: kind}) == request_
    compile(program, "shown", "exec")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        '{"model": "x"}',
        '{"task": "fly"}',
        '{"task": ["image"]}',
        "[" * 8000,
        '{"task": "image"',
    ],
)
def test_a_link_that_cannot_be_read_is_a_sentence(text):
    with pytest.raises(InputError, match="copy the whole link"):
        as_code.read_link(text)


def test_what_a_link_says_is_checked():
    task, values = as_code.read_link(json.dumps({"task": "image", "count": 10**9, "evil": 1}))
    with pytest.raises(InputError):
        check(REQUESTS[task], values)


def test_the_python_runs_and_makes_the_same_picture(cache, settings, tmp_path):
    request = ImageRequest(count=6, seed=11, truncation_psi=0.8)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AIGC_WEIGHTS_DIR": str(settings.weights_dir)}
    run = subprocess.run(
        [sys.executable, "-c", as_code.python(request)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    made = tmp_path / run.stdout.strip()
    wanted = actions.write_sheet(actions.make_images(request, cache), tmp_path)
    assert np.array_equal(np.asarray(Image.open(made)), np.asarray(Image.open(wanted)))
    assert provenance.read(made).recipe == provenance.read(wanted).recipe


@pytest.mark.parametrize("family", ["gan", "vae", "transformer"])
def test_the_loss_is_that_of_the_package(family):
    path = loss_source(family)
    assert source(path) == (ROOT / "aigc_demo" / path).read_text("utf-8") and "def " in source(path)


@pytest.mark.parametrize(
    "lesson", sorted(ROOT.glob("aigc_demo/**/lesson.en.md")), ids=lambda path: path.parent.name
)
def test_what_a_lesson_proposes_to_try_is_a_link_that_opens_the_same_in_both_languages(lesson):
    texts = [lesson.with_name(f"lesson.{lang}.md").read_text("utf-8") for lang in ("en", "zh")]
    links = [re.findall(r"\]\(\?recipe=(.*?})\)", text) for text in texts]
    assert texts[0] != texts[1] and links[0] == links[1]
    for text in links[0]:
        task, values = as_code.read_link(text)
        assert as_code.request_of(task, values).model in SHIPPED
