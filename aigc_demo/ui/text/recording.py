"""A recorded session: what a model wrote once, with its odds and attention, in one small file that ships with the page.

`python -m tests.record` makes the files of ui/recordings anew, from a live model.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aigc_demo.models.protocols import TokenChoice

HOME = Path(__file__).parents[1] / "recordings"
DIGITS = 5  # of a probability


@dataclass(frozen=True)
class RecordedTurn:
    """What a person gave, and the tokens that the model answered."""

    given: str
    tokens: tuple[TokenChoice, ...]


@dataclass(frozen=True)
class RecordedMap:
    """Attention weights (rows, columns) in [0, 1]; `kind` says what its head looks at, `facts` with which figures."""

    kind: str
    weights: np.ndarray
    facts: dict[str, Any]


@dataclass(frozen=True)
class Recording:
    """A session: the model, what it was made of, the settings, the turns; maps with the labels of their rows and columns."""

    model: str
    source: str
    settings: dict[str, Any]
    turns: tuple[RecordedTurn, ...]
    maps: tuple[RecordedMap, ...]
    rows: list[str]
    columns: list[str]

    def save(self, path: Path) -> None:
        """Write it: JSON, and each map as the square roots of its weights in 8 bits."""
        told = asdict(self)
        for turn in told["turns"]:
            turn["tokens"] = [
                [
                    token["text"],
                    token["id"],
                    round(token["probability"], DIGITS),
                    [[text, round(p, DIGITS)] for text, p in token["alternatives"]],
                ]
                for token in turn["tokens"]
            ]
        told["maps"] = [{"kind": one.kind, "facts": one.facts} for one in self.maps]
        text = np.frombuffer(json.dumps(told, ensure_ascii=False).encode(), np.uint8)
        maps = [np.rint(255 * np.sqrt(np.clip(one.weights, 0, 1))).astype(np.uint8) for one in self.maps]
        path.parent.mkdir(exist_ok=True)
        np.savez_compressed(path, told=text, maps=np.stack(maps))


def read_recording(name: str) -> Recording:
    """The recording of a task."""
    with np.load(HOME / f"{name}.npz", allow_pickle=False) as file:
        told, maps = json.loads(file["told"].tobytes()), (file["maps"] / 255.0) ** 2
    turns = tuple(
        RecordedTurn(
            turn["given"],
            tuple(
                TokenChoice(text, place, p, [(other, share) for other, share in others])
                for text, place, p, others in turn["tokens"]
            ),
        )
        for turn in told["turns"]
    )
    seen = zip(told["maps"], maps, strict=True)
    return Recording(
        **{
            **told,
            "turns": turns,
            "maps": tuple(RecordedMap(one["kind"], weights, one["facts"]) for one, weights in seen),
        }
    )
