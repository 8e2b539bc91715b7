"""The one request that starts a training job, whoever asks: page, HTTP API or command line."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.models.family import family, trained
from aigc_demo.schemas import Seed
from aigc_demo.schemas.base import printable

NAME = r"^\w[\w.-]{0,59}$"


class TrainRequest(BaseModel):
    """Ask for a training run. Zero for the learning rate or the batch takes what the family and size prescribe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: Annotated[
        Literal[tuple(row.name for row in trained())],
        FieldLabel(
            "Model family",
            "模型家族",
            Text(
                "A GAN draws sharp pictures, a VAE also encodes them, a classifier names them; a Transformer writes text, sequence "
                "to sequence makes of one text another; a diffusion model draws what captions say, and a pretrained one on this "
                "disk can be taught your own subject or style.",
                "GAN 画得清晰，VAE 还能编码图片，分类器给图片命名；Transformer 写文字，序列到序列把一段文字变成另一段；"
                "扩散模型按文字作画，本机已有的预训练扩散模型可以学会您的主体或画风。",
            ),
        ),
    ]
    data: Annotated[
        str,
        Field(min_length=1, max_length=1000),
        FieldLabel(
            "Data",
            "数据",
            Text(
                "A data set's name (see `data list`), a prepared folder, or your own files: a folder or zip of pictures, a text file.",
                "数据集名称（见 `data list`）、准备好的文件夹，或自己的文件：图片文件夹或 zip、文本文件。",
            ),
        ),
    ]
    name: Annotated[
        str,
        Field(pattern=NAME),
        FieldLabel(
            "Name",
            "名称",
            Text(
                "Letters, digits, dot, dash; the model is then runs/<name>.",
                "字母、数字、点、短横线；模型将称为 runs/<名称>。",
            ),
        ),
    ]
    start: Annotated[
        str,
        Field(max_length=200),
        AfterValidator(str.strip),
        FieldLabel(
            "Start from",
            "起点",
            Text(
                "A model of the same family to go on from (fine-tuning); empty: random weights.",
                "从同一家族的已有模型继续训练（微调）；留空则从随机权重开始。",
            ),
        ),
    ] = ""
    method: Annotated[
        Literal["auto", "full", "lora"],
        FieldLabel(
            "Method",
            "训练方法",
            Text(
                "full moves every weight; lora leaves a pretrained model as it is and learns a small adapter beside it; "
                "auto: lora for a pretrained model.",
                "full 调整全部权重；lora 不改动预训练模型，只在旁边学习一个小适配器；auto 对预训练模型用 lora。",
            ),
        ),
    ] = "auto"
    size: Annotated[
        Literal["tiny", "small", "base"],
        FieldLabel(
            "Size",
            "规模",
            Text(
                "Larger networks can learn more, from more data, in more time.",
                "网络越大，能学的越多，也需要更多数据和时间。",
            ),
        ),
    ] = "tiny"
    steps: Annotated[
        int,
        Field(ge=1, le=10_000_000),
        FieldLabel(
            "Steps",
            "步数",
            Text(
                "How many batches the model learns from; too few under-fits, too many over-fits small data.",
                "模型学习多少个批次；太少欠拟合，数据少时太多会过拟合。",
            ),
        ),
    ] = 500
    batch_size: Annotated[
        int,
        Field(ge=0, le=4096),
        FieldLabel(
            "Batch size",
            "批大小",
            Text(
                "Examples a step; larger is steadier and slower. 0: the preset's.",
                "每步的样本数；越大越平稳也越慢。0 为预设值。",
            ),
        ),
    ] = 0
    learning_rate: Annotated[
        float,
        Field(ge=0, le=10, allow_inf_nan=False),
        FieldLabel(
            "Learning rate",
            "学习率",
            Text(
                "How far each step moves the weights; too high diverges, too low crawls. 0: the preset's.",
                "每步移动权重的幅度；太高会发散，太低则学得很慢。0 为预设值。",
            ),
        ),
    ] = 0.0
    frozen_layers: Annotated[
        int,
        Field(ge=0, le=12),
        FieldLabel(
            "Frozen layers",
            "冻结层数",
            Text(
                "Layers that keep what they know: of a GAN's discriminator (freeze-D), or a language model's lowest.",
                "保持不变的层数：GAN 的判别器（Freeze-D），或语言模型最底部的层。",
            ),
        ),
    ] = 0
    augment: Annotated[
        Literal["auto", "on", "off"],
        FieldLabel(
            "Augmentation",
            "数据增强",
            Text(
                "Shifts, mirrors and tints what the networks see; keeps a GAN from learning few pictures by heart.",
                "对网络看到的图片做平移、镜像和变色；防止 GAN 把少量图片背下来。",
            ),
        ),
    ] = "auto"
    kl_weight: Annotated[
        float,
        Field(ge=0, le=100, allow_inf_nan=False),
        FieldLabel(
            "KL weight β",
            "KL 权重 β",
            Text(
                "A VAE's pull of codes towards N(0, I): 0 leaves gaps between codes, too much makes codes say nothing.",
                "VAE 把编码拉向 N(0, I) 的力度：0 会在编码间留下空洞，太大则编码不再含信息。",
            ),
        ),
    ] = 0.2
    adversarial_weight: Annotated[
        float,
        Field(ge=0, le=10, allow_inf_nan=False),
        FieldLabel(
            "Adversarial weight",
            "对抗权重",
            Text(
                "A VAE's critic, which tells its pictures from real ones patch by patch: 0.5 makes them sharper, 0 has none.",
                "给 VAE 加一个逐块分辨真假的判别器：0.5 让图片更清晰，0 表示不用。",
            ),
        ),
    ] = 0.0
    gradient_penalty: Annotated[
        float,
        Field(ge=0, le=100, allow_inf_nan=False),
        FieldLabel(
            "Gradient penalty γ",
            "梯度惩罚 γ",
            Text(
                "Keeps a GAN's discriminator smooth; 0 lets it win, and the generator learns nothing more.",
                "让 GAN 的判别器保持平滑；为 0 时判别器容易获胜，生成器学不到东西。",
            ),
        ),
    ] = 0.05
    label_noise: Annotated[
        float,
        Field(ge=0, le=1, allow_inf_nan=False),
        FieldLabel(
            "Label noise",
            "标签噪声",
            Text(
                "The share of a classifier's training labels that is exchanged by chance; at 1 all it can do is learn by heart.",
                "分类器训练标签中被随机调换的比例；为 1 时它只能死记硬背。",
            ),
        ),
    ] = 0.0
    lora_rank: Annotated[
        int,
        Field(ge=1, le=128),
        FieldLabel(
            "LoRA rank r",
            "LoRA 秩 r",
            Text(
                "Each matrix is changed by a product of two thin ones, r wide: larger learns more, and more by heart.",
                "每个矩阵的改动是两个宽度为 r 的细长矩阵之积；r 越大学得越多，也越容易死记。",
            ),
        ),
    ] = 8
    lora_alpha: Annotated[
        float,
        Field(gt=0, le=512, allow_inf_nan=False),
        FieldLabel(
            "LoRA α",
            "LoRA α",
            Text(
                "The change is scaled by α / r; with the rank, raise this too.",
                "改动按 α / r 缩放；提高秩时也应提高它。",
            ),
        ),
    ] = 16.0
    load_in_4bit: Annotated[
        bool,
        FieldLabel(
            "Base in 4 bits (QLoRA)",
            "4 位基座（QLoRA）",
            Text(
                "The model that stays as it is lies in memory with 4 bits a weight: room for a larger one, some accuracy less. "
                "Needs the package bitsandbytes.",
                "不变的模型以每个权重 4 位存放：可容纳更大的模型，精度略降。需要 bitsandbytes 包。",
            ),
        ),
    ] = False
    trigger: Annotated[
        str,
        Field(max_length=60),
        AfterValidator(printable),
        AfterValidator(str.strip),
        FieldLabel(
            "Trigger word",
            "触发词",
            Text(
                "Put before every caption; later it calls up what was learnt. A rare word, such as sks or zjstyle.",
                "加在每条图片说明之前；之后在提示词里写它就能唤起所学内容。请用少见的词，如 sks 或 zjstyle。",
            ),
        ),
    ] = ""
    resolution: Annotated[
        int,
        Field(ge=0, le=2048, multiple_of=8),
        FieldLabel(
            "Resolution",
            "分辨率",
            Text(
                "Side in pixels at which a diffusion model is trained, a multiple of 8; 0: what it is made for.",
                "训练扩散模型时图片的边长（像素），须为 8 的倍数；0 为模型自身的分辨率。",
            ),
        ),
    ] = 0
    architecture: Annotated[
        Literal[("auto", *(name for row in trained() for name in row.architectures))],
        FieldLabel(
            "Network",
            "网络结构",
            Text(
                "LSTM: two of them with one vector between; with attention the second one also looks back at every source "
                "token; a Transformer has attention alone, and is what auto takes.",
                "LSTM：两个 LSTM，之间只有一个向量；带注意力时解码器还能回看每个源词元；Transformer 只用注意力，auto 即用它。",
            ),
        ),
    ] = "auto"
    label_smoothing: Annotated[
        float,
        Field(ge=0, le=0.5, allow_inf_nan=False),
        FieldLabel(
            "Label smoothing ε",
            "标签平滑 ε",
            Text(
                "This share of the probability is spread over all tokens, so that the model is less sure of itself; 0: off.",
                "把这一比例的概率分给所有词元，使模型不过分自信；0 为关闭。",
            ),
        ),
    ] = 0.0
    seed: Annotated[
        Seed,
        FieldLabel(
            "Seed",
            "随机种子",
            Text(
                "The same seed, data and settings train the same model.",
                "相同的种子、数据和设置训练出相同的模型。",
            ),
        ),
    ] = 0
    save_every: Annotated[
        int,
        Field(ge=1, le=1_000_000),
        FieldLabel(
            "Save every so many steps",
            "每多少步保存一次",
            Text("A crash loses at most this many steps.", "意外中断时最多丢失这么多步。"),
        ),
    ] = 100
    held_out: Annotated[
        Literal["all", "half"],
        FieldLabel(
            "Judged on",
            "评估依据",
            Text(
                "What a run is judged by while it trains: all that is held out, or every other example of it, as in a "
                "sweep, which tests its best run on the other half.",
                "训练时用什么来评估：全部留出的样本，或只用其中一半（每隔一个取一个）；参数搜索用后者，最好的一次再用另一半做测试。",
            ),
        ),
    ] = "all"

    @property
    def way(self) -> str:
        """How this trains, as in the families' table: "lora" beside a pretrained model, else "full"."""
        return "lora" if self.method == "lora" else "full"

    @property
    def training(self) -> str:
        """What kind of training this is: the family, with "lora" behind where an adapter is trained."""
        return f"{self.family} lora" if self.way == "lora" else self.family

    def uses(self, field: str) -> bool:
        """Whether this kind of training looks at `field`."""
        return uses(self.family, self.way, field)


def optional_fields() -> list[str]:
    """The fields that only some trainings ask for, in their order."""
    ways = [training for row in trained() for training in row.trains.values()]
    asked = {name for training in ways for name in (*training.fields, *training.ignores)}
    return [name for name in TrainRequest.model_fields if name in asked]


def uses(name: str, way: str, field: str) -> bool:
    """Whether training a family in this way asks for a field."""
    training = family(name).trains.get(way)
    if any(field in other.ignores for row in trained() for other in row.trains.values()):
        return training is None or field not in training.ignores
    return field not in optional_fields() or (training is not None and field in training.fields)
