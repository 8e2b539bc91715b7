"""What can befall a classifier.

Over-fitting: Prechelt 1998. Labels that say nothing of the pictures can still be learnt by heart: Zhang et al. 2017,
Understanding Deep Learning Requires Rethinking Generalization. A class that is never said, mostly a rare one: Buda,
Maki and Mazurowski 2018, on class imbalance.
"""

from aigc_demo.core.words import Text
from aigc_demo.training.doctor.diagnosis import Chart, Diagnosis, Look, lasting, overfitting

DEVIATIONS = 2.5  # of a share among the held-out pictures, above what guessing gives
BY_HEART = 0.15  # so much better on training pictures than guessing: something is learnt, if only by heart
LATE = 4  # looks: the first fifth of a run


def _holds(look: Look) -> bool:
    """Whether more held-out pictures are told than by always saying the commonest class."""
    chance = look["chance"]
    spread = (chance * (1 - chance) / look["held_out_pictures"]) ** 0.5
    return look["held_out_right"] > chance + DEVIATIONS * spread


def _by_heart(look: Look) -> bool:
    return not _holds(look) and look["right"] > look["chance"] + BY_HEART


def _nothing(look: Look) -> bool:
    return not _holds(look) and not _by_heart(look)


def _silent(look: Look) -> bool:
    return look["silent_classes"] >= 1 and _holds(look)


CHART = Chart(
    marker="held_out_loss",
    diagnoses=(
        Diagnosis(
            "labels_shuffled",
            lasting(_by_heart, early=LATE),
            Text(
                "The labels say nothing of the pictures: {right:.0%} of the training pictures are named right, but"
                " {held_out_right:.0%} of the held-out ones, and always saying the commonest class gives {chance:.0%}."
                " It learns by heart; check which picture carries which label.",
                "标签与图片无关：训练图片认对 {right:.0%}，留出图片只有 {held_out_right:.0%}，而总说最常见的一类就有"
                " {chance:.0%}。模型只是在死记；请检查每张图片的标签是否正确。",
            ),
        ),
        Diagnosis(
            "nothing_learnt",
            lasting(_nothing, early=LATE),
            Text(
                "Nothing is learnt yet: {held_out_right:.0%} of the held-out pictures are named right, {right:.0%} of the"
                " training pictures, and always saying the commonest class gives {chance:.0%}. Lower the learning rate, or"
                " check whether the labels belong to their pictures.",
                "什么也没学到：留出图片认对 {held_out_right:.0%}，训练图片 {right:.0%}，而总说最常见的一类就有 {chance:.0%}。"
                "请降低学习率，或检查标签与图片是否对应。",
            ),
        ),
        Diagnosis(
            "class_never_said",
            lasting(_silent, early=LATE),
            Text(
                "A class is never said: {silent_classes:.0f} of {classes:.0f} classes are given to none of the held-out"
                " pictures, though some show them. Add pictures of the rare classes, or train longer.",
                "有的类别从不被说出：{classes:.0f} 类中有 {silent_classes:.0f} 类没有分给任何留出图片，尽管其中有这些类。"
                "请为少见的类别增加图片，或训练更久。",
            ),
        ),
        Diagnosis(
            "overfitting",
            overfitting("held_out_loss", "loss", margin=0.05),
            Text(
                "Over-fitting: the loss on held-out pictures has risen from {best:.3g} (step {best_step:.0f}) to"
                " {held_out_loss:.3g} while the training loss fell to {loss:.3g}: it grows surer of what it gets wrong."
                " Switch augmentation on, add pictures, or stop earlier.",
                "过拟合：留出图片上的损失从 {best:.3g}（第 {best_step:.0f} 步）升到 {held_out_loss:.3g}，而训练损失降到了"
                " {loss:.3g}：它对自己的错误越来越有把握。请打开数据增强、增加图片，或更早停止。",
            ),
        ),
    ),
)
