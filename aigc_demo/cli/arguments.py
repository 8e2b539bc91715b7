"""What single commands take besides the fields of their requests: names, files, switches. `lang` is the help's."""

import argparse
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import no_file
from aigc_demo.core.words import Text

PICTURES = ("image", "mask", "from_image", "to_image")  # fields of requests


def check_files(flags: argparse.Namespace) -> None:
    """An InputError where a file or folder that is to be read is not there: before anything starts."""
    for flag in (*getattr(flags, "files", ()), *PICTURES):
        named = getattr(flags, flag, None) or []
        for path in named if isinstance(named, list) else [named]:
            if not Path(path).exists():
                raise no_file(path)


def none(own: Any, lang: str) -> None:
    """Nothing."""


def file(own: Any, lang: str) -> None:
    """The file to verify."""
    own.set_defaults(files=("file",))
    own.add_argument(
        "file", metavar="FILE", type=Path, help=Text("the file to read", "要读取的文件").say(lang)
    )


def data_set(own: Any, lang: str) -> None:
    """The data set to get, and where from."""
    own.set_defaults(files=("source",))
    own.add_argument("dataset", metavar="NAME", help=Text("see `data list`", "见 `data list`").say(lang))
    words = Text("take it from this folder instead", "改从此文件夹获取")
    own.add_argument("--source", metavar="FOLDER", type=Path, help=words.say(lang))


def own_data(own: Any, lang: str) -> None:
    """A data set of one's own, by its name."""
    own.add_argument("name", metavar="NAME", help=Text("see `data list`", "见 `data list`").say(lang))


def new_data(own: Any, lang: str) -> None:
    """What to call a data set of one's own, and what to make it of."""
    own.set_defaults(files=("paths",))
    words = Text("letters, digits, dot, dash", "字母、数字、点、短横线")
    own.add_argument("name", metavar="NAME", help=words.say(lang))
    words = Text(
        "pictures, texts, zips or folders; sub-folders become classes",
        "图片、文本、zip 或文件夹；子文件夹成为类别",
    )
    own.add_argument("paths", metavar="PATH", type=Path, nargs="+", help=words.say(lang))


def prompts(own: Any, lang: str) -> None:
    """Many sentences, in place of one."""
    own.set_defaults(files=("prompts",))
    words = Text("sentences to draw, one a line, instead of --prompt", "要画的句子，每行一句，代替 --prompt")
    own.add_argument("--prompts", metavar="FILE", type=Path, help=words.say(lang))


def question(own: Any, lang: str) -> None:
    """One message, in place of a conversation."""
    words = Text(
        "what to say; with --messages, after them; without both, a conversation in the terminal",
        "要说的话；与 --messages 同用时接在其后；两者都不给则在终端中对话",
    )
    own.add_argument("--prompt", metavar="TEXT", help=words.say(lang))


def benches(own: Any, lang: str) -> None:
    """What to measure."""
    words = Text("what to measure", "测量什么")
    parts = ("all", "start", "picture", "text", "chat", "train", "serve", "draw", "peak")
    # these moved to tests/load; asked for, they say so
    moved = ("marks", "crowd", "soak")
    own.add_argument(
        "what",
        choices=(*parts, *moved),
        metavar=f"{{{','.join(parts)}}}",
        nargs="?",
        default="all",
        help=words.say(lang),
    )
    for flag in ("--sessions", "--seconds"):
        own.add_argument(flag, help=argparse.SUPPRESS)


def training(own: Any, lang: str) -> None:
    """Not here and now: measured only, or in the background."""
    words = Text(
        "measure a few steps and say whether the run fits this machine", "试跑几步，说明本机能否完成训练"
    )
    own.add_argument("--plan", action="store_true", help=words.say(lang))
    words = Text("train in the background; see `jobs`", "在后台训练；见 `jobs`")
    own.add_argument("--detach", action="store_true", help=words.say(lang))


