"""What the system refuses, a full disk or a folder without rights, as a sentence with the way out."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text

FULL = Text(
    "The disk is full; what was there before is kept: make room, then try again.",
    "磁盘已满；之前的内容仍在：请清理空间后重试。",
)
FULL_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# as libraries quote them that raise errors of their own: safetensors (Rust), shutil.copytree
FULL_WORDS = ("os error 28", "os error 122", os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
FOLDERS = ("runs_dir", "data_dir", "outputs_dir", "hub_dir", "weights_dir")
TRANSIENT = (ConnectionError, TimeoutError, InterruptedError, BlockingIOError)


def told(error: BaseException, settings: Settings | None = None) -> Text | None:
    """What there is to say of an error: the sentence of an InputError, or what the system refused; None for a bug."""
    return error.text if isinstance(error, InputError) else in_words(error, settings)


def is_full(error: BaseException) -> bool:
    """Whether a disk, or one's share of it, was full: what was raised, or what that came of."""
    return any(
        (isinstance(one, OSError) and one.errno in FULL_CODES)
        or (not isinstance(one, InputError) and any(words in str(one) for words in FULL_WORDS))
        for one in _causes(error)
    )


def in_words(error: BaseException, settings: Settings | None = None) -> Text | None:
    """The sentence for what the system refused; None for any other error, as one of the network or of the program.

    With `settings` it names the one that says where that folder is; without, as on a page, no folder of this computer.
    """
    if is_full(error):
        return FULL
    if not isinstance(error, OSError) or isinstance(error, TRANSIENT) or not (error.filename or error.errno):
        return None
    path = next(
        (Path(name) for name in (error.filename2, error.filename) if isinstance(name, str | Path)), None
    )
    if path and path.name.startswith("."):
        path = path.parent  # of a temporary file, whose name tells nothing
    shown = (path if settings else path.name) if path else ""
    why = error.strerror or type(error).__name__
    setting = _setting(path, settings)
    return Text(
        f"{shown or 'A file'} cannot be written or read ({why}); choose another folder{setting.en}, or give this user"
        " the right to it.",
        f"无法读写 {shown or '文件'}（{why}）；请{setting.zh}选择其他文件夹，或赋予当前用户权限。",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _setting(path: Path | None, settings: Settings | None) -> Text:
    if not (settings and path):
        return Text("", "")
    for name in FOLDERS:
        folder = getattr(settings, name).absolute()
        if path.absolute().is_relative_to(folder) or folder.is_relative_to(path.absolute()):
            flag = f"--{name.replace('_', '-')} (AIGC_{name.upper()})"
            return Text(f" with {flag}", f"用 {flag} ")
    return Text(" with --out", "用 --out ")
