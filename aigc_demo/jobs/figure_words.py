"""What the figures of a run are called, for people: figure_words.yaml by their names in logs and cards."""

from functools import lru_cache
from pathlib import Path

from aigc_demo.core.words import Text, parse_yaml


def figure_words(name: str) -> Text:
    """The words for a figure's name; the name itself, without underscores, where there are none."""
    plain = name.replace("_", " ")
    return _table().get(name, Text(plain, plain))


@lru_cache(maxsize=1)
def _table() -> dict[str, Text]:
    table = parse_yaml(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return {name: Text(**words) for name, words in table.items()}
