"""What may be asked of a model, and what comes back.

One pydantic model a request: the page's widgets, the command line's flags, the HTTP API's parameters, the
recipe inside every file and the "show the code" view are all read off these classes, and every value is
checked here, on the server, whatever a widget allowed. `Words` gives a field its label and its help in both
languages. The Protocols say what a family's model must be able to do to serve a tab.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from aigc_demo.refusals import refusal

if TYPE_CHECKING:  # the page process does not wait for torch
    import torch
    from torch import Tensor

MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class Words:
    """A field's label and help, in English and Chinese."""

    en: str
    zh: str
    help_en: str = ""
    help_zh: str = ""

    def label(self, lang: str) -> str:
        """The label in `lang`."""
        return self.zh if lang == "zh" else self.en

    def help(self, lang: str) -> str:
        """What the field does, in a sentence."""
        return self.help_zh if lang == "zh" else self.help_en


def _printable(text: str) -> str:
    """Text without control characters, which no model has seen and no terminal should be sent."""
    return "".join(char for char in text if char >= " " or char in "\n\t")


Prompt = Annotated[str, Field(max_length=400), AfterValidator(_printable)]
Label = Annotated[str, Field(max_length=200), AfterValidator(str.strip)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Psi = Annotated[float, Field(ge=0, le=1.5, allow_inf_nan=False)]

SEED = Words(
    "Seed", "随机种子", "The same seed and settings give the same result.", "相同的种子和设置得到相同的结果。"
)
PSI = Words(
    "Truncation ψ",
    "截断 ψ",
    "Below 1: safer and more alike; 0: the class average; above 1: bolder.",
    "小于 1 更稳妥也更雷同，0 为该类的平均样貌，大于 1 更大胆。",
)
MODEL = Words("Model", "模型")


class Request(BaseModel):
    """What all requests share: unknown fields are refused, a request never changes once checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL]


class TextRequest(Request):
    """Ask a language model to write."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "gpt-poems"
    prompt: Annotated[
        Prompt,
        Words("Prompt", "提示词", "A title, or the words to go on from.", "题目，或让模型接着写下去的开头。"),
    ] = ""
    prompt_is: Annotated[
        Literal["title", "opening"],
        Words(
            "The prompt is",
            "提示词作为",
            "A title stands above the text; an opening begins it.",
            "题目在正文之上；开头是正文的第一部分。",
        ),
    ] = "title"
    form: Annotated[
        Literal["wujue", "qijue", "wulu", "qilu"],
        Words(
            "Form",
            "体裁",
            "Quatrain or regulated verse of 5 or 7 characters a line.",
            "五言或七言，绝句或律诗。",
        ),
    ] = "qijue"
    heads: Annotated[
        str,
        Field(max_length=8),
        AfterValidator(str.strip),
        Words(
            "Acrostic heads",
            "藏头",
            "One character for the head of each line.",
            "每句开头的字，例如「生日快乐」。",
        ),
    ] = ""
    max_new_tokens: Annotated[
        int,
        Field(ge=1, le=512),
        Words("Length limit", "最长词元数", "At most this many tokens are written.", "最多写出这么多词元。"),
    ] = 128
    temperature: Annotated[
        float,
        Field(ge=0, le=2, allow_inf_nan=False),
        Words(
            "Temperature",
            "温度",
            "0 always takes the likeliest token; above 1 is adventurous.",
            "0 总取最可能的词元；大于 1 更冒险。",
        ),
    ] = 0.9
    top_k: Annotated[
        int,
        Field(ge=0, le=1000),
        Words(
            "Top-k",
            "Top-k",
            "Choose among the k likeliest tokens; 0: all.",
            "只在最可能的 k 个词元中选；0 为不限。",
        ),
    ] = 0
    top_p: Annotated[
        float,
        Field(gt=0, le=1, allow_inf_nan=False),
        Words(
            "Top-p",
            "Top-p",
            "Choose among the likeliest tokens that together reach p; 1: all.",
            "只在累计概率达到 p 的词元中选；1 为不限。",
        ),
    ] = 0.95
    repetition_penalty: Annotated[
        float,
        Field(ge=1, le=2, allow_inf_nan=False),
        Words(
            "Repetition penalty",
            "重复惩罚",
            "Above 1 makes tokens already used less likely.",
            "大于 1 时，已出现的词元更不容易再出现。",
        ),
    ] = 1.1
    count: Annotated[
        int, Field(ge=1, le=16), Words("Samples", "样本数", "How many texts at once.", "一次写几篇。")
    ] = 1
    seed: Annotated[Seed, SEED] = 42


class ImageRequest(Request):
    """Ask for pictures of chosen classes."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "gan-digits"
    label: Annotated[
        Label,
        Words(
            "Class",
            "类别",
            '"all", or classes by number or name, with commas.',
            "all 表示全部，或用逗号分隔的类别编号或名称。",
        ),
    ] = "all"
    count: Annotated[
        int, Field(ge=1, le=64), Words("Count", "数量", "How many pictures.", "生成多少张图。")
    ] = 40
    seed: Annotated[Seed, SEED] = 42
    truncation_psi: Annotated[Psi, PSI] = 1.0
    prior: Annotated[
        Literal["density", "normal"],
        Words(
            "Sample from",
            "采样自",
            "A VAE's latents: the density fitted on real codes, or the plain N(0, I).",
            "VAE 的潜向量取自：在真实编码上拟合的密度，或标准正态 N(0, I)。",
        ),
    ] = "density"


class ArrayRequest(ImageRequest):
    """The same, in numbers large enough to measure a model with; command line only."""

    count: Annotated[int, Field(ge=1, le=100_000)] = 10_000


class ReconstructRequest(Request):
    """Ask an autoencoder to encode a picture and decode it again."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "vae-digits"
    image: Annotated[str, Field(min_length=1, max_length=1000), Words("Picture", "图片")]
    noise: Annotated[
        float,
        Field(ge=0, le=1, allow_inf_nan=False),
        Words(
            "Noise",
            "噪声",
            "Standard deviation of the noise added before encoding.",
            "编码之前加入的噪声的标准差。",
        ),
    ] = 0.0
    neighbours: Annotated[
        int,
        Field(ge=1, le=16),
        Words(
            "Neighbours",
            "近邻",
            "How many of the nearest training codes to show.",
            "显示多少个最近的训练样本编码。",
        ),
    ] = 8
    seed: Annotated[Seed, SEED] = 42


class WalkRequest(Request):
    """Ask for a film from one point of latent space to another."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "vae-digits"
    from_seed: Annotated[Seed, Words("Seed of A", "A 的种子")] = 1
    to_seed: Annotated[Seed, Words("Seed of B", "B 的种子")] = 2
    from_label: Annotated[Label, Words("Class of A", "A 的类别")] = "2"
    to_label: Annotated[Label, Words("Class of B", "B 的类别")] = "7"
    from_image: Annotated[str, Field(max_length=1000), Words("Picture of A", "A 的图片")] = ""
    to_image: Annotated[str, Field(max_length=1000), Words("Picture of B", "B 的图片")] = ""
    interpolation: Annotated[
        Literal["slerp", "lerp"],
        Words(
            "Path",
            "路径",
            "Along the sphere, as Gaussian vectors lie, or straight.",
            "沿球面（高斯向量的所在），或走直线。",
        ),
    ] = "slerp"
    frames: Annotated[int, Field(ge=2, le=120), Words("Frames", "帧数")] = 24
    there_and_back: Annotated[
        bool,
        Words(
            "There and back", "往返", "The film returns to A, so that it loops.", "影片回到 A，可以循环播放。"
        ),
    ] = True
    fps: Annotated[int, Field(ge=1, le=50), Words("Frames a second", "每秒帧数")] = 12
    truncation_psi: Annotated[Psi, PSI] = 1.0


class GridRequest(Request):
    """Ask for the square between four points of latent space."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "vae-digits"
    seeds: Annotated[
        list[Seed], Field(min_length=4, max_length=4), Words("Seeds of the corners", "四角的种子")
    ] = [1, 2, 3, 4]
    labels: Annotated[
        list[Label], Field(min_length=4, max_length=4), Words("Classes of the corners", "四角的类别")
    ] = ["0", "1", "6", "7"]
    interpolation: Annotated[Literal["slerp", "lerp"], Words("Path", "路径")] = "slerp"
    size: Annotated[int, Field(ge=2, le=16), Words("Pictures a side", "每边张数")] = 8
    truncation_psi: Annotated[Psi, PSI] = 1.0


AnyRequest = TypeVar("AnyRequest", bound=BaseModel)
REQUESTS: Mapping[str, type[Request]] = {
    "text": TextRequest,
    "image": ImageRequest,
    "reconstruct": ReconstructRequest,
    "walk": WalkRequest,
    "grid": GridRequest,
}


def task_of(request: Request) -> str:
    """The name of a request's task, as in REQUESTS."""
    return next(name for name, kind in REQUESTS.items() if isinstance(request, kind))


def words_of(request_type: type[BaseModel], field: str) -> Words:
    """Label and help of a field; the bare field name where it has none."""
    for item in request_type.model_fields[field].metadata:
        if isinstance(item, Words):
            return item
    return Words(field, field)


def check(request_type: type[AnyRequest], values: Mapping[str, Any]) -> AnyRequest:
    """The request, or an InputError that names the first field that does not fit and what would."""
    try:
        return request_type.model_validate(dict(values))
    except ValidationError as error:
        raise refusal(request_type, error, words_of) from error


# --- what a family's model offers -----------------------------------------------------------------------------


class LatentModel(Protocol):
    """Pictures from latent vectors. `K` classes; a class weight row is one-hot, or a mixture for class morphing."""

    classes: dict[str, list[str]]
    image_shape: tuple[int, int, int]
    latent_dim: int

    def sample_latents(
        self, labels: "Tensor", generator: "torch.Generator", truncation_psi: float = 1.0
    ) -> "Tensor":
        """Latents (N, latent_dim) for class labels (N,)."""
        ...

    def decode(self, z: "Tensor", class_weights: "Tensor", truncation_psi: float = 1.0) -> "Tensor":
        """Pictures (N, C, H, W) in [-1, 1] for latents (N, latent_dim) and class weights (N, K)."""
        ...


class Critic(Protocol):
    """A model that also judges pictures: a GAN's discriminator."""

    def score(self, images: "Tensor", class_weights: "Tensor") -> "Tensor":
        """Raw scores (N,); higher means more real."""
        ...

    def percentile(self, scores: "Tensor") -> "Tensor":
        """Share of real held-out pictures that score lower, (N,) in [0, 1]."""
        ...


class Autoencoder(LatentModel, Protocol):
    """A model that also encodes pictures: a VAE."""

    def encode(self, images: "Tensor") -> tuple["Tensor", "Tensor"]:
        """Mean and log variance (N, latent_dim) of q(z | x) for pictures (N, C, H, W) in [-1, 1]."""
        ...

    def nearest(self, z: "Tensor", k: int) -> tuple["Tensor", "Tensor", "Tensor"]:
        """The k nearest training codes of one latent (latent_dim,): codes (k, latent_dim), labels and distances (k,)."""
        ...


@dataclass(frozen=True)
class TokenChoice:
    """One token that was written, with the model's own odds before any filter."""

    text: str
    id: int
    probability: float
    alternatives: list[tuple[str, float]]


@dataclass(frozen=True)
class Step:
    """One step of decoding: a token for each sample, None for samples that have ended."""

    index: int
    tokens: list[TokenChoice | None]


class TextModel(Protocol):
    """A language model that writes token by token."""

    forms: tuple[str, ...]
    language: str
    context_length: int
    layers: int
    heads: int

    def generate(self, prompt: str, *, stop: Callable[[], bool], **settings: Any) -> Iterator[Step]:
        """Write `count` samples; the settings are TextRequest's fields."""
        ...

    def attention(self, ids: Sequence[int], layer: int, head: int) -> tuple[list[str], "Tensor"]:
        """Labels of the T tokens and the attention weights (T, T) of one head; rows sum to 1."""
        ...
