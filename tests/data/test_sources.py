"""Debian source packages without root: from a repository that the test writes, by the real apt."""

import hashlib
import io
import shutil
import tarfile

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.data import sources


def test_sources_are_listed_where_a_system_lists_binaries_alone(tmp_path):
    etc, parts = tmp_path / "etc", tmp_path / "parts"
    (etc / "sources.list.d").mkdir(parents=True)
    parts.mkdir()
    (etc / "sources.list").write_text(
        "# mirror\ndeb [arch=amd64] file:/a stable main\ndeb-src file:/a stable main\n", "utf-8"
    )
    (etc / "sources.list.d" / "debian.sources").write_text(
        "Types: deb\nURIs: file:/b\nSuites: stable\n", "utf-8"
    )
    (etc / "sources.list.d" / "notes.txt").write_text("deb file:/c\n", "utf-8")
    sources.list_sources(etc, parts)
    listed = (parts / "sources.list").read_text("utf-8").splitlines()
    assert listed[1:] == ["deb-src [arch=amd64] file:/a stable main", "deb-src file:/a stable main"]
    assert (parts / "debian.sources").read_text("utf-8").startswith("Types: deb-src\nURIs: file:/b")
    assert not (parts / "notes.txt").exists()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with the source package toy 1.0, whose .debian.tar is missing, and apt told of it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        entry = tarfile.TarInfo("toy-1.0/tile.txt")
        entry.size = 5
        tar.addfile(entry, io.BytesIO(b"a elf"))
        link = tarfile.TarInfo("toy-1.0/out")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)
    files = {"toy_1.0.orig.tar.gz": content.getvalue(), "toy_1.0-1.dsc": b"Format: 3.0 (quilt)\n"}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    files["toy_1.0-1.debian.tar.xz"] = b"not here"
    sums = {
        "Files": [f" {hashlib.md5(data).hexdigest()} {len(data)} {name}" for name, data in files.items()],
        "Checksums-Sha256": [
            f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}" for name, data in files.items()
        ],
    }
    lines = [
        "Package: toy",
        "Binary: toy",
        "Version: 1.0-1",
        "Architecture: all",
        "Format: 3.0 (quilt)",
        "Directory: .",
    ]
    for key, rows in sums.items():
        lines += [f"{key}:", *rows]
    (folder / "Sources").write_text("\n".join(lines) + "\n", "utf-8")
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "sources.list").write_text(f"deb [trusted=yes] file:{folder} ./\n", "utf-8")
    monkeypatch.setattr(sources, "ETC_APT", etc)


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="no apt on this system")
def test_the_original_files_come_out_although_debians_part_is_missing(repository, tmp_path):
    into = tmp_path / "into"
    into.mkdir()
    sources.from_apt_source("toy", "1.0", into)
    assert (into / "toy-1.0" / "tile.txt").read_text("utf-8") == "a elf"
    assert not (into / "toy-1.0" / "out").exists()  # no link is followed out of the folder
    assert not (into / ".apt").exists()
    (tmp_path / "again").mkdir()
    with pytest.raises(InputError, match=r"apt-get|another version"):
        sources.from_apt_source("toy", "2.0", tmp_path / "again")
