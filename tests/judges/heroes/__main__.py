"""`python -m tests.judges.heroes train --data-dir D`, and `... measure MODEL --runs-dir R --data-dir D --count 2000 --seed 0`.

D holds the prepared data set heroes (`python -m aigc_demo data get heroes --data-dir D`). train writes the judge's weights
here; measure prints what a model makes of captions (measure.py), and with `--sheet F.png` draws them.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aigc_demo.cli.flags import spoken_language
from aigc_demo.core.settings import add_flags, flags_given, prepare_environment, settings_from

STEPS = 1800  # of 128 heroes: five minutes of one core that multiplies bfloat16


def main(arguments: Sequence[str]) -> int:
    """Run one of them."""
    lang = spoken_language(arguments, os.environ)
    parser = argparse.ArgumentParser(prog="python -m tests.judges.heroes", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    train = verbs.add_parser("train", help="train the judge and write its weights")
    train.add_argument("--steps", type=int, default=STEPS)
    train.add_argument("--out", type=Path, default=Path(__file__).parent)
    measure = verbs.add_parser("measure", help="measure a model that draws heroes")
    measure.add_argument("model", help="a model's id, as draw-heroes or runs/NAME, or its folder")
    measure.add_argument("--count", type=int, default=2000, help="held-out heroes, each drawn once")
    measure.add_argument(
        "--seen", type=int, help="heroes of the kind that training shows; as many unless told"
    )
    measure.add_argument("--seed", type=int, default=0)
    measure.add_argument("--sheet", type=Path, metavar="F.png", help="draw 24 captions a language four times")
    measure.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    for verb in (train, measure):
        add_flags(verb, lang)
    asked = parser.parse_args(arguments)
    settings = settings_from(flags_given(asked))
    prepare_environment(settings)
    if asked.verb == "train":
        from tests.judges.heroes.train import train as fit

        for name, share in fit(settings.data_dir / "heroes", asked.out, asked.steps).items():
            print(f"{name:8} {share}")
        return 0
    from aigc_demo.data.heroes.table import table
    from tests.judges.heroes.measure import measure as look
    from tests.judges.heroes.measure import told

    figures = look(asked.model, settings, asked.count, asked.seed, asked.sheet, asked.seen)
    print(json.dumps(figures, ensure_ascii=False, indent=1) if asked.json else told(figures, table().keys))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
