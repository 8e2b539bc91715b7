"""What can befall a VAE.

Posterior collapse: Bowman et al. 2016; counted by active units, Burda, Grosse and Salakhutdinov 2016. Codes that
leave the prior: Hoffman and Johnson 2016, ELBO Surgery.
"""

from aigc_demo.core.words import Text
from aigc_demo.training.doctor.diagnosis import Chart, Diagnosis, Look, lasting, overfitting

SILENT = 0.1  # share of the latent dimensions
AWAKE = 8  # looks: many a VAE ignores its code for the first third of a run, then finds it
SCATTERED, A_VALUE = (
    8.0,
    0.16,
)  # nats a latent dimension, and a value of the picture: larger ones have more to say


def _collapsed(look: Look) -> bool:
    return look["active_units"] <= SILENT * look["latent_dim"]


def _scattered(look: Look) -> bool:
    return look["held_out_kl"] > max(SCATTERED * look["latent_dim"], A_VALUE * look.get("picture_values", 0))


CHART = Chart(
    marker="held_out_loss",
    diagnoses=(
        Diagnosis(
            "posterior_collapse",
            lasting(_collapsed, early=AWAKE),
            Text(
                "Posterior collapse: {active_units:.0f} of {latent_dim:.0f} latent dimensions carry anything (KL"
                " {held_out_kl:.2f} nats), so the decoder draws much the same for every picture. Lower the KL weight.",
                "后验坍塌：{latent_dim:.0f} 个潜变量维度中只有 {active_units:.0f} 个带有信息（KL 为"
                " {held_out_kl:.2f} 奈特），解码器对每张图片画得都差不多。请降低 KL 权重。",
            ),
        ),
        Diagnosis(
            "scattered_codes",
            lasting(_scattered),
            Text(
                "The codes have left the prior: the KL term is {held_out_kl:.0f} nats over {latent_dim:.0f} dimensions, so"
                " between the codes lies empty space where new pictures come out as nonsense. Raise the KL weight.",
                "编码远离了先验：{latent_dim:.0f} 维的 KL 项达 {held_out_kl:.0f} 奈特，编码之间是空洞，"
                "从中采样的新图片没有意义。请提高 KL 权重。",
            ),
        ),
        Diagnosis(
            "overfitting",
            overfitting("held_out_loss", "loss", margin=0.01),
            Text(
                "Over-fitting: the loss on held-out pictures has risen from {best:.4g} (step {best_step:.0f}) to"
                " {held_out_loss:.4g} while the training loss fell to {loss:.4g}. Add pictures, or stop earlier.",
                "过拟合：留出图片上的损失从 {best:.4g}（第 {best_step:.0f} 步）升到 {held_out_loss:.4g}，"
                "而训练损失降到了 {loss:.4g}。请增加图片，或更早停止。",
            ),
        ),
    ),
)
