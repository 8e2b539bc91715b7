"""python -m tests.hostile.fuzz --count 10000 [--parser NAME]: each parser reads that many spoilt inputs.

An input is refused by an InputError in both languages or taken. Anything else is a finding, and so is one that takes
longer than five seconds; it can be made again by its number.
"""

import argparse
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from aigc_demo.core.errors import InputError
from tests.hostile.mutations import mutated
from tests.hostile.parsers import PARSERS

LONGEST = 5.0  # seconds for one input
MEMORY = 8 << 30  # bytes of address space when run as a program


@dataclass
class Report:
    """What came of one parser's inputs."""

    name: str
    taken: int = 0
    refused: int = 0
    slowest: float = 0.0
    findings: Counter = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def find(self, number: int, what: str, trace: str) -> None:
        """Note what should not be."""
        self.findings[what] += 1
        self.first.setdefault(what, f"input {number}\n{trace}")

    def line(self) -> str:
        """One line of the table."""
        wrong = sum(self.findings.values())
        return f"{self.name:<24}{self.taken:>8}{self.refused:>8}{1000 * self.slowest:>10.0f} ms{wrong:>10}"


def fuzz(name: str, count: int, start: int = 0) -> Report:
    """Let one parser read `count` spoilt inputs, from number `start` on."""
    report, parser = Report(name), PARSERS[name]()
    with tempfile.TemporaryDirectory() as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(made)
        seeds = parser.seeds(folder)
        for number in range(start, start + count):
            data = mutated(seeds, f"{name}:{number}")
            begun = time.process_time()
            try:
                parser.read(data, folder)
                report.taken += 1
            except InputError as error:
                report.refused += 1
                if not any("\u4e00" <= char <= "\u9fff" for char in error.text.zh) or not error.text.en:
                    report.find(number, "a refusal without words", error.text.en)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                report.find(
                    number,
                    f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}",
                    traceback.format_exc(),
                )
            took = time.process_time() - begun
            report.slowest = max(report.slowest, took)
            if took > LONGEST:
                report.find(number, "too slow", f"{took:.1f} s")
    return report


def main(arguments: list[str]) -> int:
    """The table, the findings under it; 1 if there are any."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=10_000)
    options.add_argument("--start", type=int, default=0)
    options.add_argument("--parser", choices=PARSERS, action="append")
    given = options.parse_args(arguments)
    confine()
    print(f"{'parser':<24}{'taken':>8}{'refused':>8}{'slowest':>13}{'findings':>10}")
    wrong = False
    for name in given.parser or PARSERS:
        report = fuzz(name, given.count, given.start)
        print(report.line(), flush=True)
        for what, times in report.findings.items():
            wrong = True
            print(f"  {times} x {what}: {report.first[what]}", flush=True)
    return int(wrong)


def confine() -> None:
    """An input that makes a parser ask for endless memory is to be a MemoryError here, not the machine's end."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
