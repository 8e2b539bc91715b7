"""The files of a run while it trains, and the flags by which other processes speak to it.

log.jsonl        one line a logged step: {"step", "seconds", figures...}
events.jsonl     what happened: saved, rolled back, a diagnosis; {"step", "seconds", "kind", ...}
samples/         the same seeds through training time: <step>.png, a labelled sheet, or <step>.json, texts
STOP SAVE SAMPLE  flags: a file that anybody may make and the loop takes away
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_demo.core.disk import write_atomically, write_json


@dataclass(frozen=True)
class Flag:
    """A wish of another process: set while its file is there."""

    path: Path

    def set(self) -> None:
        """Wish for it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()

    def clear(self) -> None:
        """The wish is granted, or forgotten."""
        self.path.unlink(missing_ok=True)

    def is_set(self) -> bool:
        """Whether somebody wishes for it."""
        return self.path.exists()


class RunFolder:
    """A run's log, events, samples and flags. Readers may use it while another process trains."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stop, self.save, self.sample = (Flag(path / name) for name in ("STOP", "SAVE", "SAMPLE"))

    def write_line(self, name: str, line: Mapping[str, Any]) -> None:
        """Append one JSON object to log.jsonl or events.jsonl, at once, so that others can follow."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def log(self) -> list[dict[str, Any]]:
        """The lines of the log; a last one that is only half written is left out."""
        return list(read_lines(self.path / "log.jsonl"))

    def events(self) -> list[dict[str, Any]]:
        """What happened, in order."""
        return list(read_lines(self.path / "events.jsonl"))

    def has_state(self) -> bool:
        """Whether training can go on from a save; a model that came in a zip has none."""
        return any(self.path.glob("state-*.safetensors"))

    def steps_done(self) -> int:
        """The step of the last save, which is what has been done: anything later is done again; 0 without one."""
        names = (path.stem.removeprefix("state-") for path in self.path.glob("state-*.safetensors"))
        return max((int(name) for name in names if name.isdigit()), default=0)

    def forget_after(self, step: int) -> None:
        """Drop lines and samples later than `step`: the run goes on from there and will make them again."""
        for name in ("log.jsonl", "events.jsonl"):
            if (path := self.path / name).exists():
                kept = [line for line in read_lines(path) if line["step"] <= step]
                write_atomically(
                    path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept).encode()
                )
        for path in self.samples():
            if int(path.stem) > step:
                path.unlink(missing_ok=True)

    def samples(self) -> list[Path]:
        """The sample files, oldest first; a file's stem is its step."""
        return sorted(path for path in (self.path / "samples").glob("*") if path.stem.isdigit())

    def write_samples(self, step: int, samples: Any) -> None:
        """Pictures (N, H, W[, 3]) uint8 as one labelled sheet; a list of texts as JSON."""
        name = self.path / "samples" / f"{step:08d}"
        if isinstance(samples, Sequence):
            write_json(name.with_suffix(".json"), list(samples))
            return
        from aigc_demo import media
        from aigc_demo.provenance import Recipe

        recipe = Recipe(task="train", model=f"runs/{self.path.name}", request={"step": step})
        sheet = media.contact_sheet(samples, round(len(samples) ** 0.5), gap=1)
        media.save_image(sheet, name.with_suffix(".png"), recipe)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a JSONL file, as far as they are whole."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value
