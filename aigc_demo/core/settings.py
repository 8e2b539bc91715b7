"""What the person who starts the app decides: command-line flags, or AIGC_* variables, or the defaults here."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aigc_demo.core.errors import InputError
from aigc_demo.core.modes import RULES, Rules
from aigc_demo.core.words import FieldLabel, label_of

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "space.json"  # a published folder says there which part of the app it shows
TABS = (
    "text", "chat", "rewrite", "image", "reconstruct", "classify", "draw", "upscale", "walk", "evaluate", "train", "models",
    "verify",
)  # fmt: skip
ANY_TAB = "|".join(TABS)
VISITORS = ".visitors"  # beside the owner's own: folders of the visitors of a public page


def hub_cache() -> Path:
    """Where the hub's own client keeps what it fetched, so that models of other programs are found."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


class Settings(BaseModel):
    """Each field is the flag `--field-name` of app.py and the variable AIGC_FIELD_NAME."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Annotated[
        Literal["local", "share", "spaces"], FieldLabel("who can reach the page", "谁能访问网页")
    ] = "local"
    device: Annotated[
        str,
        Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$"),
        FieldLabel("auto, cpu, cuda, cuda:1 or mps", "auto、cpu、cuda、cuda:1 或 mps"),
    ] = "auto"
    weights_dir: Annotated[Path, FieldLabel("models that come with the app", "应用自带的模型")] = (
        ROOT / "weights"
    )
    runs_dir: Annotated[Path, FieldLabel("models trained here", "在本机训练的模型")] = ROOT / "runs"
    data_dir: Annotated[Path, FieldLabel("data sets, fetched once", "数据集，只获取一次")] = ROOT / "data"
    outputs_dir: Annotated[Path, FieldLabel("files on their way to the browser", "发往浏览器的文件")] = Field(
        default_factory=lambda: Path(tempfile.gettempdir()) / "aigc-demo"
    )
    offline: Annotated[bool, FieldLabel("never ask the network", "不访问网络")] = False
    lang: Annotated[
        Literal["auto", "en", "zh"], FieldLabel("language of page and messages", "网页与消息的语言")
    ] = "auto"
    memory_mb: Annotated[
        int,
        Field(ge=0),
        FieldLabel(
            "models kept loaded, in megabytes of weights; 0: three quarters of the device's memory",
            "保持加载的模型，以权重的 MB 计；0 为设备内存的四分之三",
        ),
    ] = 0
    hub_dir: Annotated[Path, FieldLabel("models fetched from the hub", "从模型仓库下载的模型")] = Field(
        default_factory=hub_cache
    )
    text_server: Annotated[
        str,
        Field(pattern=r"^(https?://\S+)?$", max_length=500),
        FieldLabel(
            "base URL of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1; its key in AIGC_SERVER_KEY",
            "OpenAI 兼容服务的地址，如 http://127.0.0.1:8000/v1；密钥放在 AIGC_SERVER_KEY 中",
        ),
    ] = ""
    image_server: Annotated[
        str,
        Field(pattern=r"^(https?://\S+)?$", max_length=500),
        FieldLabel("URL of a text-to-image inference endpoint", "文生图推理端点的地址"),
    ] = ""
    hosts: Annotated[
        str,
        Field(pattern=r"^[\w.,:*\[\] -]*$", max_length=500),
        FieldLabel(
            "further names the page is reached under, as lab.example.org,*.example.net",
            "网页的其他域名，如 lab.example.org,*.example.net",
        ),
    ] = ""
    allow_downloads: Annotated[
        bool, FieldLabel("visitors of a public page may fetch models, too", "公开网页的访客也可以下载模型")
    ] = False
    allow_training: Annotated[
        bool, FieldLabel("visitors of a public page may train, too", "公开网页的访客也可以训练")
    ] = False
    allow_any_model: Annotated[
        bool, FieldLabel("and fetch models outside the catalogue", "并可下载目录之外的模型")
    ] = False
    allow_folders: Annotated[
        bool, FieldLabel("and name folders of this computer", "并可填写本机文件夹的路径")
    ] = False
    allow_model_upload: Annotated[bool, FieldLabel("and upload models", "并可上传模型")] = False
    content_filter: Annotated[
        bool,
        FieldLabel(
            "refuse and blur what should not be shown, as public pages always do",
            "拒绝或模糊不宜展示的内容（公开网页始终开启）",
        ),
    ] = False
    allow_unchecked_pictures: Annotated[
        bool,
        FieldLabel(
            "draw with hub models though no picture classifier is here to check what comes out",
            "即使本机没有图片分类器检查结果，也可用下载的模型绘图",
        ),
    ] = False

    tabs: Annotated[
        str,
        Field(pattern=rf"^(({ANY_TAB})(,({ANY_TAB}))*)?$"),
        FieldLabel(
            f"the parts of the page to show, such as image,walk, of {','.join(TABS)}; else all",
            f"只显示网页的这些部分，如 image,walk；可选 {','.join(TABS)}，不填则全部显示",
        ),
    ] = ""
    visitor: Annotated[
        str,
        Field(pattern=r"^([cs][0-9a-f]{32})?$"),
        FieldLabel("the visitor of a public page whose runs and data are meant", "所指的公开网页访客"),
    ] = ""

    mcp: Annotated[
        bool,
        FieldLabel(
            "offer the endpoints as tools for a language model (MCP), for those with the token that is printed",
            "把接口同时作为语言模型的工具提供（MCP），需要启动时显示的令牌",
        ),
    ] = False

    @property
    def own_runs_dir(self) -> Path:
        """Where the training runs of the owner, or of the visitor, are."""
        return self.runs_dir / VISITORS / self.visitor if self.visitor else self.runs_dir

    @property
    def own_data_dir(self) -> Path:
        """Where the data sets are that the owner, or the visitor, brought."""
        return self.data_dir / VISITORS / self.visitor if self.visitor else self.data_dir

    @property
    def rules(self) -> Rules:
        """What holds on this page: the rules of its mode, and what the flags allow beyond them."""
        allowed = {
            "train": self.allow_training,
            "download": self.allow_downloads,
            "any_model": self.allow_any_model,
            "folder_paths": self.allow_folders,
            "checkpoint_upload": self.allow_model_upload,
            "content_filter": self.content_filter,
        }
        return replace(RULES[self.mode], **{name: True for name, allow in allowed.items() if allow})

    @property
    def may_train(self) -> bool:
        """Whether who opens the page may train: on one's own machine always, in public only by choice."""
        return self.rules.train

    @property
    def may_download(self) -> bool:
        """Whether who opens the page may fetch and delete models: on one's own machine always, in public by choice."""
        return self.rules.download


