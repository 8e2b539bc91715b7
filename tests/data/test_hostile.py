"""Every file of the hostile corpus is refused in one sentence, in both languages, and harms nothing."""

import json
import resource
import time

import psutil
import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.data.imports import ImportRequest, import_files, own
from tests.data import hostile

LIMIT = 512 << 20  # bytes that the app may grow by


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def flat(classes):
    return {name: data for files in classes.values() for name, data in files.items()}


def request(**changes):
    return ImportRequest(**{"name": "odd", "consent": True, "side": 32, **changes})


def check_refusals(manifest, names):
    """Each of `names` is refused once, by its name, in one sentence a language."""
    refused = {}
    for entry in manifest.refused:
        refused.setdefault(entry.name, []).append(entry)
    assert set(names) <= refused.keys(), set(names) - refused.keys()
    for entry in manifest.refused:
        assert entry.en.startswith(entry.name) and entry.zh.startswith(entry.name)
        assert entry.en.endswith(".") and entry.zh.endswith("。")
        for sentence in (entry.en, entry.zh):
            assert len(sentence) < 300 and sentence.isprintable() and "Traceback" not in sentence
    assert not set(names) & {file.name for file in manifest.files}


def test_the_corpus_is_as_large_as_promised():
    classes = [hostile.pictures(), hostile.archives(), hostile.entries(), hostile.texts()]
    assert sum(map(len, classes)) >= 20
    assert sum(len(flat(group)) for group in classes) >= 60


def test_pictures_and_zips(tmp_path):
    """All at once: what is good among them goes in, the app does not grow, nothing is written elsewhere."""
    bad, wholly, partly = hostile.pictures(), hostile.archives(), hostile.entries()
    sources = write(tmp_path / "bad", flat(bad) | flat(wholly) | flat(partly))
    sources += write(tmp_path / "odd", hostile.oddities())
    sources += [tmp_path / "gone.png", tmp_path / "linked.png"]
    (tmp_path / "linked.png").symlink_to("/etc/passwd")
    before, memory = sorted(tmp_path.rglob("*")), psutil.Process().memory_info().rss
    manifest = import_files(request(), sources, tmp_path / "data")
    assert psutil.Process().memory_info().rss - memory < LIMIT
    check_refusals(manifest, [*flat(bad), *flat(wholly), "gone.png", "linked.png", "more.png", "less.png"])
    names = {file.name for file in manifest.files}
    in_zips = {name for name in names if name.startswith("fine/")} | {"same.png"}
    assert len(in_zips) == len(flat(partly))
    assert len(names) == len(in_zips) + len(hostile.oddities())
    for class_name, reason in REASONS.items():
        assert [entry for entry in manifest.refused if reason in entry.en], class_name
    assert {path for path in tmp_path.rglob("*") if tmp_path / "data" not in path.parents} == {
        *before,
        tmp_path / "data",
    }
    assert sorted(path.name for path in (tmp_path / "data" / "odd").iterdir()) == [
        "images.safetensors",
        "manifest.json",
        "source.json",
    ]


REASONS = {
    "leads out": "lead out of its folder",
    "link": "is a link",
    "name twice": "twice",
    "wrong checksum": "crc.png is damaged in the zip",
    "unknown compression": "method.png is damaged in the zip",
    "encrypted": "encrypted",
    "zip in zip": "inner.zip is an archive within",
    "zip bomb": "zip bomb",
    "lying size": "less.png is damaged in the zip",
    "too many entries": "60,000 files",
    "states more than it may": "too large",
}


def test_texts(tmp_path):
    bad = hostile.texts()
    sources = write(tmp_path / "bad", flat(bad))
    sources += write(
        tmp_path / "good",
        {
            "fine.txt": b"A line of words.\n" * 100,
            "con.txt": "文字。\n".encode("gb18030") * 50,
            "latin.txt": "café à la crème, ñandú\n".encode("latin-1") * 50,
        },
    )
    memory = psutil.Process().memory_info().rss
    manifest = import_files(request(kind="text"), sources, tmp_path / "data")
    assert psutil.Process().memory_info().rss - memory < LIMIT
    check_refusals(manifest, [name for name in flat(bad) if not name.endswith(".zip")])
    assert {file.name for file in manifest.files} == {"fine.txt", "con.txt", "latin.txt"}
    assert not list(tmp_path.rglob("out.txt"))


