"""Who can reach the page decides what it does: the rules of the modes local, share and spaces, in one table.

local   on one's own machine, for oneself: everything is on, nothing is limited but the size of a file.
share   a public link that the app prints with a password: what costs the owner's machine or disk is off.
spaces  open to everybody at Hugging Face: as share, without a password.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, get_type_hints

from aigc_demo.core.words import Text


@dataclass(frozen=True)
class Rules:
    """What holds in a mode. Sizes in megabytes (2^20 bytes), times in seconds, None: no limit."""

    login: Annotated[bool, Text("a password is asked for", "需要密码登录")]
    queue_size: Annotated[int, Text("calls that may wait", "可排队的请求数")]
    upload_mb: Annotated[int, Text("one uploaded file, MB", "单个上传文件，MB")]
    upload_mb_per_hour: Annotated[
        int | None, Text("uploads of a visitor in an hour, MB", "每位访客每小时上传，MB")
    ]
    show_error: Annotated[bool, Text("errors are shown with their internals", "显示错误的内部信息")]
    footer_links: Annotated[tuple[str, ...], Text("links at the foot of the page", "页脚链接")]
    retention_seconds: Annotated[
        int | None, Text("a visitor's files are kept, seconds", "访客文件的保留时间，秒")
    ]
    train: Annotated[bool, Text("training (--allow-training)", "训练（--allow-training）")]
    download: Annotated[bool, Text("fetching models (--allow-downloads)", "下载模型（--allow-downloads）")]
    any_model: Annotated[
        bool, Text("models outside the catalogue (--allow-any-model)", "目录之外的模型（--allow-any-model）")
    ]
    folder_paths: Annotated[
        bool, Text("folders of this computer (--allow-folders)", "本机文件夹（--allow-folders）")
    ]
    checkpoint_upload: Annotated[
        bool, Text("uploading a model (--allow-model-upload)", "上传模型（--allow-model-upload）")
    ]
    visible_label: Annotated[bool, Text("a label that people see in the result", "结果上有可见标识")]
    text_mark: Annotated[bool, Text("a watermark in written text", "文字水印")]
    image_mark: Annotated[bool, Text("a hidden mark in pictures", "图片隐藏水印")]
    content_filter: Annotated[bool, Text("requests and pictures pass a content filter", "内容过滤")]
    hosts: Annotated[tuple[str, ...], Text("names the page answers to", "网页响应的域名")]
    isolate: Annotated[bool, Text("visitors do not see each other's things", "访客彼此隔离")]


LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
PUBLIC = {
    "queue_size": 16,
    "upload_mb": 50,
    "upload_mb_per_hour": 200,
    "show_error": False,
    "retention_seconds": 3600,
    "train": False,
    "download": False,
    "any_model": False,
    "folder_paths": False,
    "checkpoint_upload": False,
    "visible_label": True,
    "text_mark": True,
    "image_mark": True,
    "content_filter": True,
    "isolate": True,
}
RULES: Mapping[str, Rules] = types.MappingProxyType({
    "local": Rules(
        login=False,
        queue_size=32,
        upload_mb=2048,
        upload_mb_per_hour=None,
        show_error=True,
        footer_links=("api", "gradio", "settings"),
        retention_seconds=None,
        train=True,
        download=True,
        any_model=True,
        folder_paths=True,
        checkpoint_upload=True,
        visible_label=False,
        text_mark=False,
        image_mark=False,
        content_filter=False,
        hosts=LOOPBACK,
        isolate=False,
    ),
    "share": Rules(**PUBLIC, login=True, footer_links=(), hosts=(*LOOPBACK, "*.gradio.live")),
    "spaces": Rules(**PUBLIC, login=False, footer_links=("api",), hosts=(*LOOPBACK, "*.hf.space")),
})  # fmt: skip


def words_of_rule(name: str) -> Text:
    """What the rule `name` says, in both languages."""
    return get_type_hints(Rules, include_extras=True)[name].__metadata__[0]


def rule_names() -> list[str]:
    """The rules in the order of the table."""
    return [field.name for field in fields(Rules)]
