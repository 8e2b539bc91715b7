"""Speed as ratios: this app against the plain way to do the same, taking turns in one run on one machine.

measure.py   take turns, medians, the table
start.py     process start to the first page served, against a bare Gradio page
picture.py   64 digits to a labelled file, against the bare generator call plus PNG encoding
text.py      tokens per second, against transformers' generate() on the same weights
chat.py      tokens per second for one reader and for eight, against transformers' pipeline and llama.cpp (small_llama.py)
train.py     training, against plain loops and transformers' Trainer, with the losses at equal steps
             (race.py takes the turns; train_pictures.py, train_text.py; plain_*.py, hf_trainer.py; material.py)
draw.py      text-to-image, seconds a step, against the bare pipeline of diffusers
serve.py     clicks while a job trains, and training while somebody clicks
marks.py     the watermarks: found, missed, false alarms, cost (mark_texts.py, mark_pictures.py); not part of `all`
crowd.py     many visitors at once on a public page, and a flood; soak.py: one hour of them (caller.py, guest.py,
             public_page.py); not part of `all`

Absolute times tell about the machine and its other work; ratios of neighbouring runs tell about the code.
"""

import sys
from importlib import import_module

from aigc_demo.bench.measure import Comparison, Figure, table
from aigc_demo.cli.flags import Answer, Asked

WHAT = ("start", "picture", "text", "chat", "train", "serve", "draw")


def bench(asked: Asked) -> Answer:
    """Measure what was asked for; each finished part is told on standard error."""
    found: list[Comparison | Figure] = []
    for what in WHAT if asked.flags.what == "all" else (asked.flags.what,):
        print(f"bench {what} ...", file=sys.stderr, flush=True)
        found += import_module(f"aigc_demo.bench.{what}").measure(asked)
    return Answer({"bench": [comparison.summary() for comparison in found]}, table(found, asked.lang))