def add_flags(parser: Any, lang: str = "en") -> None:
    """Add a flag for each field to an argparse parser or group; one that is not given reads None."""
    for name, field in Settings.model_fields.items():
        flag, words = f"--{name.replace('_', '-')}", label_of(Settings, name).say(lang)
        if field.annotation is bool:
            parser.add_argument(flag, action="store_true", default=None, help=words)
        else:
            parser.add_argument(flag, metavar=name.rsplit("_")[-1].upper(), help=words)


def flags_given(namespace: argparse.Namespace) -> dict[str, object]:
    """The settings among parsed arguments that were really given."""
    values = {name: getattr(namespace, name) for name in Settings.model_fields}
    return {name: value for name, value in values.items() if value is not None}


def read_settings(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from flags, which win over variables, which win over the defaults; InputError on a bad value."""
    parser = argparse.ArgumentParser(description="AIGC Demo: meet generative AI by using it.")
    add_flags(parser)
    return settings_from(flags_given(parser.parse_args(arguments)), environment)


def settings_from(values: Mapping[str, object], environment: Mapping[str, str] = os.environ) -> Settings:
    """`values` over the AIGC_* variables over the published folder's own over the defaults.

    On a Space the mode is spaces unless it is set, and what is made there (keys, data sets) lies outside the checkout.
    """
    found: dict[str, object] = published()
    if environment.get("SYSTEM") == "spaces":
        found |= {"mode": "spaces", "data_dir": Path.home() / ".cache" / "aigc-demo"}
    for name in Settings.model_fields:
        if value := environment.get(f"AIGC_{name.upper()}"):
            found[name] = value
    try:
        return Settings.model_validate({**found, **values})
    except FileNotFoundError as error:  # of the standard library, which has tried all that there are
        raise InputError(
            en=f"No temporary folder can be written ({error.strerror}); name one with TMPDIR, or make room there.",
            zh=f"没有可写的临时文件夹（{error.strerror}）；请用 TMPDIR 指定一个，或清理其空间。",
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise InputError(
            en=f"Setting {name}: {first['input']!r} does not fit ({first['msg']}); see python app.py --help.",
            zh=f"设置 {name}：{first['input']!r} 不合要求；请运行 python app.py --help 查看说明。",
        ) from error


def published(path: Path = PUBLISHED) -> dict[str, object]:
    """The settings that come with a folder that `publish` wrote; none in the app itself."""
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            en=f"{path.name} cannot be read ({error}); publish the folder anew.",
            zh=f"无法读取 {path.name}（{error}）；请重新发布该文件夹。",
        ) from error


def prepare_environment(settings: Settings) -> None:
    """Set what must stand in the environment before torch and the hub's client are imported."""
    if "torch" in sys.modules:
        return  # too late to matter, and a test process has set its own
    # Gradio then serves a visitor's outputs where they lie, and keeps no second copy
    if settings.rules.isolate:
        os.environ["GRADIO_TEMP_DIR"] = str(settings.outputs_dir.resolve())
    # spinning threads slow a second torch process ninefold
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("USE_HUB_KERNELS", "0")
    direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    # Gradio asks its own server whether it is there: no proxy knows that
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, (direct, "localhost", "127.0.0.1")))
    if settings.offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
