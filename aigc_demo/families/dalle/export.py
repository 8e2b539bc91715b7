"""What the app uses of a run: both networks in half precision, the vocabulary, and what can be asked for."""

from dataclasses import asdict
from pathlib import Path

from aigc_demo.data.word_tokenizer import WordTokenizer
from aigc_demo.families.dalle.autoencoder import Autoencoder
from aigc_demo.families.dalle.networks import Shape, Transformer
from aigc_demo.models.checkpoints import save_weights
from aigc_demo.models.phrases import Phrases

DRAWING = {"guidance_scale": 2.0, "temperature": 1.0, "top_p": 0.95}  # what a request's own numbers stand for


def export(
    folder: Path,
    shape: Shape,
    autoencoder: Autoencoder,
    transformer: Transformer,
    tokenizer: WordTokenizer,
    phrases: Phrases,
    ground: tuple[int, int, int] | None,
) -> None:
    """Write words.json and phrases.json, then the rest: the weights show that a folder can be used."""
    networks = {"autoencoder": autoencoder, "transformer": transformer}
    tensors = {
        f"{name}.{key}": value.half()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(folder)
    phrases.save(folder)
    config = {"family": "dalle", "network": asdict(shape), "ground": ground and list(ground), **DRAWING}
    save_weights(folder, tensors, config)
