"""What single commands take besides the fields of their requests: names, files, switches. `zh` picks the help's words."""

import argparse
from pathlib import Path
from typing import Any


def none(own: Any, zh: bool) -> None:
    """Nothing."""


def file(own: Any, zh: bool) -> None:
    """The file to verify."""
    own.add_argument("file", metavar="FILE", type=Path, help=("the file to read", "要读取的文件")[zh])


def data_set(own: Any, zh: bool) -> None:
    """The data set to get, and where from."""
    own.add_argument("dataset", metavar="NAME", help=("see `data list`", "见 `data list`")[zh])
    words = "take it from this folder instead", "改从此文件夹获取"
    own.add_argument("--source", metavar="FOLDER", type=Path, help=words[zh])


def own_data(own: Any, zh: bool) -> None:
    """A data set of one's own, by its name."""
    own.add_argument("name", metavar="NAME", help=("see `data list`", "见 `data list`")[zh])


def new_data(own: Any, zh: bool) -> None:
    """What to call a data set of one's own, and what to make it of."""
    words = "letters, digits, dot, dash", "字母、数字、点、短横线"
    own.add_argument("name", metavar="NAME", help=words[zh])
    words = (
        "pictures, texts, zips or folders; sub-folders become classes",
        "图片、文本、zip 或文件夹；子文件夹成为类别",
    )
    own.add_argument("paths", metavar="PATH", type=Path, nargs="+", help=words[zh])


def question(own: Any, zh: bool) -> None:
    """One message, in place of a conversation."""
    words = (
        "what to say; with --messages, after them; without both, a conversation in the terminal",
        "要说的话；与 --messages 同用时接在其后；两者都不给则在终端中对话",
    )
    own.add_argument("--prompt", metavar="TEXT", help=words[zh])


def benches(own: Any, zh: bool) -> None:
    """What to measure."""
    words = "what to measure", "测量什么"
    parts = ("all", "start", "picture", "text", "chat", "train", "serve", "draw")
    # these moved to tests/load; asked for, they say so
    moved = ("marks", "crowd", "soak")
    own.add_argument(
        "what",
        choices=(*parts, *moved),
        metavar=f"{{{','.join(parts)}}}",
        nargs="?",
        default="all",
        help=words[zh],
    )
    for flag in ("--sessions", "--seconds"):
        own.add_argument(flag, help=argparse.SUPPRESS)


def training(own: Any, zh: bool) -> None:
    """Not here and now: measured only, or in the background."""
    words = "measure a few steps and say whether the run fits this machine", "试跑几步，说明本机能否完成训练"
    own.add_argument("--plan", action="store_true", help=words[zh])
    words = "train in the background; see `jobs`", "在后台训练；见 `jobs`"
    own.add_argument("--detach", action="store_true", help=words[zh])


def job(own: Any, zh: bool) -> None:
    """A job by its name."""
    own.add_argument("name", metavar="NAME", help=("see `jobs list`", "见 `jobs list`")[zh])


def archive(own: Any, zh: bool) -> None:
    """The zip of an exported model, and what to call it here."""
    own.add_argument(
        "file", metavar="ZIP", type=Path, help=("from `jobs export`", "由 `jobs export` 导出")[zh]
    )
    words = "what to call it; else as the file", "导入后的名称；默认同文件名"
    own.add_argument("--name", help=words[zh])


def audited(own: Any, zh: bool) -> None:
    """A model of this disk by its id."""
    own.add_argument("model_id", metavar="MODEL", help=("see `models`", "见 `models`")[zh])


def search(own: Any, zh: bool) -> None:
    """What to look for."""
    words = "part of a model's name; nothing: the catalogue", "模型名称的一部分；不填则列出目录"
    own.add_argument("words", metavar="WORDS", nargs="?", default="", help=words[zh])
    words = "only models for this task", "只列出适用于该任务的模型"
    own.add_argument("--task", metavar="TASK", default="", help=words[zh])


def hub_model(own: Any, zh: bool) -> None:
    """A model of the hub by its id."""
    own.add_argument("model", metavar="OWNER/NAME", help=("see `hub search`", "见 `hub search`")[zh])


def publishing(own: Any, zh: bool) -> None:
    """What to publish and where to, or what to check."""
    words = "the model or adapter to show; else the whole app", "要展示的模型或适配器；不填则为整个应用"
    own.add_argument("--model", metavar="ID", default="", help=words[zh])
    own.add_argument("--out", metavar="FOLDER", type=Path, help=("a new folder", "新的文件夹")[zh])
    words = (
        "upload it as this Space where HF_TOKEN is set; else the commands are printed",
        "设置了 HF_TOKEN 时上传为此 Space；否则只显示命令",
    )
    own.add_argument("--space", metavar="OWNER/NAME", default="", help=words[zh])
    words = "start this published folder as Spaces would and test it", "像 Spaces 那样启动并测试此文件夹"
    own.add_argument("--check", metavar="FOLDER", type=Path, help=words[zh])
