"""Training speed: our learners against the loops of plain_*.py and transformers' Trainer, in turns in one process.

The same networks from the same weights, the same batches from the same seed, the same rates and as many threads.
"""

import sys
import tempfile
from pathlib import Path

from aigc_demo.bench.material import write_pictures, write_text
from aigc_demo.bench.measure import Comparison
from aigc_demo.bench.race import Race
from aigc_demo.bench.train_pictures import race_gan, race_vae
from aigc_demo.bench.train_text import race_gpt
from aigc_demo.cli.flags import Asked
from aigc_demo.runtime import registry
from aigc_demo.training import TrainPlan, make_accelerator

PICTURES = Race(steps=20, rounds=7, examples=64)
TEXT = Race(steps=3, rounds=5, examples=8 * 256)
SEED = 1


def measure(asked: Asked) -> list[Comparison]:
    """All races, one after the other."""
    accelerator = make_accelerator(asked.cache.device().name)
    trained = registry.find_card("gan-digits", asked.settings).folder
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        digits, text = write_pictures(asked, folder / "digits"), write_text(folder / "text.txt")
        of_pictures = {
            "size": "base",
            "steps": PICTURES.total,
            "seed": SEED,
            "batch_size": 64,
            "augment": "off",
        }
        tell("GAN")
        found = [
            race_gan(TrainPlan(digits, folder / "a", start=trained, **of_pictures), PICTURES, accelerator)
        ]
        tell("VAE")
        found += [race_vae(TrainPlan(digits, folder / "b", **of_pictures), PICTURES, accelerator)]
        tell("Transformer")
        plan = TrainPlan(text, folder / "c", "base", TEXT.total, SEED, batch_size=TEXT.examples // 256)
        return [*found, *race_gpt(plan, TEXT, accelerator)]


def tell(what: str) -> None:
    """Say what is under way."""
    print(f"bench train: {what} ...", file=sys.stderr, flush=True)
