"""What a trainer of the tests does. Loaded by the fork server, with all that training imports."""

import importlib
import os
from contextlib import suppress

import torch

from aigc_demo.core.errors import InputError
from aigc_demo.jobs import Jobs
from aigc_demo.jobs.foreground import train_here

for family in ("gan", "vae", "transformer"):
    importlib.import_module(f"aigc_demo.families.{family}.train")
for name in ("accelerate", "aigc_demo.jobs.card", "aigc_demo.data.folders", "aigc_demo.training.doctor"):
    importlib.import_module(name)


def train(settings, request, environment):
    """Train in the foreground, on one thread."""
    os.environ |= environment
    torch.set_num_threads(1)
    with suppress(KeyboardInterrupt, InputError):
        train_here(Jobs(settings), request, lambda _: None, lambda _: None, lambda: None)
