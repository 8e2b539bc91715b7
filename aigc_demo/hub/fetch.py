"""python -m aigc_demo.hub.fetch: fetch the files of one model into the hub client's own cache. A process of its own.

Reads a plan from standard input ({"id", "revision", "cache", "files"}), tells its progress as JSON lines on standard
output, and ends with {"folder": ...}, or with {"en": ..., "zh": ...} and status 1. Whoever wants it to stop ends it:
what has come is kept beside the client's blobs as <hash>.incomplete, and the next one goes on there.

The client (2.4) starts a broken file anew; on a slow line a file of gigabytes would never come. So the bytes are
fetched here, with the client's own session, by HTTP ranges, and are checked against the hub's hash before they get
the name under which the client, and every other program that uses its cache, finds them.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.hub.failures import sentence
from aigc_demo.hub.files import RepoFile

BLOCK = 1 << 20  # bytes read at a time of what is here
PATIENCE = 20  # seconds without a byte
TRIES = 5  # without a byte between them
PAUSE = 0.2  # seconds between two reports
TRANSIENT = (408, 429, 500, 502, 503, 504)


class Progress:
    """Bytes of the whole model that are here, and how many of them came just now; told now and then."""

    def __init__(self) -> None:
        self.done = 0
        self.fetched = 0
        self._told = 0.0

    def skip(self, count: int) -> None:
        """Count bytes that were here already."""
        self.done += count

    def add(self, count: int) -> None:
        """Count bytes that have come."""
        self.done += count
        self.fetched += count
        if time.monotonic() - self._told > PAUSE:
            self._told = time.monotonic()
            tell({"done": self.done, "fetched": self.fetched})


def tell(message: dict[str, Any]) -> None:
    """One line for the one who started this process; where nobody listens any more, BrokenPipeError ends it."""
    print(json.dumps(message), flush=True)


def carry_out(make: Callable[[dict[str, Any]], Path]) -> None:
    """Read the plan, make its folder and tell which; an InputError as its sentence, with status 1."""
    plan = json.loads(sys.stdin.read())
    try:
        folder = make(plan)
    except InputError as error:
        tell(asdict(error.text))
        sys.exit(1)
    tell({"folder": str(folder)})


def fetch_all(plan: dict[str, Any]) -> Path:
    """Fetch every file of the plan; the snapshot's folder. An InputError where one does not come, or comes changed."""
    from filelock import FileLock, Timeout

    repository = Path(plan["cache"]) / f"models--{plan['id'].replace('/', '--')}"
    (repository / "blobs").mkdir(parents=True, exist_ok=True)
    progress = Progress()
    try:
        with FileLock(repository / ".aigc-demo.lock", timeout=1):
            for file in [RepoFile(**file) for file in plan["files"]]:
                _fetch(file, plan, repository, progress)
    except Timeout as error:
        raise InputError(
            en=f"Another process is fetching {plan['id']}; wait until it has ended.",
            zh=f"另一个进程正在下载 {plan['id']}；请等它结束。",
        ) from error
    except Exception as error:
        raise sentence(error, plan["id"]) from error
    tell({"done": progress.done, "fetched": progress.fetched})
    return repository / "snapshots" / plan["revision"]


def _fetch(file: RepoFile, plan: dict[str, Any], repository: Path, progress: Progress) -> None:
    """Bring one file's content to its blob, then let the client link it into the snapshot."""
    from huggingface_hub import hf_hub_download, hf_hub_url

    if (repository / "snapshots" / plan["revision"] / file.name).exists():
        progress.skip(file.size)
        return
    if not file.etag:
        raise ValueError(f"the hub does not say what {file.name} is to hold")
    blob = repository / "blobs" / file.etag
    if blob.exists():
        progress.skip(file.size)
    else:
        partial = blob.with_name(f"{file.etag}.incomplete")
        url = hf_hub_url(plan["id"], file.name, revision=plan["revision"])
        stream(url, partial, file, progress)
        partial.replace(blob)
    linked = Path(hf_hub_download(plan["id"], file.name, revision=plan["revision"], cache_dir=plan["cache"]))
    if not linked.is_symlink():  # no links on this system: the client has made a copy
        blob.unlink(missing_ok=True)


def stream(url: str, partial: Path, file: RepoFile, progress: Progress) -> None:
    """Fetch `url` into `partial`, going on where it ends, and check it against the file's hash.

    A line that drops is taken up again, up to TRIES times in a row without a byte. An InputError, and no `partial` any
    more, where the content is not the hub's.
    """
    from httpx2 import TransportError
    from huggingface_hub.errors import HfHubHTTPError

    digest, start = _begin(partial, file)
    progress.skip(start)
    tries = 0
    while start < file.size:
        before = start
        try:
            with partial.open(
                "ab", buffering=0
            ) as target:  # unbuffered: nothing is lost when this process ends
                for block in _blocks(url, start):
                    target.write(block)
                    digest.update(block)
                    start += len(block)
                    progress.add(len(block))
        except (TransportError, HfHubHTTPError) as error:
            if isinstance(error, HfHubHTTPError) and error.response.status_code not in TRANSIENT:
                raise
            tries = 1 if start > before else tries + 1
            if tries >= TRIES:
                raise
            time.sleep(min(2 ** (tries - 1), 8))
        else:
            break
    if start != file.size or digest.hexdigest() != file.etag:
        partial.unlink(missing_ok=True)
        raise InputError(
            en=f"{file.name} did not arrive as the hub describes it (its hash differs), and was deleted; fetch it again.",
            zh=f"收到的 {file.name} 与模型仓库的描述不符（哈希不同），已删除；请重新下载。",
        )
    if not file.size:
        partial.touch()


def _begin(partial: Path, file: RepoFile) -> tuple[Any, int]:
    """The hash of what is there of the file, and its length; nothing where more is there than the file has."""
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {file.size}\0".encode())
    if not partial.is_file() or partial.stat().st_size > file.size:
        partial.unlink(missing_ok=True)
        return digest, 0
    with partial.open("rb") as source:
        while block := source.read(BLOCK):
            digest.update(block)
        return digest, source.tell()


def _blocks(url: str, start: int) -> Iterator[bytes]:
    """The content from byte `start` on. The token is sent to the hub alone: a redirect elsewhere goes without it."""
    from huggingface_hub import get_session
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    headers = {**build_hf_headers(), "Accept-Encoding": "identity", "Range": f"bytes={start}-"}
    with get_session().stream("GET", url, headers=headers, timeout=PATIENCE) as answer:
        if answer.is_error:
            answer.read()
        hf_raise_for_status(answer)
        skip = start if answer.status_code != 206 else 0  # a server that knows no ranges sends it all
        for block in answer.iter_bytes():
            if kept := block[skip:]:
                yield kept
            skip = max(0, skip - len(block))


if __name__ == "__main__":
    carry_out(fetch_all)
