"""The content filter: what is asked for, what is written and what is drawn, judged before it is shown.

verdict.py        allow, blur or refuse, with a reason in both languages; what a filter is
words.py          the floor: words and pairs of words (words.yaml), however a text dresses them up
asked.py          which parts of a request are searched
stream_filter.py  text while it is being written
pictures.py       what pretrained models draw, by a classifier where one has been fetched; blur.py hides what is not shown

On in the modes that the public reaches, and with --content-filter. The verbs of actions/ call it, so that the page,
the API and the command line obey alike.
"""

from aigc_demo.safety.asked import check_asked, check_words
from aigc_demo.safety.blur import cautioned, veiled
from aigc_demo.safety.pictures import (
    check_pictures,
    guarded,
    picture_judge,
    require_classifier,
    seen_everything,
    shown,
)
from aigc_demo.safety.stream_filter import StreamFilter
from aigc_demo.safety.verdict import ALLOWED, Filter, Verdict

__all__ = [
    "ALLOWED",
    "Filter",
    "StreamFilter",
    "Verdict",
    "cautioned",
    "check_asked",
    "check_pictures",
    "check_words",
    "guarded",
    "picture_judge",
    "require_classifier",
    "seen_everything",
    "shown",
    "veiled",
]
