"""`python -m tests.load crowd | soak | marks | live`: measure, and print each figure beside its goal; status 1 where one is missed."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from aigc_demo.cli.flags import Asked, spoken_language
from aigc_demo.core.settings import add_flags, flags_given, prepare_environment, settings_from


def main(arguments: Sequence[str]) -> int:
    """Run one of them."""
    lang = spoken_language(arguments, os.environ)
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("what", choices=("crowd", "soak", "marks", "live"))
    parser.add_argument("--sessions", type=int, default=32, metavar="N", help="visitors of the crowd")
    parser.add_argument("--seconds", type=float, metavar="S", help="how long crowd and soak last")
    parser.add_argument("--times", type=int, metavar="N", help="how often live does each gesture")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    add_flags(parser, lang)
    flags = parser.parse_args(arguments)
    settings = settings_from(flags_given(flags))
    prepare_environment(settings)
    found = import_module(f"tests.load.{flags.what}").measure(Asked(flags, settings, lang))
    if flags.json:
        print(json.dumps({flags.what: [figure.summary() for figure in found]}, ensure_ascii=False))
    else:
        print(*(figure.line(lang) for figure in found), sep="\n")
    return int(not all(figure.met for figure in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
