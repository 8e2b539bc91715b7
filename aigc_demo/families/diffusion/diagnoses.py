"""What can befall a painter that is trained from nothing, or an adapter of a text-to-image model.

Where captions say nothing that helps, or nothing that was read, a network learns to draw without them: its loss is then
the same under the words of another picture. Few samples drift in colour more easily than in shape: the mean of a picture
is one number a channel, which every step of the way moves a little. Few pictures are soon known by heart: Ruiz et al.
2023, DreamBooth, section 5.4 (over-fitting to the subject's pictures). Copies: Carlini et al. 2023, Extracting Training Data from Diffusion Models.
"""

from aigc_demo.core.words import Text
from aigc_demo.training.doctor.diagnosis import Chart, Diagnosis, Look, lasting, overfitting

COPIED = 1 / 3
DEAF, AWAKE = (
    1.005,
    10,
)  # the loss with other words to that with the right ones; looks: shapes come before words
SHIFTED = 24.0  # of 255, in the mean of a channel over all samples


def _ignored(look: Look) -> bool:
    return look["other_words_loss"] < DEAF * look["held_out_loss"]


def _shifted(look: Look) -> bool:
    return look["colour_shift"] > SHIFTED


def _copied(look: Look) -> bool:
    return look["nearest_ratio"] < COPIED


CHART = Chart(
    marker="train_loss",
    diagnoses=(
        Diagnosis(
            "captions_ignored",
            lasting(_ignored, early=AWAKE),
            Text(
                "The captions are ignored: on held-out pictures the loss is {held_out_loss:.4f} with the right words and"
                " {other_words_loss:.4f} with those of other pictures. Train longer, or write captions that say what"
                " tells the pictures apart.",
                "说明被忽略了：在留出图片上，用正确的说明时损失为 {held_out_loss:.4f}，换成别的图片的说明为"
                " {other_words_loss:.4f}，几乎一样。请训练更久，或把图片之间的区别写进说明。",
            ),
        ),
        Diagnosis(
            "colours_shifted",
            lasting(_shifted, early=AWAKE),
            Text(
                "The colours have shifted: over 64 samples the mean of a channel is {colour_shift:.0f} of 255 away from"
                " that of the pictures with the same captions. Lower the learning rate, or train longer.",
                "颜色偏移：64 张样本的某一通道均值与相同说明的图片相差 {colour_shift:.0f}（满值 255）。"
                "请降低学习率，或训练更久。",
            ),
        ),
        Diagnosis(
            "overfitting",
            overfitting("held_out_loss", "train_loss", margin=0.01),
            Text(
                "Over-fitting: the loss on held-out pictures has risen from {best:.4g} (step {best_step:.0f}) to"
                " {held_out_loss:.4g} while on training pictures it fell to {train_loss:.4g}. Stop earlier, lower the"
                " rank, or add pictures with other backgrounds.",
                "过拟合：留出图片上的损失从 {best:.4g}（第 {best_step:.0f} 步）升到 {held_out_loss:.4g}，"
                "而训练图片上降到了 {train_loss:.4g}。请更早停止、降低秩，或增加不同背景的图片。",
            ),
        ),
        Diagnosis(
            "memorised",
            lasting(_copied),
            Text(
                "Copies of training pictures: half of the samples lie within {nearest_ratio:.2f} of the distance at"
                " which pictures of this set stand from one another (below 0.33 is a copy). Stop earlier, use the adapter"
                " at a lower weight, or add pictures.",
                "训练图片的复制品：一半样本与最近的训练图片之间的距离，只有图片间通常距离的 {nearest_ratio:.2f}"
                "（低于 0.33 即为复制）。请更早停止、降低适配器权重，或增加图片。",
            ),
        ),
    ),
)
