"""What may be asked of models that write."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aigc_demo.core.words import FieldLabel, Text
from aigc_demo.schemas.base import (
    ADAPTER,
    ADAPTER_WEIGHT,
    MODEL,
    OWN,
    SEED,
    AdapterId,
    AdapterWeight,
    Prompt,
    Request,
    Seed,
    printable,
)

LENGTH = FieldLabel(
    "Length limit", "最长词元数", Text("At most this many tokens are written.", "最多写出这么多词元。")
)
Temperature = Annotated[
    float,
    Field(ge=0, le=2, allow_inf_nan=False),
    FieldLabel(
        "Temperature",
        "温度",
        Text(
            "0 always takes the likeliest token; above 1 is adventurous.",
            "0 总取最可能的词元；大于 1 更冒险。",
        ),
    ),
]
TopK = Annotated[
    int,
    Field(ge=0, le=1000),
    FieldLabel(
        "Top-k",
        "Top-k",
        Text("Choose among the k likeliest tokens; 0: all.", "只在最可能的 k 个词元中选；0 为不限。"),
    ),
]
TopP = Annotated[
    float,
    Field(gt=0, le=1, allow_inf_nan=False),
    FieldLabel(
        "Top-p",
        "Top-p",
        Text(
            "Choose among the likeliest tokens that together reach p; 1: all.",
            "只在累计概率达到 p 的词元中选；1 为不限。",
        ),
    ),
]
RepetitionPenalty = Annotated[
    float,
    Field(ge=1, le=2, allow_inf_nan=False),
    FieldLabel(
        "Repetition penalty",
        "重复惩罚",
        Text("Above 1 makes tokens already used less likely.", "大于 1 时，已出现的词元更不容易再出现。"),
    ),
]
Watermark = Annotated[
    bool,
    FieldLabel(
        "Watermark",
        "水印",
        Text(
            "Prefers tokens that a key colours green, so that the text can be recognised later.",
            "让模型偏向由密钥染成绿色的词元，日后可据此认出这段文字。",
        ),
    ),
]
LongText = Annotated[str, Field(max_length=20_000), AfterValidator(printable)]
Beginning = Annotated[
    str,
    Field(max_length=20_000),
    AfterValidator(printable),
    FieldLabel(
        "Kept beginning",
        "保留的开头",
        Text(
            "What is written begins with this, and goes on from it by the same seed.",
            "写出的内容以此开头，再按同一随机种子接着写。",
        ),
    ),
]


BEFORE_DRAFTS = {
    "temperature": 0.9,
    "top_k": 0,
    "top_p": 0.95,
    "repetition_penalty": 1.1,
    "drafts": 1,
    "simplified": False,
}


class TextRequest(Request):
    """Ask a language model to write. Fields marked OWN that are left out are the model's own (language/writers.py)."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "gpt-poems"
    prompt: Annotated[
        Prompt,
        FieldLabel(
            "Prompt",
            "提示词",
            Text("A title, or the words to go on from.", "题目，或让模型接着写下去的开头。"),
        ),
    ] = ""
    prompt_is: Annotated[
        Literal["title", "opening"],
        FieldLabel(
            "The prompt is",
            "提示词作为",
            Text(
                "A title stands above the text; an opening begins it.",
                "题目在正文之上；开头是正文的第一部分。",
            ),
        ),
    ] = "title"
    form: Annotated[
        Literal["wujue", "qijue", "wulu", "qilu"],
        FieldLabel(
            "Form",
            "体裁",
            Text("Quatrain or regulated verse of 5 or 7 characters a line.", "五言或七言，绝句或律诗。"),
        ),
    ] = "qijue"
    heads: Annotated[
        str,
        Field(max_length=8),
        AfterValidator(str.strip),
        FieldLabel(
            "Acrostic heads",
            "藏头",
            Text("One character for the head of each line.", "每句开头的字，例如“生日快乐”。"),
        ),
    ] = ""
    max_new_tokens: Annotated[
        int,
        Field(ge=1, le=512),
        LENGTH,
    ] = 128
    temperature: Annotated[Temperature, OWN] = 0.6
    top_k: Annotated[TopK, OWN] = 20
    top_p: Annotated[TopP, OWN] = 0.9
    repetition_penalty: Annotated[RepetitionPenalty, OWN] = 1.05
    drafts: Annotated[
        int,
        Field(ge=1, le=16),
        OWN,
        FieldLabel(
            "Drafts of a poem",
            "每首诗的草稿数",
            Text(
                "Each poem is the best of so many, by likelihood, rhyme and tone pattern.",
                "每首诗从这么多篇草稿中选出：看概率、押韵与平仄。",
            ),
        ),
    ] = 1
    simplified: Annotated[
        bool,
        FieldLabel(
            "Standard characters only",
            "只用规范字",
            Text(
                "A poem is written without traditional and variant characters.",
                "诗中不用繁体字和异体字。",
            ),
        ),
    ] = True
    count: Annotated[
        int,
        Field(ge=1, le=16),
        FieldLabel("Samples", "样本数", Text("How many texts at once.", "一次写几篇。")),
    ] = 1
    seed: Annotated[Seed, SEED] = 42
    adapter: Annotated[AdapterId, ADAPTER] = ""
    adapter_weight: Annotated[AdapterWeight, ADAPTER_WEIGHT] = 1.0
    watermark: Watermark = False
    continue_from: Beginning = ""

    @classmethod
    def of_recipe(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Before there were drafts, a recipe that is a link left out what was the default then."""
        return {**({} if "drafts" in values else BEFORE_DRAFTS), **values}


class Message(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["user", "assistant"]
    content: LongText


class ChatRequest(Request):
    """Ask a chat model for the next answer of a conversation."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "HuggingFaceTB/SmolLM2-135M-Instruct"
    messages: Annotated[
        list[Message],
        Field(min_length=1, max_length=200),
        FieldLabel(
            "Messages",
            "消息",
            Text(
                "The conversation so far, {role, content} each; the last one is the user's.",
                "到目前为止的对话，每条为 {role, content}；最后一条来自用户。",
            ),
        ),
    ]
    system: Annotated[
        str,
        Field(max_length=4000),
        AfterValidator(printable),
        FieldLabel(
            "System prompt",
            "系统提示词",
            Text("Who the model is to be, and what it should keep to.", "模型扮演的角色，以及应遵守的要求。"),
        ),
    ] = ""
    max_new_tokens: Annotated[
        int,
        Field(ge=1, le=4096),
        LENGTH,
    ] = 512
    temperature: Temperature = 0.7
    top_k: TopK = 20
    top_p: TopP = 0.9
    repetition_penalty: RepetitionPenalty = 1.05
    seed: Annotated[Seed, SEED] = 42
    adapter: Annotated[AdapterId, ADAPTER] = ""
    adapter_weight: Annotated[AdapterWeight, ADAPTER_WEIGHT] = 1.0
    watermark: Watermark = False
    continue_from: Beginning = ""


class RewriteRequest(Request):
    """Ask a sequence-to-sequence model to make another text of one: a translation, a summary, the second line of a couplet."""

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL] = "couplets"
    text: Annotated[
        LongText,
        Field(min_length=1),
        FieldLabel(
            "Text", "原文", Text("What to translate, to sum up or to answer.", "要翻译、概括或对下联的文字。")
        ),
    ]
    task: Annotated[
        Literal["auto", "translate", "summarise", "couplet", "rewrite"],
        FieldLabel(
            "Task",
            "任务",
            Text(
                "Most models know one of them, some two; auto: what the model does.",
                "多数模型只会其中一种，有的会两种；auto 为模型所学的任务。",
            ),
        ),
    ] = "auto"
    max_new_tokens: Annotated[
        int,
        Field(ge=1, le=1024),
        FieldLabel(
            "Length limit",
            "最长词元数",
            Text(
                "At most this many tokens are written for each part; a long text is taken in parts.",
                "每一部分最多写出这么多词元；长文本会分成几部分处理。",
            ),
        ),
    ] = 256
    num_beams: Annotated[
        int,
        Field(ge=1, le=8),
        FieldLabel(
            "Beams",
            "束宽",
            Text(
                "How many candidate texts are followed at once; 1 takes the likeliest token each time.",
                "同时保留多少条候选译文；为 1 时每步只取最可能的词元。",
            ),
        ),
    ] = 1
    temperature: Annotated[
        float,
        Field(ge=0, le=2, allow_inf_nan=False),
        FieldLabel(
            "Temperature",
            "温度",
            Text(
                "0 takes the likeliest token each time; above it tokens are drawn by their odds. Of models trained here, and without beams.",
                "0 表示每步取最可能的词元；大于 0 则按概率抽取。仅用于本应用训练的模型，且不用束搜索时。",
            ),
        ),
    ] = 0.0
    seed: Annotated[
        Seed,
        FieldLabel("Seed", "随机种子", Text("Decides what is drawn.", "决定抽取的结果。")),
    ] = 0
    couplet_rules: Annotated[
        bool,
        FieldLabel(
            "Keep a couplet's rules",
            "遵守对联规则",
            Text(
                "As many characters as the first line has, and none of its characters. Off: what the model has learned by itself.",
                "字数与上句相同，且不重复上句的字。关闭时全凭模型自己学到的规律。",
            ),
        ),
    ] = False
