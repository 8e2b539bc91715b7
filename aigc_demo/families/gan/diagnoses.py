"""What can befall a GAN.

Mode collapse: Goodfellow 2016 (NIPS tutorial), section 5.1.1. A discriminator that is too strong: Arjovsky and
Bottou 2017. One that knows its pictures by heart: Karras et al. 2020, Training GANs with Limited Data, section 2.
Copies: Carlini et al. 2023.
"""

from aigc_demo.core.words import Text
from aigc_demo.training.doctor.diagnosis import Chart, Diagnosis, Look, lasting

COLLAPSED = 0.3  # of the real pictures' mean pairwise distance
UNBEATEN = 0.95  # share of pairs that the discriminator tells apart
GAP = 6.0  # logits between real and fake: the discriminator's loss is exp(-6), it has nothing left to learn
ALWAYS, LOOKS = 0.97, 3  # share of pairs, and looks in a row; healthy runs stay at 0.95 or below for so long
COPIED = 1 / 3


def _collapsed(look: Look) -> bool:
    return look["diversity"] < COLLAPSED


def _unbeaten(look: Look) -> bool:
    gap = look["real_logit"] - look["fake_logit"]
    return look["discriminator_accuracy"] > UNBEATEN and gap > GAP


def _always_right(look: Look) -> bool:
    return look["discriminator_accuracy"] > ALWAYS and not _unbeaten(look)


def _learnt_by_heart(look: Look) -> bool:
    return look["discriminator_accuracy"] > 0.85 and look["held_out_accuracy"] < 0.55


def _copied(look: Look) -> bool:
    return look["nearest_ratio"] < COPIED


CHART = Chart(
    marker="diversity",
    diagnoses=(
        Diagnosis(
            "mode_collapse",
            lasting(_collapsed),
            Text(
                "Mode collapse: the generator draws nearly the same picture again and again; its samples differ"
                " {diversity:.0%} as much as the real pictures do. Start again with a lower learning rate or a higher"
                " gradient penalty.",
                "模式崩溃：生成器反复画出几乎相同的图片，样本间的差异只有真实图片的 {diversity:.0%}。"
                "请降低学习率或提高梯度惩罚，重新开始。",
            ),
        ),
        Diagnosis(
            "discriminator_too_strong",
            lasting(_unbeaten),
            Text(
                "The discriminator is too strong: it tells {discriminator_accuracy:.1%} of the pairs apart, real pictures"
                " score {real_logit:.1f} and generated ones {fake_logit:.1f}, so the generator (loss"
                " {generator_loss:.1f}) learns little. Raise the gradient penalty, or lower the learning rate.",
                "判别器太强：它分清了 {discriminator_accuracy:.1%} 的图片对，真实图片得 {real_logit:.1f} 分，"
                "生成图片得 {fake_logit:.1f} 分，生成器（损失 {generator_loss:.1f}）几乎学不到东西。"
                "请提高梯度惩罚，或降低学习率。",
            ),
        ),
        Diagnosis(
            "discriminator_always_right",
            lasting(_always_right, looks_in_a_row=LOOKS),
            Text(
                "The discriminator is always right: it tells {discriminator_accuracy:.1%} of the pairs apart and has done so"
                " for some time (real pictures score {real_logit:.1f}, generated ones {fake_logit:.1f}), so the generator"
                " gets no hint which way is better. With few pictures a VAE learns more surely; else give more pictures, a"
                " higher gradient penalty, or more steps.",
                "判别器总是判对：它分清了 {discriminator_accuracy:.1%} 的图片对，而且已持续一段时间（真实图片得 {real_logit:.1f} 分，"
                "生成图片得 {fake_logit:.1f} 分），生成器无从知道往哪个方向改进。图片少时请改用 VAE，它学得更稳；"
                "否则请增加图片、提高梯度惩罚或增加步数。",
            ),
        ),
        Diagnosis(
            "discriminator_overfitting",
            lasting(_learnt_by_heart),
            Text(
                "The discriminator knows its pictures by heart: it wins {discriminator_accuracy:.0%} of the pairs in"
                " training but {held_out_accuracy:.0%} with real pictures it has not seen. Switch augmentation on, or"
                " add pictures.",
                "判别器把训练图片背了下来：训练中它赢得 {discriminator_accuracy:.0%} 的图片对，换成没见过的真实图片只有"
                " {held_out_accuracy:.0%}。请打开数据增强，或增加图片。",
            ),
        ),
        Diagnosis(
            "memorised",
            lasting(_copied),
            Text(
                "Copies of training pictures: half of the samples lie within {nearest_ratio:.2f} of the distance at"
                " which pictures of this set stand from one another (below 0.33 is a copy). Add pictures, switch"
                " augmentation on, or stop earlier.",
                "训练图片的复制品：一半样本与最近的训练图片之间的距离，只有图片间通常距离的 {nearest_ratio:.2f}"
                "（低于 0.33 即为复制）。请增加图片、打开数据增强，或更早停止。",
            ),
        ),
    ),
)
