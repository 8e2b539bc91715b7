"""Why a request does not fit, as one sentence: pydantic's first complaint, and what would fit, read off the schema."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text

if TYPE_CHECKING:
    from aigc_demo.core.words import FieldLabel


def refusal(
    request_type: type[BaseModel],
    error: ValidationError,
    label_of: Callable[[type[BaseModel], str], "FieldLabel"],
) -> InputError:
    """An InputError that names the first field that does not fit, by its label, and what would."""
    first = error.errors(include_url=False)[0]
    field = str(first["loc"][0]) if first["loc"] else "request"
    if field not in request_type.model_fields:
        known = ", ".join(request_type.model_fields)
        return InputError(
            en=f"{_short(field)} is no field of this request; it has {known}.",
            zh=f"此请求没有字段 {_short(field)}；可用字段：{known}。",
        )
    words = label_of(request_type, field)
    if first["type"] == "missing":
        return InputError(en=f"{words.en} is missing; it must be given.", zh=f"缺少 {words.zh}；此项必填。")
    schema = request_type.model_json_schema()["properties"][field]
    fits = _what_fits(schema.get("items", schema) if len(first["loc"]) > 1 else schema)
    shown = _short(first.get("input"))
    return InputError(
        en=f"{words.en}: {shown} does not fit; {(fits.en or words.help.en or 'choose another').rstrip('.')}.",
        zh=f"{words.zh}：{shown} 不合要求；{(fits.zh or words.help.zh or '请换一个').rstrip('。')}。",
    )


def _short(value: Any, limit: int = 40) -> str:
    """The value as Python writes it, cut where it is long; its length then says by how much."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)})"


def _what_fits(schema: Mapping[str, Any]) -> Text:
    """What a field takes; nothing where its schema does not say."""
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    if "enum" in schema:
        choices = ", ".join(map(str, schema["enum"]))
        return Text(f"choose one of {choices}", f"请从 {choices} 中选择")
    if low is not None and high is not None:
        if "exclusiveMinimum" in schema:
            return Text(f"give a number above {low}, up to {high}", f"请填大于 {low}、不超过 {high} 的数")
        number = Text("whole number", "整数") if schema["type"] == "integer" else Text("number", "数")
        return Text(f"give a {number.en} from {low} to {high}", f"请填 {low} 到 {high} 之间的{number.zh}")
    if "maxItems" in schema:
        return Text(f"give {schema['maxItems']} values", f"请填 {schema['maxItems']} 个值")
    if "maxLength" in schema:
        return Text(
            f"give up to {schema['maxLength']} characters", f"请填不超过 {schema['maxLength']} 个字符"
        )
    return (
        Text("give true or false", "请填 true 或 false") if schema.get("type") == "boolean" else Text("", "")
    )
