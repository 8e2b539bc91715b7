"""What the app uses of a run: both networks in half precision, the vocabulary, and what can be asked for."""

from dataclasses import asdict
from pathlib import Path

from aigc_demo.data.word_tokenizer import WordTokenizer
from aigc_demo.families.dalle.autoencoder import Autoencoder
from aigc_demo.families.dalle.networks import Shape, Transformer
from aigc_demo.models.checkpoints import save_weights
from aigc_demo.models.phrases import Phrases


def export(
    folder: Path,
    shape: Shape,
    autoencoder: Autoencoder,
    transformer: Transformer,
    tokenizer: WordTokenizer,
    phrases: Phrases,
    ground: tuple[int, int, int] | None,
) -> None:
    """Write config.json, model.safetensors, words.json and phrases.json."""
    networks = {"autoencoder": autoencoder, "transformer": transformer}
    tensors = {
        f"{name}.{key}": value.half()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    tokenizer.save(folder)
    phrases.save(folder)
    config = {"family": "dalle", "network": asdict(shape), "ground": ground and list(ground)}
    save_weights(folder, tensors, config)
