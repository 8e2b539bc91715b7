"""AUTOMATIC1111's lines: the prompt, "Negative prompt: ...", "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, ..."."""

import re
from collections.abc import Mapping
from typing import Any

LAST_LINE = re.compile(r"\s*Steps: \d+")
PAIR = re.compile(r'\s*(\w[\w \-/]{0,40}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
SURE = (
    "Seed",
    "Sampler",
    "CFG scale",
    "Size",
    "Model",
)  # two of these beside the steps, or it is no such line
LONGEST_LINE = 20_000
NEGATIVE = "Negative prompt:"
NAMES = {"Steps": "num_inference_steps", "CFG scale": "guidance_scale", "Seed": "seed"}
DREAM = re.compile(r'\s*"(.*)"((?: -\w+ ?[^ ]+)+)\s*', re.DOTALL)
FLAGS = {
    "s": "num_inference_steps",
    "S": "seed",
    "C": "guidance_scale",
    "A": "sampler",
    "W": "width",
    "H": "height",
}


def settings(text: str) -> dict[str, Any] | None:
    """The settings of such a text; None where it is no such text."""
    lines = text.strip().splitlines()
    place = next((i for i in range(len(lines) - 1, -1, -1) if LAST_LINE.match(lines[i])), None)
    if place is None or len(lines[place]) > LONGEST_LINE:
        return None
    pairs = {name.strip(): value.strip().strip('"') for name, value in PAIR.findall(lines[place])}
    if sum(name in pairs for name in SURE) < 2:
        return None
    above = "\n".join(lines[:place])
    head, _, tail = f"\n{above}".partition(f"\n{NEGATIVE}")
    return {"prompt": head.strip(), "negative_prompt": tail.strip()} | {
        NAMES.get(name, name): value for name, value in pairs.items()
    }


def program_of(fields: Mapping[str, Any], scheme: str = "") -> str:
    """Which of those that write so, by what it says of its version."""
    version, app = str(fields.get("Version", "")), str(fields.get("App", ""))
    if app:
        return app
    if "Fooocus" in version or scheme in ("a1111", "fooocus"):
        return "Fooocus"
    if fields.get("Backend") in ("Diffusers", "Original") or "SD.Next" in version:
        return "SD.Next"
    if "Civitai resources" in fields or "Created Date" in fields:
        return "Civitai"
    if "ComfyUI" in version:
        return "ComfyUI"
    return "Stable Diffusion WebUI Forge" if re.match(r"f\d", version) else "AUTOMATIC1111"


def dream(text: str) -> dict[str, Any] | None:
    """The settings of InvokeAI's older line: "a prompt [what not]" -s 50 -S 1 -C 7.5."""
    found = DREAM.fullmatch(text[:LONGEST_LINE])
    if not found:
        return None
    words, flags = found.groups()
    negative = " ".join(re.findall(r"\[([^\[\]]*)\]", words))
    given = {FLAGS[name]: value for name, value in re.findall(r" -(\w) ?([^ ]+)", flags) if name in FLAGS}
    return {"prompt": re.sub(r"\s*\[[^\[\]]*\]", "", words), "negative_prompt": negative, **given}
