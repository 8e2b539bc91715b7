"""Which devices a job may train on."""

from aigc_demo import runtime


def devices_for(wanted: str) -> list[str]:
    """Every device that "auto", "cpu", "cuda", "cuda:1" or "mps" allows, by the names of their leases.

    Imports torch; an InputError where there is none.
    """
    import torch

    name = runtime.pick_device(wanted).name
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] if name == "cuda" else [name]