def sweep(own: Any, lang: str) -> None:
    """Which settings to vary over what, and how to search."""
    from aigc_demo.cli.flags import add_fields
    from aigc_demo.jobs.sweep.request import SweepPlan

    words = Text(
        "a setting and its values, as learning_rate=0.01,0.02,0.04, or a range, as learning_rate=0.001..0.1; one to three of them",
        "一个设置及其取值，如 learning_rate=0.01,0.02,0.04，或范围，如 learning_rate=0.001..0.1；可给一到三个",
    )
    own.add_argument("--vary", metavar="NAME=VALUES", action="append", default=[], help=words.say(lang))
    add_fields(own, SweepPlan, lang)
    words = Text("conduct it in the background; see `sweep list`", "在后台进行；见 `sweep list`")
    own.add_argument("--detach", action="store_true", help=words.say(lang))


def sweep_name(own: Any, lang: str) -> None:
    """A sweep by its name."""
    own.add_argument("name", metavar="NAME", help=Text("see `sweep list`", "见 `sweep list`").say(lang))


def job(own: Any, lang: str) -> None:
    """A job by its name."""
    own.add_argument("name", metavar="NAME", help=Text("see `jobs list`", "见 `jobs list`").say(lang))


def archive(own: Any, lang: str) -> None:
    """The zip of an exported model, and what to call it here."""
    own.set_defaults(files=("file",))
    own.add_argument(
        "file", metavar="ZIP", type=Path, help=Text("from `jobs export`", "由 `jobs export` 导出").say(lang)
    )
    words = Text("what to call it; else as the file", "导入后的名称；默认同文件名")
    own.add_argument("--name", help=words.say(lang))


def audited(own: Any, lang: str) -> None:
    """A model of this disk by its id."""
    own.add_argument("model_id", metavar="MODEL", help=Text("see `models`", "见 `models`").say(lang))


def search(own: Any, lang: str) -> None:
    """What to look for."""
    words = Text("part of a model's name; nothing: the catalogue", "模型名称的一部分；不填则列出目录")
    own.add_argument("words", metavar="WORDS", nargs="?", default="", help=words.say(lang))
    words = Text("only models for this task", "只列出适用于该任务的模型")
    own.add_argument("--task", metavar="TASK", default="", help=words.say(lang))


def hub_model_or_folder(own: Any, lang: str) -> None:
    """A model of the hub by its id, or a folder with one."""
    words = Text(
        "see `hub search`; or a FOLDER of this computer that holds a pretrained model, as ./my-model",
        "见 `hub search`；也可填写本机上含预训练模型的文件夹，如 ./my-model",
    )
    own.add_argument("model", metavar="OWNER/NAME", help=words.say(lang))


def hub_model(own: Any, lang: str) -> None:
    """A model of the hub by its id."""
    own.add_argument(
        "model", metavar="OWNER/NAME", help=Text("see `hub search`", "见 `hub search`").say(lang)
    )


def publishing(own: Any, lang: str) -> None:
    """What to publish and where to, or what to check."""
    own.set_defaults(files=("check",))
    words = Text("the model or adapter to show; else the whole app", "要展示的模型或适配器；不填则为整个应用")
    own.add_argument("--model", metavar="ID", default="", help=words.say(lang))
    own.add_argument("--out", metavar="FOLDER", type=Path, help=Text("a new folder", "新的文件夹").say(lang))
    words = Text(
        "upload it as this Space where HF_TOKEN is set; else the commands are printed",
        "设置了 HF_TOKEN 时上传为此 Space；否则只显示命令",
    )
    own.add_argument("--space", metavar="OWNER/NAME", default="", help=words.say(lang))
    words = Text(
        "start this published folder, or a checkout of the app itself, as Spaces would and test it",
        "像 Spaces 那样启动并测试此文件夹（已发布的文件夹，或本应用的代码库）",
    )
    own.add_argument("--check", metavar="FOLDER", type=Path, help=words.say(lang))
