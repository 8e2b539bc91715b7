"""A model folder: config.json, the weights in half precision, tokenizer.json."""

from dataclasses import asdict
from pathlib import Path

import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families.seq2seq.architectures import build
from aigc_demo.families.seq2seq.corpus import Task
from aigc_demo.families.seq2seq.networks import EncoderDecoder, Shape
from aigc_demo.families.seq2seq.vocabulary import Vocabulary
from aigc_demo.models.checkpoints import load_strictly, read_config, read_weights, save_weights


def save_model(folder: Path, network: EncoderDecoder, vocabulary: Vocabulary, task: Task) -> None:
    """Write the vocabulary, then config.json and the weights: they show that the folder can be used."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.save(folder, network.shape.longest)
    config = {
        "family": "seq2seq",
        "language": ",".join(dict.fromkeys(task.languages)),
        "task": task.name,
        "languages": list(task.languages),
        "both_ways": task.both_ways,
        "network": asdict(network.shape),
        "dtype": "float16",
    }
    save_weights(folder, {name: tensor.half() for name, tensor in network.state_dict().items()}, config)


def load_task(folder: Path) -> Task:
    """What the model of a folder does."""
    config = read_config(folder)
    try:
        first, second = map(str, config["languages"])
        return Task(str(config["task"]), (first, second), bool(config["both_ways"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _misfit(folder, error) from error


def load_network(folder: Path, device: torch.device | str = "cpu") -> EncoderDecoder:
    """The network of a model folder in float32, with every name and shape checked."""
    try:
        shape = Shape(**read_config(folder)["network"])
        network = build(shape)
    except (KeyError, TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        raise _misfit(folder, error) from error
    load_strictly(network, read_weights(folder))
    return network.to(device).eval()


def _misfit(folder: Path, error: Exception) -> InputError:
    return InputError(
        en=f"{folder.name}: config.json describes no encoder-decoder of this app ({error}); fetch the model again.",
        zh=f"{folder.name}：config.json 所描述的不是本应用的编码器-解码器（{error}）；请重新获取模型。",
    )
