"""What can befall a model of picture codes: an alphabet of few codes, captions that are not read, learning by heart."""

from aigc_demo.core.words import Text
from aigc_demo.training.doctor.diagnosis import Chart, Diagnosis, Look, lasting, overfitting

FEW_CODES = 8  # in use: a picture of them has nothing to say
CAPTION_HELPS = 0.01  # bits a code, at least


def _few_codes(look: Look) -> bool:
    return look["codes_used"] <= FEW_CODES


def _ignored(look: Look) -> bool:
    return look["bits_without"] - look["held_out_bits"] < CAPTION_HELPS


CHART = Chart(
    marker="psnr",
    diagnoses=(
        Diagnosis(
            "few_codes",
            lasting(_few_codes),
            Text(
                "The autoencoder uses {codes_used:.0f} codes only (restored pictures at {psnr:.1f} dB), so that all pictures"
                " look alike to the Transformer. Train longer, or with a higher learning rate.",
                "自编码器只用到 {codes_used:.0f} 个码（重建图片为 {psnr:.1f} 分贝），在 Transformer 看来所有图片都差不多。"
                "请训练更久，或提高学习率。",
            ),
        ),
        Diagnosis(
            "captions_ignored",
            lasting(_ignored, early=3),  # it learns first what pictures look like at all
            Text(
                "The captions are not read: with its caption a code of a held-out picture costs {held_out_bits:.2f} bits,"
                " without it {bits_without:.2f}. Check that captions say what is to be seen, and train longer.",
                "模型没有读说明文字：留出图片的每个码，有说明时需要 {held_out_bits:.2f} 比特，没有时需要 {bits_without:.2f} 比特。"
                "请检查说明文字是否写了画面内容，并训练更久。",
            ),
        ),
        Diagnosis(
            "overfitting",
            overfitting("held_out_bits", "bits", margin=0.02),
            Text(
                "Over-fitting: bits a code of held-out pictures have risen from {best:.4g} (step {best_step:.0f}) to"
                " {held_out_bits:.4g} while those in training fell to {bits:.4g}. Add pictures, or stop earlier.",
                "过拟合：留出图片每个码的比特数从 {best:.4g}（第 {best_step:.0f} 步）升到 {held_out_bits:.4g}，"
                "而训练中的降到了 {bits:.4g}。请增加图片，或更早停止。",
            ),
        ),
    ),
)
