"""What all tests share: an environment that asks no network, tiny random models in real files, settings, a cache."""

import os
from importlib import import_module

import pytest
import yaml

from aigc_demo.core.settings import Settings
from aigc_demo.models import precision
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.registry import find_card

os.environ |= {
    "OMP_WAIT_POLICY": "PASSIVE",  # before torch is imported
    "OMP_NUM_THREADS": "2",  # as many as a small machine has, wherever the tests run
    "HF_HUB_OFFLINE": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
}
for name in [name for name in os.environ if name.startswith("AIGC_")]:
    del os.environ[name]
MODELS = {
    "gan-digits": {"family": "gan", "tasks": ["image", "latent"], "data": "digits"},
    "gan-fashion": {"family": "gan", "tasks": ["image", "latent"], "data": "fashion"},
    "vae-digits": {"family": "vae", "tasks": ["image", "latent", "reconstruct"], "data": "digits"},
    "class-digits": {"family": "classifier", "tasks": ["classify"], "data": "digits"},
    "gpt-poems": {"family": "transformer", "tasks": ["text"], "data": "poems", "language": "zh"},
    "gpt-austen": {"family": "transformer", "tasks": ["text"], "data": "austen", "language": "en"},
    "realesrgan-x4": {"family": "gan", "kind": "upscaler", "tasks": ["upscale"], "data": "drawings"},
}


# What costs much, by the fixture that brings it; where no fixture does, a test or a module carries the marker itself.
COSTS = {
    "browser": "browser",
    "serving": "server",
    "forks": "process",
    "kill_jobs": "process",
    "downloads": "process",
    "trained": "training",
    "scenes": "process",
    "way": "process",
}
SECOND = frozenset(COSTS.values())


def pytest_addoption(parser):
    """--fuzz COUNT, for tests/hostile/test_fuzz.py."""
    parser.addoption("--fuzz", type=int, default=100, help="spoilt inputs that each parser is given")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The second tier: what a fixture or a marker says costs much. Long files first, so that no worker is left alone."""
    for item in items:
        for fixture in COSTS.keys() & set(item.fixturenames):
            item.add_marker(COSTS[fixture])
        if any(item.get_closest_marker(name) for name in SECOND):
            item.add_marker("second")
    long = {"ui", "doctor", "jobs"}
    items.sort(key=lambda item: not long & set(item.path.parts))


def write_card(folder, **block):
    """A README.md with the card's front matter."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {"en": f"Random {folder.name}", "zh": f"随机的 {folder.name}"}
    card = {"title": words, "summary": words, "parameters": 1000, "licence": "MIT", **block}
    matter = yaml.safe_dump({"license": "mit", "aigc": card}, allow_unicode=True)
    (folder / "README.md").write_text(f"---\n{matter}---\n\n# {folder.name}\n", encoding="utf-8")


def write_model(folder, seed=0, **block):
    """A debug model with its card, as a trained one lies in weights/."""
    family = import_module(f"aigc_demo.families.{block.get('kind') or block['family']}")
    options = {"language": block["language"]} if block["family"] == "transformer" else {}
    family.write_debug_model(folder, seed, **options)
    write_card(folder, **block)


@pytest.fixture(scope="session", autouse=True)
def float32():
    """What is computed in this process is in float32 on every processor, also on one that multiplies bfloat16 faster.

    A process has one precision from its first training on, and a busy machine does not always measure the same.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(precision, "_rate", lambda device, dtype: 1.0)
        yield


@pytest.fixture(scope="session")
def debug_models(tmp_path_factory):
    """A weights folder with a tiny random model under each name that the requests know."""
    weights = tmp_path_factory.mktemp("weights")
    for seed, (name, block) in enumerate(MODELS.items()):
        write_model(weights / name, seed, **block)
    return weights


@pytest.fixture(scope="session")
def write_debug_model():
    """Write another model like the one called `name`: write_debug_model(folder, name, seed)."""
    return lambda folder, name, seed: write_model(folder, seed, **MODELS[name])


def settings_in(own, weights):
    """Settings on the CPU, without a network, whose folders lie in `own` but for the models."""
    return Settings(
        weights_dir=weights,
        runs_dir=own / "runs",
        data_dir=own / "data",
        outputs_dir=own / "outputs",
        device="cpu",
        offline=True,
    )


@pytest.fixture
def settings(debug_models, tmp_path):
    """Settings whose folders are the test's own."""
    return settings_in(tmp_path, debug_models)


@pytest.fixture
def cache(settings):
    """The models of `settings`, none loaded yet."""
    return ModelCache(settings)


@pytest.fixture(scope="session")
def serving():
    """`with serving(folder, **variables) as url`: the app in a process of its own."""
    from tests.serving import serve

    return serve


@pytest.fixture(scope="session")
def hub_of_server():
    """The hub that `server` asks; tests add models to it."""
    from tests.hub.server import HubServer

    with HubServer() as hub:
        yield hub


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory):
    """Where `server` writes all that it writes."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def server(serving, hub_of_server, server_folder):
    """The address of the app on one's own machine, with small pretrained models."""
    from tests.serving import write_pretrained

    write_pretrained(server_folder / "pretrained", server_folder / "data")
    hub_dir = str(server_folder / "hub")
    online = {
        "HF_ENDPOINT": hub_of_server.url,
        "HF_HUB_OFFLINE": "0",
        "AIGC_HUB_DIR": hub_dir,
        "HF_TOKEN": "",
    }
    with serving(server_folder, **online) as url:
        yield url


@pytest.fixture(scope="session")
def public_folder(tmp_path_factory):
    """Where `public` writes all that it writes."""
    return tmp_path_factory.mktemp("public")


@pytest.fixture(scope="session")
def public(serving, public_folder):
    """The address of a public page with small pretrained models, on which no hub answers."""
    from tests.serving import write_pretrained

    write_pretrained(public_folder / "pretrained", public_folder / "data")
    unheard = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    with serving(public_folder, AIGC_MODE="spaces", AIGC_ALLOW_UNCHECKED_PICTURES="1", **unheard) as url:
        yield url


@pytest.fixture
def card(settings):
    """The card of a model: card("gan-digits")."""
    return lambda name: find_card(name, settings)


@pytest.fixture
def seven(tmp_path):
    """A drawn 7."""
    from PIL import Image, ImageDraw

    picture = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(picture).line([(70, 60), (200, 60), (120, 220)], fill=0, width=24)
    picture.save(tmp_path / "seven.png")
    return str(tmp_path / "seven.png")
