"""Around networks that others wrote: what their loaders raise as a sentence, and a stop that they know nothing of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aigc_demo.errors import InputError

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turn what a loader raises on files that do not fit into a sentence; memory errors pass."""
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            en=f"{name}: its files cannot be loaded ({reason}); delete the model and fetch it again.",
            zh=f"{name}：无法加载其文件（{reason}）；请删除该模型后重新下载。",
        ) from error


def interruptible(parts: "list[nn.Module]", check: Callable[[], None]) -> None:
    """Have `check()` called before each block of each network, so that what it raises ends a long step early."""
    from torch import nn

    blocks = {
        child: None
        for part in parts
        for parent in part.modules()
        if isinstance(parent, nn.ModuleList | nn.Sequential)
        for child in parent
    }
    for block in blocks:
        block.register_forward_pre_hook(lambda *_: check())
