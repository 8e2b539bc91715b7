"""Any task, by its row of the table: what the command line and the HTTP API call."""

from collections import deque
from typing import Any

from aigc_demo import actions
from aigc_demo.core.stopping import Stop, never
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import Request, Task


def perform(task: Task, request: Request, cache: ModelCache, stop: Stop = never) -> Any:
    """The finished result of a request: of a verb that streams, the last it yields."""
    answer = getattr(actions, task.verb)(request, cache, stop)
    return deque(answer, maxlen=1).pop() if task.streams else answer
