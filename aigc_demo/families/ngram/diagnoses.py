"""What can befall an n-gram model, beside what can befall any language model."""

from aigc_demo.core.words import Text
from aigc_demo.language.diagnoses import LOOPING
from aigc_demo.training.doctor.diagnosis import Chart, Diagnosis, Look, lasting

WORSE = 0.005  # bits a character that one order more costs
UNKNOWN = 0.1  # share of contexts known below which the longest ones hardly count


def _too_high(look: Look) -> bool:
    return look["held_out"] > look["held_out_lower"] + WORSE


def _unseen(look: Look) -> bool:
    return look["known_contexts"] < UNKNOWN


CHART = Chart(
    marker="repetition",
    diagnoses=(
        LOOPING,
        Diagnosis(
            "order_too_high",
            lasting(_too_high),
            Text(
                "The order is too high for so little text: held-out text costs {held_out:.3f} bits a character, and one order"
                " less would cost {held_out_lower:.3f}. Bring more text, or take a smaller size.",
                "文本太少，阶数太高：留出文本每字符 {held_out:.3f} 比特，少一阶只要 {held_out_lower:.3f}。"
                "请增加文本，或选用更小的规模。",
            ),
        ),
        Diagnosis(
            "unseen_contexts",
            lasting(_unseen, early=10),
            Text(
                "New text, new contexts: only {known_contexts:.0%} of the held-out places have a longest context that was ever"
                " seen, so shorter ones do the work. Bring more text, or take a smaller size.",
                "没见过的上文：留出文本中只有 {known_contexts:.0%} 的位置，其最长上文曾经出现过，其余都靠更短的上文。"
                "请增加文本，或选用更小的规模。",
            ),
        ),
    ),
)
