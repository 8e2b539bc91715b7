"""Fetching through the real client and the real child process, from a hub on loopback that goes wrong on purpose."""

import hashlib
import time

import pytest

from aigc_demo import hub as models
from aigc_demo.core.errors import InputError
from aigc_demo.hub.client import repository
from aigc_demo.hub.failures import sentence
from aigc_demo.hub.fetch import Progress, stream
from aigc_demo.hub.files import RepoFile
from aigc_demo.models.placement import Placement
from aigc_demo.runtime import registry
from tests.hub.server import TOKEN

ID = "someone/tiny-llama"


def fetched(downloads, model_id=ID):
    """Fetch to the end; the download."""
    downloads.start(model_id)
    return downloads.wait(model_id, 60)


def until(downloads, condition, seconds=30):
    """Wait for a state of the download."""
    end = time.monotonic() + seconds
    while not condition(downloads.status(ID)):
        assert time.monotonic() < end
        time.sleep(0.02)
    return downloads.status(ID)


def test_fetched_checked_listed_loaded_offline_and_deleted(hub, llama, downloads, settings):
    repo = hub.add(ID, llama)
    done = fetched(downloads)
    assert done.error is None and done.state == "done" and done.done_bytes == done.total_bytes
    [card] = [card for card in models.fetched(settings) if card.id == ID]
    assert (card.family, card.kind, card.tasks) == ("transformer", "causal_lm", ("text", "chat", "rewrite"))
    assert (card.revision, card.licence) == (repo.sha, "apache-2.0")
    assert models.size_on_disk(card) == done.total_bytes
    assert models.look_up(ID, settings).already
    assert all(not token for *_, token in hub.contents())
    asked = len(hub.requests)
    offline = settings.model_copy(update={"offline": True})
    card = registry.find_card(ID, offline, "text")
    assert registry.load(card, Placement()).context_length
    assert len(hub.requests) == asked
    assert models.look_up(ID, offline).already
    with pytest.raises(InputError, match="offline"):
        models.look_up("someone/else", offline)
    models.delete(ID, settings)
    assert ID not in [card.id for card in models.fetched(settings)]
    assert not repository(ID, settings).exists()


def test_cancelled_halfway_and_resumed_from_there(hub, llama, downloads, settings):
    hub.add(ID, llama)
    hub.rate = 60_000
    downloads.start(ID)
    until(downloads, lambda now: now.done_bytes > now.total_bytes / 2)
    assert downloads.start(ID).state == "running"  # a second start is shown the first
    assert downloads.status(ID).seconds_left > 0
    downloads.cancel(ID)
    assert downloads.wait(ID, 10).state == "cancelled"
    [partial] = repository(ID, settings).glob("blobs/*.incomplete")
    kept = partial.stat().st_size
    offer = models.look_up(ID, settings)
    assert kept > 0 and kept <= offer.here_bytes < offer.bytes and not offer.already
    hub.add("someone/other", llama)
    with pytest.raises(InputError, match="no fetched model"):
        models.delete("someone/other", settings)
    hub.rate, hub.requests = 0, []
    assert fetched(downloads).state == "done"
    assert f"bytes={kept}-" in [asked for _, asked, _ in hub.contents()]


def test_what_came_in_part_can_be_deleted(hub, llama, settings):
    hub.add(ID, llama)
    blobs = repository(ID, settings) / "blobs"
    blobs.mkdir(parents=True)
    for name in ("0" * 64, "1" * 40, "2" * 64 + ".12345678"):
        (blobs / f"{name}.incomplete").touch()
    models.delete(ID, settings)
    assert [path.name[0] for path in blobs.iterdir()] == ["2"]  # another program's


def test_a_dropped_line_is_taken_up_where_it_broke(hub, llama, downloads):
    hub.add(ID, llama)
    hub.drops = [30_000, 50_000]
    assert fetched(downloads).state == "done"
    asked = [asked for path, asked, _ in hub.contents() if "/cdn/" in path]
    assert asked == ["bytes=0-", "bytes=30000-", "bytes=80000-"]


