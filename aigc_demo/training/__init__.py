"""What training shares: the loop, and the parts that a family's learner is made of.

    plan.py           what to train, where and for how long
    loop.py           the loop itself: steps, log, validation, samples, saves, stop, roll-back
    processes.py      one process or many: accelerate's device, precision and averaging of gradients
    adapters.py       LoRA: what the learners of adapters share
    average.py  optimisation.py  randomness.py

A family's train module holds its learner: one step of its own mathematics, and how to sample, validate and export.
"""

from aigc_demo.models.run_folder import Flag, RunFolder
from aigc_demo.training.average import Average
from aigc_demo.training.loop import Learner, Progress, train
from aigc_demo.training.optimisation import restore_optimizer, set_rate, warmup_cosine, warmup_stable_decay
from aigc_demo.training.plan import TrainPlan
from aigc_demo.training.processes import average_gradients, make_accelerator, own_share
from aigc_demo.training.randomness import Randomness

__all__ = [
    "Average",
    "Flag",
    "Learner",
    "Progress",
    "Randomness",
    "RunFolder",
    "TrainPlan",
    "average_gradients",
    "make_accelerator",
    "own_share",
    "restore_optimizer",
    "set_rate",
    "train",
    "warmup_cosine",
    "warmup_stable_decay",
]
