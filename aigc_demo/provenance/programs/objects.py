"""JSON objects that hold a generator's settings by name, each program with names of its own."""

import re
from collections.abc import Mapping
from typing import Any

# What a setting is called, letters alone, by ours; the first that is there counts.
NAMES = {
    "prompt": ("prompt", "positiveprompt", "fullprompt"),
    "negative_prompt": ("negativeprompt", "uc", "fullnegativeprompt", "negativetextconditioning"),
    "seed": ("seed", "noiseseed"),
    "num_inference_steps": ("steps", "numinferencesteps"),
    "guidance_scale": ("guidancescale", "cfgscale", "scale", "guidance"),
    "model": ("model", "basemodel", "modelname", "modelweights", "usestablediffusionmodel"),
    "sampler": ("sampler", "samplername", "scheduler"),
    "width": ("width",), "height": ("height",), "version": ("version", "appversion", "swarmversion"),
}  # fmt: skip
NOVELAI = {"uc", "sm", "v4prompt", "cfgrescale", "requesttype", "signedhash"}


def settings(content: Any) -> dict[str, Any] | None:
    """The settings in an object, or one level below it; None where it holds neither a prompt nor a seed."""
    if not isinstance(content, dict):
        return None
    inner = [content[key] for key in ("sui_image_params", "image") if isinstance(content.get(key), dict)]
    plain = {_bare(key): value for part in (content, *inner) for key, value in part.items()}
    found = {
        name: _value(plain[other])
        for name, others in NAMES.items()
        if (other := next((other for other in others if other in plain), None))
    }
    return found if found.get("prompt") or found.get("seed") is not None else None


def program_of(content: Mapping[str, Any], scheme: str, software: str) -> str:
    """Who wrote an object, "" where it is no generator's."""
    keys = {_bare(key) for key in content}
    version = str(content.get("version") or content.get("Version") or "")
    if "sui_image_params" in content:
        return "SwarmUI"
    if "fooocus" in f"{version} {scheme} {software}".lower() or {"metadatascheme", "basemodelhash"} & keys:
        return "Fooocus"
    if "novelai" in software.lower() or ("prompt" in keys and len(NOVELAI & keys) > 1):
        return "NovelAI"
    if "positiveprompt" in keys and "cfgscale" in keys:
        return "InvokeAI"
    known = {"seed", "steps", "numinferencesteps"} & keys and isinstance(content.get("prompt"), str)
    return (software or "?") if known else ""


def _bare(key: Any) -> str:
    return re.sub("[^a-z0-9]", "", str(key).lower())


def _value(value: Any) -> Any:
    """A plain value: of a model its name, of weighted prompts their words."""
    if isinstance(value, dict):
        return next(
            (
                value[key]
                for key in ("name", "model_name", "prompt", "key")
                if isinstance(value.get(key), str)
            ),
            "",
        )
    if isinstance(value, list):
        return ", ".join(str(_value(part)) for part in value[:100])
    return value
