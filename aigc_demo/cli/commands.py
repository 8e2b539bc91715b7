"""All commands: a name, words for the help, flags, and the function that does it."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from aigc_demo.actions.audit.request import AuditSettings
from aigc_demo.cli import arguments
from aigc_demo.cli.flags import Answer, Asked, Parser, add_fields, add_help, group
from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import add_flags
from aigc_demo.core.words import Text
from aigc_demo.data.imports.request import ImportSettings
from aigc_demo.jobs.request import TrainRequest
from aigc_demo.schemas import TASKS, Task


@dataclass(frozen=True)
class Command:
    """One command: `place` names the function as "module:function" beside this file, imported when it is called.

    `arguments` adds what stands without a flag and flags of its own; `inner` are the commands below this one. `alias` is
    the name of an earlier version, which the help does not list.
    """

    name: str
    place: str
    words: Text
    request: type[BaseModel] | None = None
    writes: bool = False
    arguments: Callable[[Any, str], None] = arguments.none
    inner: "tuple[Command, ...]" = ()
    alias: str = ""

    def run(self, asked: Asked) -> Answer:
        """Do it."""
        module, function = self.place.split(":")
        if find_spec(module) is None:
            raise InputError(
                en=f"This copy of the app was published without {self.name}; run it in the repository.",
                zh=f"这份已发布的应用不含 {self.name}；请在代码仓库中运行。",
            )
        arguments.check_files(asked.flags)
        return getattr(import_module(module), function)(asked)


# Tasks whose command does more than make a result and write its file; and what they take besides the request's fields.
OWN = {
    "text": "ask:text",
    "image": "ask:image",
    "chat": "chat:chat",
    "rewrite": "chat:rewrite",
    "draw": "draw:draw",
    "evaluate": "evaluate:evaluate",
}
ARGUMENTS = {"chat": arguments.question, "draw": arguments.prompts}


def task_command(task: Task) -> Command:
    """The command of a row of the table of tasks."""
    place, own = OWN.get(task.name, "ask:make"), ARGUMENTS.get(task.name, arguments.none)
    return Command(task.name, f"aigc_demo.cli.{place}", task.words, task.request, True, own)


DATA = "aigc_demo.cli.data"
DATA_COMMANDS = (
    Command("list", f"{DATA}:show_all", Text("list the data sets", "列出数据集")),
    Command("get", f"{DATA}:get", Text("bring a data set to this disk", "获取数据集"), arguments=arguments.data_set),
    Command("add", f"{DATA}:add", Text("make a data set of your own files", "用自己的文件制作数据集"), ImportSettings, arguments=arguments.new_data),
    Command("show", f"{DATA}:show", Text("what is in your own set, and what is not", "查看自己的数据集"), arguments=arguments.own_data),
    Command("remove", f"{DATA}:remove_", Text("delete a set of your own", "删除自己的数据集"), arguments=arguments.own_data),
)  # fmt: skip
JOBS = "aigc_demo.cli.jobs"
JOB_COMMANDS = (
    Command("list", f"{JOBS}:show_all", Text("what trains, waits and is trained", "列出训练中、排队和已训练的")),
    Command("show", f"{JOBS}:show", Text("one job, its figures, what the doctor said", "查看一个训练的状态、数值和诊断"), arguments=arguments.job),
    Command("stop", f"{JOBS}:stop", Text("save and end", "保存并结束"), arguments=arguments.job),
    Command("resume", f"{JOBS}:resume", Text("go on in the background", "在后台继续"), arguments=arguments.job),
    Command("save", f"{JOBS}:save", Text("save now", "立即保存"), arguments=arguments.job),
    Command("sample", f"{JOBS}:sample", Text("write samples now", "立即生成样本"), arguments=arguments.job),
    Command("delete", f"{JOBS}:delete", Text("delete a run with all its files", "删除训练记录及其全部文件"), arguments=arguments.job),
    Command("export", f"{JOBS}:export", Text("write a trained model as one zip", "把训练好的模型导出为一个 zip"), None, True, arguments.job),
    Command("import", f"{JOBS}:import_", Text("take a model from such a zip", "从这样的 zip 导入模型"), arguments=arguments.archive),
)  # fmt: skip
SWEEP = "aigc_demo.cli.sweep"
SWEEP_COMMANDS = (
    Command("start", f"{SWEEP}:start", Text("train many, choose one, test it", "训练多次，选优测试"), TrainRequest, arguments=arguments.sweep),
    Command("list", f"{SWEEP}:show_all", Text("the sweeps that run and have run", "进行中和已结束的参数搜索")),
    Command("show", f"{SWEEP}:show", Text("one sweep: its runs, the best, its test", "查看各次训练与结果"), arguments=arguments.sweep_name),
    Command("stop", f"{SWEEP}:stop", Text("stop it, and the run under way", "停止搜索及正在进行的训练"), arguments=arguments.sweep_name),
    Command("resume", f"{SWEEP}:resume", Text("go on in the background", "在后台继续"), arguments=arguments.sweep_name),
    Command("tidy", f"{SWEEP}:tidy", Text("delete all its runs but the best", "只保留最好的一次训练"), arguments=arguments.sweep_name),
    Command("delete", f"{SWEEP}:delete", Text("delete the sweep; its runs stay", "删除搜索记录；各次训练保留"), arguments=arguments.sweep_name),
    Command("export", f"{SWEEP}:export", Text("write its table as .csv or .json", "把结果表写成 .csv 或 .json"), None, True, arguments.sweep_name),
)  # fmt: skip
HUB = "aigc_demo.cli.hub"
HUB_COMMANDS = (
    Command("search", f"{HUB}:search", Text("models of the catalogue and of the hub", "在目录和仓库中查找模型"), arguments=arguments.search),
    Command("show", f"{HUB}:show", Text("size, licence, and whether it fits", "大小、许可证、能否运行"), arguments=arguments.hub_model),
    Command("get", f"{HUB}:get", Text("fetch a model and check it", "下载并检查模型"), arguments=arguments.hub_model_or_folder),
    Command("list", f"{HUB}:show_all", Text("what has been fetched", "已下载的模型")),
    Command("remove", f"{HUB}:remove", Text("delete a fetched model", "删除已下载的模型"), arguments=arguments.hub_model),
)  # fmt: skip
COMMANDS = (
    Command("models", "aigc_demo.cli.look:models", Text("list the models on this disk", "列出本机的模型")),
    *map(task_command, TASKS),
    Command("train", "aigc_demo.cli.train:train", Text("train a model of your own", "训练自己的模型"), TrainRequest, arguments=arguments.training),
    Command("jobs", "", Text("follow, stop and resume training", "查看、停止和继续训练"), inner=JOB_COMMANDS),
    Command("sweep", "", Text("tune: many runs, the best chosen and tested", "调参：多次训练，选优并测试"), inner=SWEEP_COMMANDS),
    Command("hub", "", Text("find, fetch and delete pretrained models", "查找、下载和删除预训练模型"), inner=HUB_COMMANDS),
    Command("data", "", Text("list data sets, or get one", "列出或获取数据集"), inner=DATA_COMMANDS),
    Command("modes", "aigc_demo.cli.modes:modes", Text("what is on and off on a local, shared or public page", "本机、分享与公开网页各开放什么")),
    Command(
        "audit",
        "aigc_demo.cli.audit:audit",
        Text("look for copies, count classes", "查复制与类别"),
        AuditSettings,
        arguments=arguments.audited,
        alias="probe",
    ),
    Command("verify", "aigc_demo.cli.look:verify", Text("read the label and recipe of a file", "读取文件的标识与配方"), arguments=arguments.file),
    Command("publish", "aigc_demo.cli.publish:publish", Text("a model as a Space", "把模型发布为 Space"), arguments=arguments.publishing),
    Command("bench", "aigc_demo.bench:bench", Text("measure this machine's speed, as ratios", "以比值测量本机速度"), arguments=arguments.benches),
)  # fmt: skip
ARRAYS = {  # what --array writes, by command
    "image": Text(
        "uint8 (N, H, W[, 3]) for measuring, with FILE.labels.npy beside it; --count up to 100000",
        "供测量用的 uint8 (N, H, W[, 3])，旁边有 FILE.labels.npy；--count 可达 100000",
    ),
    "draw": Text(
        "uint8 (N, H, W, 3) for measuring, --count of each sentence in turn",
        "供测量用的 uint8 (N, H, W, 3)，依次为每个句子的 --count 张",
    ),
}
OUT = Text("a folder, or a file of the kind to make", "文件夹，或要生成的文件")
ABOUT = Text("AIGC Demo: meet generative AI by using it.", "AIGC Demo：动手认识生成式 AI。")


def build_parser(lang: str) -> Parser:
    """The parser of the whole command line, with help in `lang`."""
    parser = Parser(prog="python -m aigc_demo", description=ABOUT.say(lang))
    add_help(parser, lang)
    add = _subparsers(parser, lang)
    for command in COMMANDS:
        child = add(command)
        if command.inner:
            add_inner = _subparsers(child, lang)
            for inner in command.inner:
                _finish(add_inner(inner), inner, lang)
            add_help(child, lang)
        else:
            _finish(child, command, lang)
    return parser


def _subparsers(parser: Parser, lang: str) -> Callable[[Command], Parser]:
    """A function that adds a command's parser to those of `parser`."""
    title, metavar = Text("commands", "命令").say(lang), Text("COMMAND", "命令").say(lang)
    children = parser.add_subparsers(title=title, metavar=metavar, required=True, parser_class=Parser)

    def add(command: Command) -> Parser:
        words = command.words.say(lang)
        usage = f"{parser.prog} {command.name} [--flag VALUE ...]"
        child = children.add_parser(command.name, help=words, description=words, usage=usage)
        child.set_defaults(command=command)
        if command.alias:
            children.choices[command.alias] = child
        return child

    return add


def _finish(parser: Parser, command: Command, lang: str) -> None:
    """Add a command's own flags, then those that all commands share."""
    own = group(parser, "fields", lang)
    if command.request:
        add_fields(own, command.request, lang)
    command.arguments(own, lang)
    output = group(parser, "output", lang)
    if command.writes:
        output.add_argument("--out", metavar="PATH", type=Path, help=OUT.say(lang))
    if command.name == "image":
        words = Text("one file a picture instead of one sheet", "每张图一个文件，而不是一整张")
        output.add_argument("--separate", action="store_true", help=words.say(lang))
    if command.name in ARRAYS:
        output.add_argument("--array", metavar="FILE.npy", type=Path, help=ARRAYS[command.name].say(lang))
    words = Text("print one JSON object and nothing else", "只输出一个 JSON 对象")
    output.add_argument("--json", action="store_true", help=words.say(lang))
    add_flags(group(parser, "settings", lang), lang)
    add_help(parser, lang)
