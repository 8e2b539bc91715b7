"""What can befall an adapter of a text-to-image model.

Few pictures are soon known by heart: Ruiz et al. 2023, DreamBooth, section 5.4 (over-fitting to the subject's
pictures). Copies: Carlini et al. 2023, Extracting Training Data from Diffusion Models.
"""

from aigc_demo.core.words import Text
from aigc_demo.training.doctor.diagnosis import Chart, Diagnosis, Look, lasting, overfitting

COPIED = 1 / 3


def _copied(look: Look) -> bool:
    return look["nearest_ratio"] < COPIED


CHART = Chart(
    marker="train_loss",
    diagnoses=(
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
