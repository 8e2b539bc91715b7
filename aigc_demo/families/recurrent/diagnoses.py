"""What can befall an LSTM that learns to write, beside what can befall any language model.

Exploding gradients, and why a memory forgets: Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013.
"""

from aigc_demo.core.words import Text
from aigc_demo.language.diagnoses import LOOPING, OVERFITTING
from aigc_demo.training.doctor.diagnosis import Chart, Diagnosis, Look, lasting

EXPLODED = 5.0  # mean norm of the gradients, which are cut at 1
REMEMBERED = 0.01  # bits a token that far text must save
HALFWAY = 10  # looks: before, there is little to remember


def _explodes(look: Look) -> bool:
    return look["gradient_norm"] > EXPLODED


def _forgets(look: Look) -> bool:
    return look["far_context"] < REMEMBERED


CHART = Chart(
    marker="repetition",
    diagnoses=(
        OVERFITTING,
        LOOPING,
        Diagnosis(
            "exploding_gradients",
            lasting(_explodes),
            Text(
                "Exploding gradients: their mean norm is {gradient_norm:.0f}, and each step cuts it down to 1, so that only the"
                " direction of the worst moments is left. Take a lower learning rate.",
                "梯度爆炸：梯度范数平均为 {gradient_norm:.0f}，每一步都被截到 1，剩下的只是最坏时刻的方向。请降低学习率。",
            ),
        ),
        Diagnosis(
            "forgets",
            lasting(_forgets, early=HALFWAY, looks_in_a_row=3),
            Text(
                "It forgets: text more than eight tokens back saves {far_context:.3f} bits a token, which is nothing. Train"
                " more steps or a larger size; a shorter text may hold nothing worth remembering.",
                "记不住前文：八个词元以前的文字只省下每词元 {far_context:.3f} 比特，等于没有。请增加步数或规模；"
                "文本太短时，可能本来就没有值得记住的内容。",
            ),
        ),
    ),
)
