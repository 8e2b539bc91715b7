"""What can befall an encoder-decoder: a decoder that does not listen to its source, learning by heart, going in circles.

A decoder can write well and translate nothing, by going on from its own words alone (Bahdanau et al. 2014 fought it with
attention). It shows where a target costs as many bits behind the source of another pair as behind its own.
"""

from aigc_demo.core.words import Text
from aigc_demo.training.doctor.diagnosis import Chart, Diagnosis, Look, lasting, overfitting

SOURCE_HELPS = 0.02  # of the bits that a target costs behind a wrong source, at least
LOOPING = 0.5  # share of 4-grams that stood before in the same text


def _ignored(look: Look) -> bool:
    return look["wrong_source"] - look["held_out"] < SOURCE_HELPS * look["wrong_source"]


def _loops(look: Look) -> bool:
    return look["repetition"] > LOOPING


CHART = Chart(
    marker="wrong_source",
    diagnoses=(
        Diagnosis(
            "source_ignored",
            lasting(_ignored, early=3),  # it learns first what targets look like at all
            Text(
                "The source is not read: a held-out target costs {held_out:.2f} bits a character behind its own source, and"
                " {wrong_source:.2f} behind that of another pair. Train longer, take a network with attention, and check"
                " that sources and targets belong together.",
                "模型没有读源文：留出的目标文本，配自己的源文时每字 {held_out:.2f} 比特，配别人的源文时 {wrong_source:.2f} 比特。"
                "请训练更久，改用带注意力的网络，并检查源文与目标是否对应。",
            ),
        ),
        Diagnosis(
            "overfitting",
            overfitting("held_out", "train_bits", margin=0.02),
            Text(
                "Over-fitting: held-out targets cost {held_out:.2f} bits a character, up from {best:.2f} at step"
                " {best_step:.0f}, while training targets cost only {train_bits:.2f}. Bring more pairs, take a smaller"
                " size, or stop earlier.",
                "过拟合：留出的目标文本每字 {held_out:.2f} 比特，高于第 {best_step:.0f} 步的 {best:.2f}，"
                "而训练目标只有 {train_bits:.2f}。请增加句对、选用更小的规模，或更早停止。",
            ),
        ),
        Diagnosis(
            "looping",
            lasting(_loops, early=3),
            Text(
                "Looping text: {repetition:.0%} of the samples' 4-word pieces have stood in the same text before. Train"
                " longer, or bring more varied pairs.",
                "循环文本：样本中 {repetition:.0%} 的四词片段在同一文本里已经出现过。请训练更久，或提供更多样的句对。",
            ),
        ),
    ),
)
