"""What is refused before a job is queued, each in a sentence."""

from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text, joined
from aigc_demo.data import catalogue, needs_network
from aigc_demo.data.folders import no_data
from aigc_demo.data.imports import Manifest, own_folder, read_manifest
from aigc_demo.jobs.folder import JobFolder
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import family, kind_of
from aigc_demo.pretrained.quantise import check_library
from aigc_demo.runtime import registry
from aigc_demo.safety import guarded

NO_ADAPTER = Text(
    "{model} takes no adapter; choose a language model or a text-to-image model.",
    "{model} 不支持适配器；请选择语言模型或文生图模型。",
)
NEEDS_LORA = Text(
    "{model} is pretrained, which needs the method lora or auto.",
    "{model} 是预训练模型，请用 lora 或 auto 方法。",
)
# What a run that goes on may have otherwise than at its start; in all else two trainings would be mixed in one folder.
FREE = ("name", "steps", "save_every", "method")
EARLY = ("batch_size", "learning_rate")  # and these as long as no step has been done, as where memory ran out
PRESET = Text("{value} (the preset's)", "{value}（预设值）")
MOST_SIDE = 128  # pixels of what a GAN or VAE learns


def check_request(request: TrainRequest, settings: Settings) -> TrainRequest:
    """The request with its paths made absolute and its method decided; an InputError where it cannot be."""
    start = find_start(request, settings)
    if start:
        check_shown(start, settings)
    checked = settle_method(check_data(request, settings), start)
    if folder := own_folder(checked.data, settings.own_data_dir):
        check_kind(checked, read_manifest(folder))
    return checked


def check_data(request: TrainRequest, settings: Settings) -> TrainRequest:
    """The request, a path in it made absolute: the worker may run elsewhere. An InputError where there are no such data.

    Nor where they would have to be fetched while offline.

    Paths are for those who sit at the machine: on a public page only names of data sets are taken.
    """
    own = settings.own_data_dir / request.data / "manifest.json"
    known = catalogue().get(request.data)
    if known and settings.offline and not known.ready(settings.data_dir):
        raise needs_network(known)
    if known or ("/" not in request.data and own.is_file()):
        return request
    path = Path(request.data).expanduser()
    if settings.rules.folder_paths and path.exists():
        return request.model_copy(update={"data": str(path.resolve())})
    raise no_data(request.data, settings.rules.folder_paths)


def check_kind(request: TrainRequest, manifest: Manifest) -> None:
    """An InputError where an own set is of another kind than the training, or its pictures are too large for it."""
    if manifest.reads != family(request.family).reads:
        raise InputError(
            en=f"{manifest.name} holds {manifest.kind}, which a {request.family} does not learn from; choose other data.",
            zh=f"{manifest.name} 的类型是 {manifest.kind}，{request.family} 无法从中学习；请选择其他数据。",
        )
    if manifest.kind == "chat" and request.method == "full":
        raise InputError(
            en=f"{manifest.name} holds conversations; start from a pretrained chat model.",
            zh=f"{manifest.name} 是对话数据；请以预训练对话模型为起点。",
        )
    if request.method == "full" and manifest.side > MOST_SIDE:
        raise InputError(
            en=f"The pictures of {manifest.name} have {manifest.side} pixels a side, more than the {MOST_SIDE} that "
            f"a {request.family} learns here; import them again, smaller.",
            zh=f"{manifest.name} 的图片边长为 {manifest.side} 像素，超过 {request.family} 在此可学习的 {MOST_SIDE}；"
            "请用更小的边长重新导入。",
        )


def find_start(request: TrainRequest, settings: Settings) -> ModelCard | None:
    """The card of the model to go on from; an InputError where there is none or it is of another family."""
    if not request.start:
        return None
    card = registry.find_card(request.start, settings)
    if card.family != request.family:
        raise InputError(
            en=f"{card.id} is a {card.family}, not a {request.family}; start from a model of the same family.",
            zh=f"{card.id} 属于 {card.family}，而不是 {request.family}；请从同一家族的模型开始。",
        )
    if card.base:
        raise InputError(
            en=f"{card.id} is an adapter; start from its model, {card.base}.",
            zh=f"{card.id} 是适配器；请从它的模型 {card.base} 开始。",
        )
    return card


def check_shown(start: ModelCard, settings: Settings) -> None:
    """An InputError where the samples of a run would have to be checked: they are drawn in its own process, by no filter."""
    if guarded(start, settings) and not settings.allow_unchecked_pictures:
        raise InputError(
            en=f"Training with {start.id} shows samples that the content filter does not see; whoever runs this page "
            "can allow it with --allow-unchecked-pictures.",
            zh=f"以 {start.id} 训练时会显示未经内容过滤的样张；本页面的运营者可用 --allow-unchecked-pictures 允许。",
        )


