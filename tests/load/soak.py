"""Whether the public page can stay up: memory, open files and the folder of files while visitors come and go.

python -m tests.load soak --seconds 3600
"""

import contextlib
import itertools
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from aigc_demo.cli.flags import Asked
from tests.load.figures import Figure
from tests.load.guest import Guest
from tests.load.public_page import PublicPage, public_page

SECONDS = 3600.0
WARM_UP = 0.25  # of the time: models are loaded and pools filled before the slope is looked at
PAUSE = 2.0  # seconds between two deeds
STAY = 20  # deeds after which a visitor leaves and another comes
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Look:
    """The server at one moment: seconds since the start, megabytes of memory, open files, megabytes of files."""

    at: float
    memory: float
    open_files: int
    files: float


def measure(asked: Asked) -> list[Figure]:
    """Slopes over a time of light use, and the calls that failed."""
    seconds = asked.flags.seconds or SECONDS
    with public_page(asked.settings) as page:
        looks, failed, calls = soak(page, seconds, PAUSE)
    late = [look for look in looks if look.at >= WARM_UP * seconds] or looks
    minutes = [look.at / 60 for look in late]
    return [
        Figure("soak: minutes", "长时间运行：分钟", seconds / 60),
        Figure("soak: calls", "请求数", calls),
        Figure("soak: calls that failed", "失败的请求", failed, at_most=0),
        Figure(
            "soak: memory, MB/min",
            "内存增长，MB/分钟",
            slope(minutes, [look.memory for look in late]),
            at_most=1.0,
        ),
        Figure("soak: memory at the end, MB", "结束时内存，MB", looks[-1].memory),
        Figure(
            "soak: open files, more a minute",
            "打开文件数，每分钟增加",
            slope(minutes, [look.open_files for look in late]),
            at_most=0.1,
        ),
        Figure("soak: folder of files at most, MB", "文件夹最大，MB", max(look.files for look in looks)),
    ]


def soak(page: PublicPage, seconds: float, pause: float, password: str = "") -> tuple[list[Look], int, int]:
    """Let visitors come one after another, who do at least one deed; looks at the server, calls that failed, all calls."""
    process, start = psutil.Process(page.pid), time.monotonic()
    looks, failed, calls = [look(process, page.folder, 0.0)], 0, 0
    for number in itertools.count():
        guest = Guest(page.url, number, password)
        for deed in itertools.islice(itertools.cycle(guest.tabs.values()), STAY):
            at = time.monotonic() - start
            if at >= seconds and len(looks) > 1:  # entering alone may take a slow machine that long
                return looks, failed, calls
            try:
                answers = deed()
            except httpx.HTTPError:
                failed += 1
                answers = []
            calls += len(answers)
            if any(not answer.ok for answer in answers):
                failed += 1
                print(*(answer.said for answer in answers), sep=" | ", file=sys.stderr)
            looks.append(look(process, page.folder, at))
            time.sleep(pause)
        guest.caller.http.close()
    raise AssertionError("itertools.count has no end")


def look(process: psutil.Process, folder: Path, at: float) -> Look:
    """The server now."""
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # it was swept meanwhile
            size += path.stat().st_size
    return Look(at, process.memory_info().rss / MEGABYTE, process.num_fds(), size / MEGABYTE)


def slope(x: list[float], y: list[float]) -> float:
    """The least-squares slope: cov(x, y) / var(x); 0 where x does not vary."""
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread if spread else 0.0
