"""A tiny painter of random weights in a model's folder, with its card: what draw, redraw, inpaint and latent can be asked."""

from aigc_demo.core.words import Text
from aigc_demo.families import diffusion
from tests.conftest import write_card

WORDS = Text("a red square", "红方")
TASKS = ["draw", "redraw", "inpaint", "latent"]


def write_painter(folder, seed=0, side=16):
    """Write it into `folder`, such as settings.weights_dir / "draw-squares" or settings.runs_dir / "mine"; returns that."""
    diffusion.write_debug_model(folder, seed, side)
    write_card(folder, family="diffusion", tasks=TASKS, data="squares", parameters=60_000)
    return folder
