"""What processes that this app starts are given: an environment without secrets, and limits where they read what others wrote."""

import os
import re
from collections.abc import Mapping

from aigc_demo.core.settings import ROOT

SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|ACCESS_?KEY", re.IGNORECASE)
# One of several processes may start another, which is to be alone.
RANKED = re.compile(r"^(RANK|WORLD_SIZE|LOCAL_.*|GROUP_.*|ROLE_.*|MASTER_.*|TORCHELASTIC_.*|ACCELERATE_.*)$")


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a child may know of the environment: no tokens, no passwords, no rank among other processes."""
    kept = {
        name: value
        for name, value in environment.items()
        if not SECRET.search(name) and not RANKED.match(name)
    }
    paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def limit(memory: int, most_memory: int, seconds: int) -> None:
    """Bound this process where the system can: bytes of address space now and at most ever, seconds of processor time."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, most_memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