def test_one_that_kills_its_reader_is_refused_and_the_others_go_in(tmp_path, monkeypatch):
    """A decoder that dies takes its process with it; the next one goes on after the file that did it."""
    fatal = "import os, sys\nfrom aigc_demo.data.imports import child, pictures\n"
    fatal += "take = pictures.PictureImport.take\n"
    fatal += "def dies(self, item):\n    return os.abort() if item.name.startswith('fatal') else take(self, item)\n"
    fatal += "pictures.PictureImport.take = dies\n"
    fatal += "from pathlib import Path\nchild.main(Path.cwd())\n"
    files = {f"{seed}.png": hostile.encoded(hostile.picture(seed)) for seed in range(10)}
    sources = write(
        tmp_path, files | {"fatal.png": files["3.png"], "5a.png": hostile.encoded(hostile.picture(99))}
    )
    started = started_with(monkeypatch, fatal)
    manifest = import_files(request(), sorted(sources), tmp_path / "data")
    assert len(started) == 2 and len(manifest.files) == 11
    assert [entry.name for entry in manifest.refused] == ["fatal.png"]
    assert "stops the program" in manifest.refused[0].en


def test_one_that_takes_too_long_is_refused(tmp_path, monkeypatch):
    slow = "from aigc_demo.data.imports import child, pictures\nchild.ITEM_SECONDS = 1\n"
    slow += "take = pictures.PictureImport.take\n"
    slow += "def waits(self, item):\n    while item.name == 'slow.png':\n        pass\n    return take(self, item)\n"
    slow += "pictures.PictureImport.take = waits\nfrom pathlib import Path\nchild.main(Path.cwd())\n"
    files = {f"{seed}.png": hostile.encoded(hostile.picture(seed)) for seed in range(9)}
    sources = write(tmp_path, {"slow.png": b"x"} | files)
    started_with(monkeypatch, slow)
    manifest = import_files(request(), sources, tmp_path / "data")
    assert len(manifest.files) == 9 and "too long" in manifest.refused[0].en


def started_with(monkeypatch, code):
    """Let the importing process run `code`; the list of those started."""
    import sys

    from aigc_demo.data.imports import run

    real, started = run.subprocess.Popen, []

    def popen(command, **options):
        started.append(command)
        return real([sys.executable, "-c", code], **options)

    monkeypatch.setattr(run.subprocess, "Popen", popen)
    return started


CONFINED = """
import json, os, socket, subprocess, sys
from pathlib import Path
from aigc_demo.data.imports.confinement import confine
confine(Path.cwd())
Path("inside").write_text("may be")
told = []
for attempt in (
    lambda: Path({outside!r}).write_text("x"),
    lambda: os.rename("inside", {outside!r}),
    lambda: os.symlink("inside", {outside!r}),
    lambda: subprocess.run(["true"]),
    lambda: os.system("true"),
    lambda: os.fork(),
    lambda: socket.create_connection(("127.0.0.1", 9)),
    lambda: bytearray(8 << 30),
):
    try:
        attempt()
        told.append("done")
    except (PermissionError, MemoryError) as error:
        told.append(type(error).__name__)
Path("told.json").write_text(json.dumps([told, dict(os.environ)]))
"""


def test_the_importing_process_cannot_write_elsewhere_run_programs_or_reach_the_network(
    tmp_path, monkeypatch
):
    from aigc_demo.data.imports import run

    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("HF_TOKEN", "secret")
    started_with(monkeypatch, CONFINED.format(outside=str(tmp_path / "outside")))
    (work / "journal.jsonl").touch()
    run._run_child(work, lambda: False, lambda done, total: None, time.monotonic())
    told, environment = json.loads((work / "told.json").read_text())
    assert told == ["PermissionError"] * 7 + ["MemoryError"]
    assert "HF_TOKEN" not in environment and not (tmp_path / "outside").exists()


@pytest.mark.slow
def test_each_alone_within_its_time(tmp_path, capsys):
    """Each file by itself: an InputError in 30 s, and the children never take more than their memory."""
    files = (
        flat(hostile.pictures()) | flat(hostile.archives()) | flat(hostile.entries()) | flat(hostile.texts())
    )
    took = {}
    for path in write(tmp_path / "bad", files):
        begun, memory = time.monotonic(), psutil.Process().memory_info().rss
        with pytest.raises(InputError) as caught:
            import_files(
                request(kind="text" if path.name in flat(hostile.texts()) else "auto"),
                [path],
                tmp_path / "data",
            )
        took[path.name] = time.monotonic() - begun
        assert took[path.name] < 30 and caught.value.text.zh.strip()
        assert psutil.Process().memory_info().rss - memory < LIMIT
    assert own(tmp_path / "data") == [] and [*(tmp_path / "data").glob("[!.]*")] == []
    slowest = max(took, key=took.get)
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    with capsys.disabled():
        print(f"\n{len(took)} files, slowest {slowest} {took[slowest]:.1f} s, largest child {child} MB")