def test_what_another_program_has_fetched_is_checked_and_taken(hub, llama, downloads, settings):
    from huggingface_hub import hf_hub_download

    repo = hub.add(ID, llama)
    for name in repo.files():
        hf_hub_download(ID, name, revision=repo.sha, cache_dir=settings.hub_dir)
    hub.requests.clear()
    offline = models.Downloads(settings.model_copy(update={"offline": True}))
    assert fetched(offline).error is None
    assert not hub.requests
    models.delete(ID, settings)
    with pytest.raises(InputError, match="offline"):
        offline.start(ID)


def test_two_processes_do_not_fetch_the_same_model_at_once(hub, llama, downloads, settings):
    from filelock import FileLock

    hub.add(ID, llama)
    repository(ID, settings).mkdir(parents=True)
    with FileLock(repository(ID, settings) / ".aigc-demo.lock"):
        assert "Another process" in fetched(downloads).error.en


def test_two_models_at_once_are_enough(hub, llama, downloads):
    hub.rate = 1000
    for name in "abc":
        hub.add(f"someone/{name}", llama)
    downloads.start("someone/a")
    downloads.start("someone/b")
    with pytest.raises(InputError, match="2 models are being fetched"):
        downloads.start("someone/c")
    downloads.cancel("someone/a")
    assert downloads.wait("someone/a", 20).state == "cancelled"


def test_a_stream_without_ranges_begins_anew_and_trouble_is_waited_for(hub, llama, tmp_path, monkeypatch):
    repo = hub.add(ID, llama)
    content = (llama / "model.safetensors").read_bytes()
    file = RepoFile("model.safetensors", len(content), sha256=hashlib.sha256(content).hexdigest())
    url = f"{hub.url}/{ID}/resolve/{repo.sha}/model.safetensors"
    partial = tmp_path / "part.incomplete"
    for there, ranges in (
        (content[:70_000], False),
        (content[:70_000], True),
        (content + b"more", True),
        (b"", True),
    ):
        partial.write_bytes(there)
        hub.ranges, progress = ranges, Progress()
        stream(url, partial, file, progress)
        assert partial.read_bytes() == content and progress.done == len(content)
    partial.unlink()
    hub.troubles = 2  # calls that are answered with 503 before all is well
    stream(url, partial, file, Progress())
    assert partial.read_bytes() == content


def test_wrong_bytes_are_deleted_and_said(hub, llama, downloads, settings):
    repo = hub.add(ID, llama, wrong={"model.safetensors"})
    failed = fetched(downloads)
    assert failed.state == "failed" and "hash differs" in failed.error.en and "哈希" in failed.error.zh
    assert not list(repository(ID, settings).glob("blobs/*.incomplete"))
    assert ID not in [card.id for card in models.fetched(settings)]
    repo.wrong = set()
    assert fetched(downloads).state == "done"


def test_gated_wants_a_token_which_the_other_host_never_sees(hub, llama, downloads, settings, monkeypatch):
    hub.add(ID, llama, gated=True)
    assert models.look_up(ID, settings).gated
    failed = fetched(downloads)
    assert "gated" in failed.error.en and "HF_TOKEN" in failed.error.zh
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.requests.clear()
    assert fetched(downloads).state == "done"
    assert {token for path, _, token in hub.contents() if "/cdn/" in path} == {False}


def test_missing_models_and_ids_that_are_none(hub, settings, downloads):
    with pytest.raises(InputError, match="has no model"):
        models.look_up("nobody/nothing", settings)
    for wrong in ("nothing", "../etc", "a/b/c", "a/../b", "a/b?x", ""):
        with pytest.raises(InputError, match="OWNER/NAME"):
            downloads.start(wrong)


def test_a_hub_in_trouble_and_no_hub(hub, settings, monkeypatch):
    hub.status = 503
    with pytest.raises(InputError, match=r"HTTP 503.*HF_ENDPOINT"):
        models.look_up(ID, settings)
    with pytest.raises(InputError, match="HTTP 503"):
        models.search("llama", "", settings)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"cannot be reached.*HF_ENDPOINT"):
        models.look_up(ID, settings)


