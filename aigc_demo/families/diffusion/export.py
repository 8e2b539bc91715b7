"""What the folder of a painter holds: config.json, model.safetensors in half precision, its words and its phrases."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.errors import InputError
from aigc_demo.data.word_tokenizer import WordTokenizer
from aigc_demo.families.diffusion.networks import Painter, PainterConfig
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights, save_weights

if TYPE_CHECKING:
    from aigc_demo.models.phrases import Phrases

GUIDANCE, STEPS = 2.0, 25  # what a request's own numbers stand for


def export(
    folder: Path,
    network: Painter,
    tokenizer: WordTokenizer,
    phrases: "Phrases",
    ground: tuple[int, int, int] | None,
) -> None:
    """Write everything that drawing takes; the weights last, since they show that a folder can be used."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(folder)
    phrases.save(folder)
    config = {
        "family": "diffusion",
        "network": asdict(network.config),
        "ground": ground,
        "num_inference_steps": STEPS,
        "guidance_scale": GUIDANCE,
    }
    save_weights(folder, {name: value.half() for name, value in network.state_dict().items()}, config)


def load_painter(folder: Path) -> tuple[Painter, WordTokenizer]:
    """Network, on the CPU in float32, and words of a folder; an InputError where its files do not fit."""
    known = read_config(folder).get("network")
    try:
        config = PainterConfig(**known)
        tokenizer = WordTokenizer.load(folder)
    except (TypeError, ValueError, OSError) as error:
        raise InputError(
            en=f"{folder.name} is no painter of this app: {error}.",
            zh=f"{folder.name} 不是本应用的绘画模型：{error}。",
        ) from error
    network = Painter(config)
    load_strictly(network, read_weights(folder))
    return network, tokenizer
