"""A tiny model of picture codes, of random weights, in a model's folder, with its card."""

from aigc_demo.core.words import Text
from aigc_demo.families import dalle
from tests.conftest import write_card

WORDS = Text("a red square", "红方")
TASKS = ["draw", "inpaint", "latent"]


def write_dalle(folder, seed=0, side=16):
    """Write it into `folder`, such as settings.weights_dir / "dalle-squares" or settings.runs_dir / "mine"; returns that."""
    dalle.write_debug_model(folder, seed, side)
    write_card(folder, family="dalle", tasks=TASKS, data="squares", parameters=10_000)
    return folder
