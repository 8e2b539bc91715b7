"""A hub on loopback that the real client talks to, in this process and in the children."""

import pytest

from aigc_demo.hub import Downloads
from tests.checkpoints.language import write_llama
from tests.hub.server import HubServer


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    """A tiny Llama's folder."""
    return write_llama(tmp_path_factory.mktemp("hub") / "llama")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The hub, empty; HF_ENDPOINT names it, and nothing is offline."""
    from huggingface_hub import constants

    with HubServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))  # where no token of the developer's lies
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "home" / "token"))
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        address = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield server


@pytest.fixture
def settings(settings, tmp_path):
    """Settings with a hub cache of the test's own, online."""
    return settings.model_copy(update={"hub_dir": tmp_path / "cache", "offline": False})


@pytest.fixture
def downloads(settings):
    """The downloads of the app; none is left running."""
    downloads = Downloads(settings)
    yield downloads
    for download in downloads.all():
        downloads.cancel(download.id)
        downloads.wait(download.id, 20)
