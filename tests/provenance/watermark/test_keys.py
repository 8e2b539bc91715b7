"""The installation's key: made once, kept to its owner, set by a variable."""

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.provenance.watermark.keys import VARIABLE, mark_key


def test_a_key_is_made_once_and_is_its_owners_alone(settings):
    key = mark_key(settings, "text")
    assert len(key) == 32
    assert mark_key(settings, "text") == key != mark_key(settings, "image")
    assert (settings.data_dir / "mark.key").stat().st_mode & 0o777 == 0o600


def test_another_process_reads_the_same_key(settings):
    settings.data_dir.mkdir()
    (settings.data_dir / "mark.key").write_bytes(bytes(32))
    same = settings.model_copy(update={"data_dir": settings.data_dir / ".." / settings.data_dir.name})
    assert mark_key(settings, "text") == mark_key(same, "text")


def test_a_variable_sets_it(settings, monkeypatch):
    monkeypatch.setenv(VARIABLE, "a secret of some length")
    key = mark_key(settings, "text")
    assert not settings.data_dir.exists()
    monkeypatch.setenv(VARIABLE, "another secret of some length")
    assert mark_key(settings, "text") != key
    monkeypatch.setenv(VARIABLE, "short")
    with pytest.raises(InputError, match="at least 16"):
        mark_key(settings, "text")


def test_where_nothing_can_be_written_the_key_lasts_as_long_as_the_app(settings, tmp_path):
    (tmp_path / "file").write_text("")
    nowhere = settings.model_copy(update={"data_dir": tmp_path / "file" / "data"})
    assert mark_key(nowhere, "text") == mark_key(nowhere, "text")
