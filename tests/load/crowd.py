"""Many visitors at once on one public page: does anything fail, and does anybody see what is another's?

    python -m tests.load crowd --sessions 32 --seconds 300

Each visitor goes through the tabs in an order of their own, with a second or two between two deeds, puts a canary of
their own into prompts, system prompts, names of uploads and data sets, and looks for the canaries of all others in
everything that comes back. They also ask for each other's files. At the end one of them sends 500 calls at once.
"""

import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from aigc_demo.cli.flags import Asked
from tests.load.caller import FULL, Answer
from tests.load.figures import Figure
from tests.load.guest import Guest
from tests.load.public_page import public_page

SECONDS = 300.0
THINKING = (1.0, 2.0)  # seconds between two deeds
FLOOD = 500
PATIENCE = 30.0  # seconds after a flood until a call is taken again
PAUSE = 0.5


@dataclass
class Found:
    """What the visitors saw: failures with their words, leaks, files they should not have had, seconds by tab."""

    failures: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    thefts: int = 0
    tries: int = 0
    full: int = 0
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def calls(self) -> int:
        """How many deeds came to an end."""
        return sum(map(len, self.seconds.values()))


def measure(asked: Asked) -> list[Figure]:
    """Failures, leaks, the slow end of each tab, and what a flood is answered with."""
    seconds = asked.flags.seconds or SECONDS
    with public_page(asked.settings) as page:
        found, statuses, alive = visit(page.url, asked.flags.sessions, seconds)
        tracebacks = page.log().count("Traceback")
    print(*found.failures, *found.leaks, sep="\n", file=sys.stderr)
    return [
        Figure("crowd: deeds", "人群：操作数", found.calls()),
        Figure("crowd: failures", "失败", len(found.failures), at_most=0),
        Figure("crowd: told that the queue is full, then tried again", "提示排队已满后重试", found.full),
        Figure("crowd: leaks of a canary", "标记泄漏", len(found.leaks), at_most=0),
        Figure("crowd: files of others given", "得到他人文件", found.thefts, at_most=0),
        Figure("crowd: files of others asked for", "请求他人文件", found.tries),
        Figure("crowd: tracebacks in the log", "日志中的异常", tracebacks, at_most=0),
        *(
            Figure(f"crowd: p95 of {tab}, s", f"{tab} 的 p95，秒", late(times))
            for tab, times in sorted(found.seconds.items())
        ),
        Figure("flood: calls taken", "洪泛：被接受", statuses[200]),
        Figure("flood: told that the queue is full", "提示排队已满", statuses[FULL]),
        Figure("flood: any other answer", "其他回应", FLOOD - statuses[200] - statuses[FULL], at_most=0),
        Figure("flood: the page answers afterwards", "之后仍可使用", float(alive), at_least=1),
    ]


def visit(url: str, sessions: int, seconds: float, password: str = "") -> tuple[Found, Counter, bool]:
    """Let visitors loose on a page, then one flood it; what they found, the flood's statuses, and whether it lives."""
    found, lock = Found(), threading.Lock()
    with ThreadPoolExecutor(sessions) as pool:
        guests = list(pool.map(lambda number: Guest(url, number, password), range(sessions)))
        end = time.monotonic() + seconds
        list(pool.map(lambda guest: stroll(guest, guests, end, found, lock), guests))
    found.full = sum(guest.caller.full for guest in guests)
    statuses = flood(guests[0])
    return found, statuses, answers_again(guests[-1])


def stroll(guest: Guest, guests: Sequence[Guest], end: float, found: Found, lock: threading.Lock) -> None:
    """One visitor's time on the page."""
    while time.monotonic() < end:
        tab = guest.random.choice(list(guest.tabs))
        start = time.monotonic()
        try:
            answers = guest.tabs[tab]()
            stolen = steal(guest, guests)
        except httpx.HTTPError as error:
            answers, stolen = [Answer(0, repr(error))], []
        with lock:
            judge(guest, guests, tab, answers, found)
            found.seconds[tab].append(time.monotonic() - start)
            found.tries += len(stolen)
            found.thefts += sum(status == 200 for status in stolen)
        time.sleep(guest.random.uniform(*THINKING))


def judge(guest: Guest, guests: Sequence[Guest], tab: str, answers: Sequence[Answer], found: Found) -> None:
    """Write down what was wrong with the answers."""
    for answer in answers:
        found.leaks += [
            f"{tab}: {other.canary}" for other in guests if other is not guest and other.canary in answer.text
        ]
        if not answer.ok:
            said = " | ".join(each.said for each in answers)
            found.failures.append(f"{tab}: {answer.status} {said or answer.text[:200]}")


def steal(guest: Guest, guests: Sequence[Guest]) -> list[int]:
    """Ask for the newest file of another; the statuses."""
    other = guest.random.choice([other for other in guests if other is not guest] or [guest])
    return [guest.fetch(path) for path in other.paths[-1:]] if other is not guest else []


def flood(guest: Guest, count: int = FLOOD) -> Counter:
    """Send calls at once without waiting for what comes of them; how often each status was the answer."""
    call = guest.wanted_picture()

    def join(_: int) -> int:
        try:
            return guest.caller.join(*call).status_code
        except httpx.HTTPError:
            return 0

    with ThreadPoolExecutor(64) as pool:
        return Counter(pool.map(join, range(count)))


def answers_again(guest: Guest) -> bool:
    """Whether a visitor is served within PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if all(answer.ok for answer in guest.picture()):
            return True
        time.sleep(PAUSE)
    return False


def late(times: Sequence[float]) -> float:
    """The 95th percentile: 19 of 20 are not above it."""
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]
