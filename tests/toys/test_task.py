"""A task is its own files and a row: it goes the whole way, and what else of the package was edited is counted."""

import json
from urllib.parse import parse_qs

import pytest

from aigc_demo import provenance
from tests.toys.house import add_task, build, edited, go

WAY = """
found = {"command": command("mirror", "--gap", "3", "--seed", "7", "--out", str(own))}

from aigc_demo import actions
from aigc_demo.core.settings import settings_from
from aigc_demo.publish.plan import plan_for
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import as_code
from aigc_demo.schemas.mirror import MirrorRequest
from aigc_demo.ui import build_app

request = MirrorRequest(seed=7, gap=3)
out = StringIO()
with redirect_stdout(out):
    exec(as_code.python(request))
found["python"], found["link"] = out.getvalue().strip(), as_code.link(request)
page, _ = build_app(settings_from({}))
ids = [part["props"].get("elem_id") for part in page.get_config_file()["components"]]
found["tabs"] = [name for name in ids if name and (name.startswith("tab-") or name == "mirror-gap")]
[call] = [fn.fn for fn in page.fns.values() if fn.api_name == "mirror"]
found["endpoint"] = call("vae-digits", 7, 3)
only, _ = build_app(settings_from({"tabs": "mirror,verify"}))
ids = [part["props"].get("elem_id") for part in only.get_config_file()["components"]]
found["only"] = [name for name in ids if name and name.startswith("tab-")]
found["published"] = plan_for("vae-digits", settings_from({})).tabs
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The app with one task more."""
    folder = build(tmp_path_factory.mktemp("house"))
    add_task(folder)
    return folder


@pytest.fixture(scope="module")
def way(house, debug_models, tmp_path_factory):
    """What the steps of the way printed."""
    own = tmp_path_factory.mktemp("own")
    return go(house, WAY, own, weights=debug_models), house


def test_three_files_of_the_package_were_edited(house):
    assert edited(house) == ["actions/__init__.py", "core/settings.py", "schemas/tasks.py"]


def test_its_command_makes_a_labelled_file_and_says_its_facts(way):
    found, _ = way
    assert found["command"]["width"] == 28
    recipe = provenance.read(found["command"]["files"][0]).recipe
    assert (recipe.task, recipe.request["gap"], recipe.request["seed"]) == ("mirror", 3, 7)


def test_the_code_and_the_link_make_the_same(way):
    found, house = way
    assert provenance.read(house / found["python"]).recipe.request["gap"] == 3
    [recipe] = parse_qs(found["link"].removeprefix("?"))["recipe"]
    assert json.loads(recipe) == {"task": "mirror", "model": "vae-digits", "seed": 7, "gap": 3}


def test_the_page_has_its_tab_and_its_endpoint(way):
    found, _ = way
    assert {"tab-mirror", "mirror-gap"} <= set(found["tabs"]) and "tab-text" in found["tabs"]
    assert found["endpoint"]["width"] == 28 and found["endpoint"]["file"]["path"].endswith(".png")
    assert found["only"] == ["tab-mirror", "tab-verify"]


def test_a_published_model_is_shown_in_it(way):
    found, _ = way
    assert "image" in found["published"] and found["published"][-1] == "verify"
