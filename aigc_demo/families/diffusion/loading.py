"""Checkpoints of diffusers: loaded by the very class that the allow-list names, put where they belong."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from aigc_demo.families.diffusion.sampling import Schedule
from aigc_demo.models.placement import Placement
from aigc_demo.pretrained.allow_list import PIPELINES
from aigc_demo.pretrained.inspect import read_class
from aigc_demo.pretrained.loading import pipeline_from_pretrained
from aigc_demo.pretrained.quantise import quantise
from aigc_demo.pretrained.refusal import name_of, refused

KINDS = ("text_to_image", "unconditional", "class_conditional")


def pipeline(folder: Path, dtype: str = "float32") -> Any:
    """The pipeline in a folder, on the CPU, from safetensors only; an InputError where it cannot be loaded.

    A safety checker is loaded where the folder has one; nothing is fetched.
    """
    import diffusers
    import transformers

    for library in (diffusers, transformers):
        library.utils.logging.disable_progress_bar()
    diffusers.utils.logging.set_verbosity_error()  # what it warns of is said here in both languages
    name, index = read_class(folder, name_of(folder))
    if PIPELINES.get(name) not in KINDS:
        raise refused(
            name_of(folder), f"it is a {name[:60]}, not a pipeline", f"它是 {name[:60]}，不是扩散流水线"
        )
    given = _without_checker(folder, index)
    found = pipeline_from_pretrained(getattr(diffusers, name), folder, getattr(torch, dtype), **given)
    found.set_progress_bar_config(disable=True)
    return found


def place(pipe: Any, placement: Placement) -> None:
    """Put a pipeline's networks where they are to compute; its parts take turns there where memory is scarce."""
    from diffusers.models.autoencoders.vae import AutoencoderMixin

    if placement.offload == "none" or not placement.device.startswith("cuda"):
        pipe.to(placement.device)
    elif placement.offload == "model":
        pipe.enable_model_cpu_offload(device=placement.device)
    else:
        pipe.enable_sequential_cpu_offload(device=placement.device)
    if placement.sliced:
        pipe.enable_attention_slicing()
        for part in networks(pipe):
            if isinstance(part, AutoencoderMixin):
                part.enable_slicing()
                part.enable_tiling()


def pack(pipe: Any, dtype: torch.dtype, device: str) -> Any:
    """The pipeline with its denoiser and text encoders in 4 bits; all of it computes in `dtype`."""
    for name, part in pipe.components.items():
        if name in ("vae", "safety_checker"):  # small, and rounding would show
            part and part.to(dtype)
        elif isinstance(part, nn.Module):
            quantise(part, dtype, device)
    return pipe


def networks(pipe: Any) -> list[nn.Module]:
    """The pipeline's networks: text encoders, denoiser, autoencoder."""
    return [part for part in pipe.components.values() if isinstance(part, nn.Module)]


def denoiser(pipe: Any) -> Any:
    """The network that denoises: a U-Net or a Transformer."""
    return pipe.components.get("unet") or pipe.components["transformer"]


def schedule_of(scheduler: Any) -> Schedule:
    """The noise schedule that a checkpoint's scheduler was configured with."""
    config = scheduler.config
    alpha_bars = scheduler.alphas_cumprod.cpu()
    return Schedule(
        alpha_bars=alpha_bars,
        last=1.0 if config.get("set_alpha_to_one", True) else float(alpha_bars[0]),
        prediction=config.get("prediction_type", "epsilon"),
        spacing=config.get("timestep_spacing", "leading"),
        offset=config.get("steps_offset", 0),
        clip=float(config.get("clip_sample_range", 1.0)) if config.get("clip_sample", False) else 0.0,
    )


def noise_levels(scheduler: Any, count: int) -> list[float]:
    r"""The share of noise in the picture before each of the last `count` steps of a schedule, and after the last: 0.

    $\sqrt{1 - \bar\alpha_t}$, or a flow's $\sigma$; both lie in [0, 1].
    """
    alpha_bars = getattr(scheduler, "alphas_cumprod", None)  # a flow has none
    if alpha_bars is not None:
        steps = scheduler.timesteps[-count:].cpu().long()
        return [*(1 - alpha_bars.cpu()[steps]).sqrt().tolist(), 0.0]
    return scheduler.sigmas[-count - 1 :].cpu().tolist()


def _without_checker(folder: Path, index: dict[str, Any]) -> dict[str, Any]:
    """What tells a pipeline to do without the safety checker that its index names, where its files are not there."""
    if "safety_checker" not in index:
        return {}
    if index["safety_checker"][0] and (folder / "safety_checker").is_dir():
        return {}
    return {"safety_checker": None, "requires_safety_checker": False}
