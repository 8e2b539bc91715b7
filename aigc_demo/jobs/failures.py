"""What stopped a job, as one sentence with the cause and the way out."""

import errno

from aigc_demo.cards import Bilingual
from aigc_demo.machine import is_out_of_memory

FULL = Bilingual(
    en="the disk is full; what was saved before is kept: make room, then resume.",
    zh="磁盘已满；之前的保存仍在：请清理空间后继续。",
)
NO_MEMORY = Bilingual(
    en="memory ran out; resume with a smaller batch, or start again with a smaller size.",
    zh="内存不足；请减小批大小后继续，或用更小的规模重新开始。",
)


def in_words(error: Exception) -> Bilingual:
    """The sentence for an error that is no InputError."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL
    if is_out_of_memory(error):
        return NO_MEMORY
    name = type(error).__name__
    return Bilingual(
        en=f"an error of the program itself ({name}); worker.log in the run folder says where.",
        zh=f"程序自身出错（{name}）；详情见训练记录文件夹中的 worker.log。",
    )
