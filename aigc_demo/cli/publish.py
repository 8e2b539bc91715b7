"""publish: a model as a folder that Hugging Face Spaces runs, its upload, and the test of such a folder."""

from aigc_demo import publish as spaces
from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.cli.look import printable
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text


def publish(asked: Asked) -> Answer:
    """Write the folder, then upload it or say how; or check one that is there."""
    flags = asked.flags
    if flags.check:
        said = spaces.check_folder(flags.check)
        return Answer({"folder": str(flags.check), "said": said}, printable(said))
    if not flags.out:
        raise InputError(
            en="Name the folder to write, such as --out my-space, or one to test with --check.",
            zh="请用 --out 指定要写入的文件夹（例如 --out my-space），或用 --check 指定要测试的文件夹。",
        )
    plan = spaces.publish(flags.model, flags.out, asked.settings)
    space = flags.space or f"OWNER/{plan.name}"
    told = {"folder": str(flags.out), "commands": spaces.commands(flags.out, space)}
    if flags.space and spaces.has_token():
        told["url"] = spaces.upload(flags.out, space)
        return Answer(told, told["url"])
    words = Text(f"Written to {flags.out}. To upload it:", f"已写入 {flags.out}。上传命令：")
    return Answer(told, "\n".join([words.say(asked.lang), *told["commands"]]))