@pytest.mark.parametrize("page", [b"<html>", b"[1]", b"{}", b'"x"'])
def test_a_network_that_answers_in_the_hubs_place(hub, settings, page):
    hub.page = page
    with pytest.raises(InputError, match="no model hub"):
        models.look_up(ID, settings)
    with pytest.raises(InputError, match="no model hub"):
        models.search("llama", "", settings)


@pytest.mark.parametrize(
    "told",
    [
        {"sha": "../../../evil"},
        {"sha": None},
        {"siblings": [{"rfilename": "config.json", "size": 1, "blobId": "../../evil"}]},
        {
            "siblings": [
                {"rfilename": "x.safetensors", "lfs": {"sha256": "/etc/x", "size": 1, "pointerSize": 1}}
            ]
        },
        {"siblings": [{"rfilename": "config.json", "size": "much", "blobId": "0" * 40}]},
    ],
)
def test_a_hub_that_would_write_elsewhere(hub, llama, downloads, told):
    hub.add(ID, llama, told=told)
    with pytest.raises(InputError, match="no model hub"):
        downloads.start(ID)


def test_a_renamed_model_is_kept_under_the_name_asked_for(hub, llama, settings):
    hub.add(ID, llama, told={"id": "else/where"})
    assert models.look_up(ID, settings).card.id == ID


def test_a_cache_that_cannot_be_written():
    error = sentence(PermissionError(13, "Permission denied", "/cache/x"))
    assert "--hub-dir" in error.text.en and "/cache/x" in error.text.zh


def test_a_silent_hub_is_not_waited_for(hub, llama, settings, monkeypatch):
    hub.add(ID, llama)
    hub.silent = 1.0
    monkeypatch.setattr("aigc_demo.hub.offers.PATIENCE", 0.2)
    with pytest.raises(InputError, match="in time"):
        models.look_up(ID, settings)


def test_what_cannot_be_used_is_not_fetched(hub, llama, downloads, settings, tmp_path):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text('{"architectures": ["OddModel"]}')
    (tmp_path / "odd" / "model.safetensors").write_bytes(b"")
    hub.add("someone/odd", tmp_path / "odd")
    with pytest.raises(InputError, match="OddModel"):
        downloads.start("someone/odd")
    (tmp_path / "odd" / "model.safetensors").rename(tmp_path / "odd" / "pytorch_model.bin")
    (tmp_path / "odd" / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    with pytest.raises(InputError, match="safetensors"):
        downloads.start("someone/odd")


def test_what_came_and_is_not_what_it_says_is_not_offered(hub, llama, downloads, settings):
    hub.add(ID, llama, extra={"generation_config.json": b'{"trust_remote_code": true}'})
    failed = fetched(downloads)
    assert failed.state == "failed" and "code of its own" in failed.error.en
    assert ID not in [card.id for card in models.fetched(settings)]


def test_no_room_on_the_disk(hub, llama, downloads, monkeypatch):
    hub.add(ID, llama)
    monkeypatch.setattr("aigc_demo.hub.offers.MARGIN", 1 << 60)
    with pytest.raises(InputError, match="make room first"):
        downloads.start(ID)


def test_public_pages_fetch_only_where_allowed_and_only_from_the_catalogue(hub, llama, settings):
    public = settings.model_copy(update={"mode": "share"})
    with pytest.raises(InputError, match="public page"):
        models.Downloads(public).start(ID)
    with pytest.raises(InputError, match="public page"):
        models.delete(ID, public)
    hub.add(ID, llama)
    allowed = public.model_copy(update={"allow_downloads": True})
    with pytest.raises(InputError, match="not in the catalogue"):
        models.Downloads(allowed).start(ID)
    assert not hub.requests


def test_the_child_is_given_the_hubs_token_and_no_other_secret(monkeypatch):
    from aigc_demo.hub.downloads import _environment

    monkeypatch.setenv("HF_TOKEN", "one")
    monkeypatch.setenv("OPENAI_API_KEY", "two")
    environment = _environment()
    assert environment["HF_TOKEN"] == "one" and "OPENAI_API_KEY" not in environment
