"""A convolutional classifier: which of the classes of its data a picture shows, with odds (LeCun et al. 1998; He et al. 2016).

Serves the task classify. It sees a picture of its own data's size; the odds are brought to scale on pictures that
training has not seen (Guo et al. 2017), and the card says how often it was right when it was as sure.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from aigc_demo.core.words import Text
from aigc_demo.models.family import Family, Goal, Training

if TYPE_CHECKING:
    from aigc_demo.families.classifier.model import PictureClassifier

FAMILY = Family(
    "classifier",
    Text("Classifier", "分类器"),
    reads="pictures",
    tasks=("classify",),
    trains={"full": Training("pytorch", ("size", "augment", "frozen_layers", "label_noise"))},
    sizes=("tiny", "small", "base"),
    pipeline_tag="image-classification",
    run_stem="class",
    curves={
        "loss": (("loss", 1, False), ("held_out_loss", 1, True)),
        "right": (("right", 2, False), ("held_out_right", 2, True)),
        "calibration": (("calibration_error", 3, True),),
    },
    limits=Text(
        "Knows the classes of its data and nothing else: whatever it is shown, one of them gets the odds.",
        "只认识训练数据中的类别：无论给它看什么，概率都会分给其中某一类。",
    ),
    goal=Goal("accuracy", "held_out_loss", lower=False),
)


def load(folder: Path, device: str) -> "PictureClassifier":
    """The classifier of a run folder, on `device`; an InputError where files are missing or do not fit."""
    from aigc_demo.families.classifier.model import PictureClassifier

    return PictureClassifier(folder, device)


def write_debug_model(
    folder: Path, seed: int = 0, side: int = 28, channels: int = 1, classes: int = 10
) -> None:
    """Write a tiny untrained classifier, through the path that training saves by."""
    import torch

    from aigc_demo.families.classifier.export import export
    from aigc_demo.families.classifier.networks import ClassifierConfig, Network

    torch.manual_seed(seed)
    config = ClassifierConfig(classes=classes, width=8, hidden=16, side=side, channels=channels)
    names = [str(label) for label in range(classes)]
    shape = (4 * classes, side, side) if channels == 1 else (4 * classes, side, side, channels)
    pictures, labels = torch.randint(256, shape).byte(), (torch.arange(4 * classes) % classes).byte()
    data = {f"{split}_images": pictures for split in ("train", "test")}
    data |= {f"{split}_labels": labels for split in ("train", "test")}
    export(
        folder, Network(config), {**data, "classes": {"en": names, "zh": names}}, torch.arange(len(labels))
    )
