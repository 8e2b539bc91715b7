"""Fine-tuning: a run that starts from a trained classifier, on other pictures or other classes (Yosinski et al. 2014)."""

from dataclasses import replace
from pathlib import Path

import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families.classifier.model import PictureClassifier
from aigc_demo.families.classifier.networks import ClassifierConfig, Network


def adopt(start: Path, classes: list[str], shape: ClassifierConfig) -> Network:
    """The network of the run `start` with these classes: known ones keep their row of the head by name, others get fresh ones.

    An InputError where its pictures have another side or other channels than `shape`.
    """
    old = PictureClassifier(start, "cpu")
    config = old.network.config
    if (config.side, config.channels) != (shape.side, shape.channels):
        tones, tones_zh = {1: "grey", 3: "colour"}, {1: "灰度", 3: "彩色"}
        raise InputError(
            en=f"{start.name} knows {tones[config.channels]} pictures of {config.side} pixels a side, the data are"
            f" {tones[shape.channels]} of {shape.side}; import the data like those, or start from random weights.",
            zh=f"{start.name} 认识边长 {config.side} 的{tones_zh[config.channels]}图片，数据是边长 {shape.side} 的"
            f"{tones_zh[shape.channels]}图片；请按前者重新导入数据，或从随机权重开始。",
        )
    network = Network(replace(config, classes=len(classes)))
    tensors = old.network.state_dict()
    places = {name: row for row, name in enumerate(old.classes["en"])}
    with torch.no_grad():
        for name in ("weight", "bias"):
            fresh, known = getattr(network.head, name).clone(), tensors[f"head.{name}"]
            for row, label in enumerate(classes):
                if label in places:
                    fresh[row] = known[places[label]]
            tensors[f"head.{name}"] = fresh
    network.load_state_dict(tensors)
    return network


def freeze(network: Network, layers: int) -> None:
    """The first `layers` levels keep their weights, and with them what they see; an InputError where there are not so many."""
    most = len(network.layers())
    if layers > most:
        raise InputError(
            en=f"This classifier has {most} layers to freeze, not {layers}; freeze at most {most}.",
            zh=f"该分类器只有 {most} 层可以冻结，无法冻结 {layers} 层；请填 0 到 {most}。",
        )
    for layer in network.layers()[:layers]:
        layer.requires_grad_(False)