def settle_method(request: TrainRequest, start: ModelCard | None) -> TrainRequest:
    """The request with its method decided; an InputError where start and method do not go together.

    A pretrained model is only ever adapted, beside its weights; a model of this app is only ever trained whole.
    """
    pretrained = start is not None and bool(start.kind)
    if pretrained and (not adaptable(start) or request.method == "full"):
        raise InputError.of((NEEDS_LORA if adaptable(start) else NO_ADAPTER).format(model=start.id))
    if request.method == "lora" and not pretrained:
        raise InputError(
            en="LoRA adapts a pretrained model; choose one to start from, or take the method full.",
            zh="LoRA 用于适配预训练模型；请选择一个作为起点，或改用 full 方法。",
        )
    if pretrained and request.load_in_4bit:
        check_library()
    return request.model_copy(update={"method": "lora" if pretrained else "full"})


def adaptable(card: ModelCard) -> bool:
    """Whether an adapter can be trained for a pretrained model."""
    return kind_of(card.kind).adaptable


def check_same(request: TrainRequest, folder: JobFolder, go_on: bool) -> None:
    """An InputError unless the request goes on with what is in the folder, and has something left to do."""
    before = folder.request()
    if before is None or not go_on:
        raise InputError(
            en=f"The name {request.name} is taken; choose another.",
            zh=f"名称 {request.name} 已被使用；请另取一个。",
        )
    if folder.is_usable() and not folder.run.has_state():
        raise has_no_state(request.name)
    done = folder.run.steps_done()
    trained = done >= before.steps and folder.state().state == "done"
    begun = (
        Text(f"is trained to its last step ({done})", f"已训练到最后一步（第 {done} 步）")
        if trained
        else Text(f"has done {done} steps", f"已完成 {done} 步")
    )
    if other := _differences(before, request, done):
        raise InputError(
            en=f"runs/{request.name} {begun.en} with {other.en}; go on with that{' and more --steps' * trained}, or take"
            " another --name.",
            zh=f"runs/{request.name} {begun.zh}，其{other.zh}；请沿用原值{'并增加 --steps' * trained}，或换一个 --name。",
        )
    if request.steps <= done and (trained or request.steps != before.steps):
        raise InputError(
            en=f"runs/{request.name} {begun.en}, and {request.steps} were asked for; ask for more --steps to go on, or"
            " take another --name.",
            zh=f"runs/{request.name} {begun.zh}，而要求的是 {request.steps} 步；如需继续请增加 --steps，或换一个 --name。",
        )


def _differences(before: TrainRequest, now: TrainRequest, done: int) -> Text:
    """Which settings that this training uses are other than they were; nothing where none is."""
    free = FREE if done else FREE + EARLY
    names = [name for name in TrainRequest.model_fields if name not in free and now.uses(name)]
    pairs = [(name, getattr(before, name), getattr(now, name)) for name in ("training", *names)]
    found = [(name, _value(name, old), _value(name, new)) for name, old, new in pairs if old != new]
    said = [
        Text(f"{name} {old.en}, not {new.en}", f" {name} 为 {old.zh}，而不是 {new.zh}")
        for name, old, new in ((name.replace("_", "-"), old, new) for name, old, new in found)
    ]
    return joined(said, ", ", "，")


def _value(name: str, value: object) -> Text:
    said = Text(str(value), str(value))
    return PRESET.format(value=said) if name in EARLY and value == 0 else said


def unknown_job(name: str) -> InputError:
    """There is no such job."""
    return InputError(
        en=f"There is no training run {str(name)[:60]}; `jobs list` shows those there are.",
        zh=f"没有训练记录 {str(name)[:60]}；可用 `jobs list` 查看已有的记录。",
    )


def has_no_state(name: str) -> InputError:
    """The run is a model that came in a zip: there is no save to go on from."""
    return InputError(
        en=f"{name} came without what training goes on from; start a new run from runs/{name} instead.",
        zh=f"{name} 没有续训所需的保存状态；请以 runs/{name} 为起点开始新的训练。",
    )


def is_active(name: str) -> InputError:
    """The job is training or queued, which forbids this."""
    return InputError(
        en=f"{name} is training, or waits to; stop it first.",
        zh=f"{name} 正在训练或排队；请先停止它。",
    )


def is_idle(name: str) -> InputError:
    """The job is not training, which forbids this."""
    return InputError(
        en=f"{name} is not training; resume it first.",
        zh=f"{name} 没有在训练；请先继续训练。",
    )
