"""What can befall any language model.

Looping text: Holtzman et al. 2020, The Curious Case of Neural Text Degeneration; counted by repeated 4-grams
(Welleck et al. 2020, seq-rep-4).
"""

from aigc_demo.core.words import Text
from aigc_demo.training.doctor.diagnosis import Diagnosis, Look, lasting, overfitting

REPEATED = 0.5  # share of 4-grams that stood before in the same text


def _loops(look: Look) -> bool:
    return look["repetition"] > REPEATED


OVERFITTING = Diagnosis(
    "overfitting",
    overfitting("held_out", "train_bits", margin=0.02),
    Text(
        "Over-fitting: held-out text costs {held_out:.2f} bits a character, up from {best:.2f} at step"
        " {best_step:.0f}, while training text costs only {train_bits:.2f}. Bring more text, take a smaller"
        " size, or stop earlier.",
        "过拟合：留出文本每字符 {held_out:.2f} 比特，高于第 {best_step:.0f} 步的 {best:.2f}，"
        "而训练文本只有 {train_bits:.2f}。请增加文本、选用更小的规模，或更早停止。",
    ),
)
LOOPING = Diagnosis(
    "looping",
    lasting(_loops),
    Text(
        "Looping text: {repetition:.0%} of the samples' 4-word pieces have stood in the same text before. Bring more"
        " varied text, or train fewer steps on this one.",
        "循环文本：样本中 {repetition:.0%} 的四词片段在同一文本里已经出现过。请提供更多样的文本，"
        "或减少在这份文本上的训练步数。",
    ),
)
