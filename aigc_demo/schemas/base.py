"""What every request shares: words for its fields, the types of fields that recur, and the one way to check it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from aigc_demo.core.words import FieldLabel, Text, label_of
from aigc_demo.schemas.validation import refusal

MAX_SEED = 2**32 - 1


def printable(text: str) -> str:
    """Text without control characters, which no model has seen and no terminal should be sent."""
    return "".join(char for char in text if char >= " " or char in "\n\t")


Prompt = Annotated[str, Field(max_length=400), AfterValidator(printable)]
Label = Annotated[str, Field(max_length=200), AfterValidator(str.strip)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Psi = Annotated[float, Field(ge=0, le=1.5, allow_inf_nan=False)]

SEED = FieldLabel(
    "Seed",
    "随机种子",
    Text("The same seed and settings give the same result.", "相同的种子和设置得到相同的结果。"),
)
PSI = FieldLabel(
    "Truncation ψ",
    "截断 ψ",
    Text(
        "Below 1: safer and more alike; 0: the class average; above 1: bolder.",
        "小于 1 更稳妥也更雷同，0 为该类的平均样貌，大于 1 更大胆。",
    ),
)
MODEL = FieldLabel("Model", "模型")
AdapterId = Annotated[str, Field(max_length=200), AfterValidator(str.strip)]
AdapterWeight = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
ADAPTER = FieldLabel(
    "Adapter",
    "适配器",
    Text(
        "A LoRA that was trained on this model, as runs/mine; empty: the model as it is.",
        "在此模型上训练的 LoRA，如 runs/mine；留空则使用原模型。",
    ),
)
LONGEST_PROMPT = 2000  # characters
PicturePrompt = Annotated[str, Field(max_length=LONGEST_PROMPT), AfterValidator(printable)]
PicturePath = Annotated[str, Field(max_length=1000)]
StepCount = Annotated[int, Field(ge=0, le=1000)]
STEPS = FieldLabel(
    "Steps",
    "采样步数",
    Text(
        "How many times a diffusion model denoises; 0: as many as the model is made for.",
        "扩散模型去噪的次数；0 为该模型的默认值。",
    ),
)
Guidance = Annotated[float, Field(ge=-1, le=30, allow_inf_nan=False)]
GUIDANCE = FieldLabel(
    "Guidance",
    "引导强度",
    Text(
        "How closely a diffusion model follows the prompt or class; up to 1: not guided; -1: the model's own.",
        "扩散模型对提示词或类别的遵循程度；不大于 1 则不引导，-1 为模型默认。",
    ),
)
ADAPTER_WEIGHT = FieldLabel(
    "Adapter weight",
    "适配器权重",
    Text(
        "How much of the adapter is added: 0 none, 1 as it was trained.",
        "适配器起多大作用：0 为不用，1 为训练时的强度。",
    ),
)


class Request(BaseModel):
    """What all requests share: unknown fields are refused, a request never changes once checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Annotated[str, Field(min_length=1, max_length=200), MODEL]

    @classmethod
    def of_recipe(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a recipe, unchecked; one that is older than a field means by its absence what was usual then."""
        return dict(values)


# Marks a field that a model has a value of its own for, which it takes where the request leaves the field out.
OWN = Field(json_schema_extra={"own": True})


@lru_cache
def own_fields(kind: type[BaseModel]) -> frozenset[str]:
    """The fields of a request that are marked OWN."""
    properties = kind.model_json_schema()["properties"]
    return frozenset(name for name, schema in properties.items() if schema.get("own"))


AnyRequest = TypeVar("AnyRequest", bound=BaseModel)


def check(request_type: type[AnyRequest], values: Mapping[str, Any]) -> AnyRequest:
    """The request, or an InputError that names the first field that does not fit and what would."""
    try:
        return request_type.model_validate(dict(values))
    except ValidationError as error:
        raise refusal(request_type, error, label_of) from error


def fitting(request_type: type[AnyRequest], values: Mapping[str, Any]) -> AnyRequest:
    """A request of those of the values that fit, each by itself; the other fields have their defaults.

    One that has to be given and is not, or does not fit, is empty: such a request may be shown, but not carried out.
    """
    fields = request_type.model_fields
    kept = {name: value for name, value in values.items() if name in fields}
    empty = {name: fields[name].annotation for name in fields if fields[name].is_required()}
    while True:
        try:
            return request_type.model_validate(kept)
        except ValidationError as error:
            bad = {part["loc"][0] for part in error.errors(include_url=False) if part["loc"]}
        if not bad & kept.keys():
            blank = {
                name: [] if get_origin(kind) is list else ""
                for name, kind in empty.items()
                if name not in kept
            }
            return request_type.model_construct(**blank, **kept)
        kept = {name: value for name, value in kept.items() if name not in bad}
