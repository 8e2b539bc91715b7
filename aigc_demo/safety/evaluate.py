"""How often the word filter is wrong about harmless text: the poems and the novels that the data catalogue has.

    python -m aigc_demo.safety.evaluate --data data [--every 4]

prints one JSON object; DIR/poems and DIR/austen hold the prepared data sets. Of every poem and every paragraph of prose,
which nobody would refuse, it counts those that the filter would, as text and as the prompt of a picture.
"""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

from aigc_demo.data.austen import read_chapters
from aigc_demo.data.poems import read_poems
from aigc_demo.safety.words import Place, WordFilter

PLACES: dict[str, tuple[Place, ...]] = {"as_text": ("everywhere",), "as_prompt": ("everywhere", "pictures")}


def false_alarms(texts: Sequence[str]) -> dict[str, int]:
    """How many of the texts are refused, by what they are taken for."""
    return {
        name: sum(not verdict.allowed for verdict in WordFilter(places).check(texts))
        for name, places in PLACES.items()
    }


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="only each n-th text")
    arguments = parser.parse_args()
    chapters = "\n\n".join(chapter.text for chapter in read_chapters(arguments.data / "austen"))
    collections = {
        "poems": [poem.text for poem in read_poems(arguments.data / "poems")],
        "paragraphs": [text for text in re.split(r"\n\s*\n", chapters) if text.strip()],
    }
    figures = {}
    for name, texts in collections.items():
        chosen = texts[:: arguments.every]
        figures[name] = {"texts": len(chosen), **false_alarms(chosen)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
