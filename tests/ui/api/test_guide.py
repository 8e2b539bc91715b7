"""The guide to the HTTP API says what the page does: it is up to date, and each of its examples runs."""

import json
import re
import shutil
import subprocess

import pytest
from PIL import Image, ImageDraw

from aigc_demo.ui import build_app
from tests import api_guide
from tests.checkpoints import diffusion, keep_card, language
from tests.conftest import settings_in
from tests.few_digits import write_few

# the models that the requests name by default, here tiny and random
PRETRAINED = {
    "HuggingFaceTB/SmolLM2-135M-Instruct": (
        language.write_llama, "transformer", "causal_lm", ("text", "chat"), {"language": "en"}
    ),
    "couplets": (
        language.write_marian, "seq2seq", "seq2seq", ("rewrite",), {"language": "en, zh"}
    ),
    "draw-heroes": (diffusion.write_sd, "diffusion", "text_to_image", ("draw",), {}),
}  # fmt: skip
GUIDE = api_guide.GUIDE.read_text("utf-8")


def examples(language, url=api_guide.URL):
    """{endpoint: code} of the guide in one language, for the page at `url`; each language's run has its own name."""
    sections = re.findall(r"^## /(\w+)\n(.*?)(?=^## |\Z)", GUIDE, re.S | re.M)
    found = {name: re.search(rf"```{language}\n(.*?)\n```", text, re.S)[1] for name, text in sections}
    return {
        name: code.replace(api_guide.URL, url).replace("my-gan", f"my-{language}")
        for name, code in found.items()
    }


@pytest.fixture(scope="module")
def url(debug_models, tmp_path_factory):
    """A page served in this process, with all the models and the data that the examples name."""
    own = tmp_path_factory.mktemp("guide")
    write_few(own / "data" / "digits")
    settings = settings_in(own, debug_models)
    for name, (write, family, kind, tasks, more) in PRETRAINED.items():
        keep_card(settings, write(own / "hub" / name), name, family, kind, tasks, **more)
    page, options = build_app(settings)
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, **options)
    yield address.rstrip("/")
    page.close()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the caller sits, with the picture that the examples upload."""
    picture = Image.new("L", (56, 56), 255)
    ImageDraw.Draw(picture).line([(16, 12), (40, 12), (24, 46)], fill=0, width=5)
    picture.save(tmp_path / "seven.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(name):
    """The words of the guide's answer line."""
    return set(re.findall(r"\w+", api_guide.CALLS[name][1]))


def check_answer(name, answer):
    """An answer has no field that the guide is silent about."""
    keys = set(answer[0]) & {"id", "family"} if isinstance(answer, list) else set(answer)
    assert keys
    assert keys <= told(name) | (told("start_training") if name in ("job", "stop_job") else set()), name


def test_the_guide_is_up_to_date():
    assert api_guide.guide() == GUIDE, "run python -m tests.readme"


@pytest.mark.server
def test_each_example_in_python_runs(url, folder):
    for name, code in examples("python", url).items():
        scope = {}
        exec(code.replace("print(answer)", ""), scope)
        check_answer(name, scope["answer"])


@pytest.mark.server
def test_each_example_with_curl_runs(url, folder):
    for name, code in examples("bash", url).items():
        done = subprocess.run(["bash", "-euc", code], capture_output=True, text=True, timeout=120, check=True)
        event, data = done.stdout.strip().splitlines()[-2:]
        assert event == "event: complete", f"{name}: {done.stdout}"
        check_answer(name, json.loads(data.removeprefix("data: "))[0])


@pytest.mark.slow
def test_each_example_in_javascript_runs(url, folder):
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs Node with npm")
    subprocess.run([npm, "install", "--silent", "@gradio/client@2"], check=True, timeout=300)
    for name, code in examples("javascript", url).items():
        printed = code.replace("answer.data[0]);", "JSON.stringify(answer.data[0]));")
        (folder / "example.mjs").write_text(printed)
        done = subprocess.run(
            ["node", "example.mjs"], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{name}: {done.stderr}"
        check_answer(name, json.loads(done.stdout.strip().splitlines()[-1]))


def test_javascript_examples_are_well_formed(folder):
    if shutil.which("node") is None:
        pytest.skip("needs Node")
    code = "\n".join(
        f"async () => {{\n{body.split(chr(10), 2)[2]}\n}};" for body in examples("javascript").values()
    )
    (folder / "all.mjs").write_text(code)
    subprocess.run(["node", "--check", "all.mjs"], check=True, timeout=60)


def test_the_page_leads_to_the_guide(visit):
    visitor = visit(lang="zh-CN")
    link = visitor.page.locator("#api-guide a")
    assert link.inner_text() == "从程序调用本页面"
    assert visitor.page.request.get(link.evaluate("a => a.href")).text() == GUIDE


def test_the_page_leads_to_the_handbook(visit):
    page = visit(lang="en-US").page
    links = page.locator("#handbook a").evaluate_all("links => links.map(a => [a.href, a.target])")
    assert len(links) > 10 and {target for _, target in links} == {"_blank"}
    for href, _ in links:
        assert page.request.get(href).text().startswith("# ")
