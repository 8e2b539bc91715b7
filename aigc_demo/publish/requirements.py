"""The packages that a published folder needs, each at one version; gradio comes by the front matter's sdk_version."""

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

from aigc_demo.models.cards import ModelCard

TORCH = "2.11.0"  # the newest that ZeroGPU offers (2026-08); a CPU runs it too
ALWAYS = (
    "torch", "numpy", "pillow", "safetensors", "huggingface_hub", "pyyaml", "av", "filelock", "psutil",
    "opencc-python-reimplemented",
)  # fmt: skip
# By the family and, of pretrained models, the kind.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "transformer": ("tokenizers",),
    "transformer causal_lm": ("transformers", "accelerate"),
    "transformer lora": ("transformers", "accelerate", "peft"),
    "seq2seq seq2seq": ("transformers", "sentencepiece"),
    "diffusion text_to_image": ("diffusers", "transformers", "accelerate"),
    "diffusion unconditional": ("diffusers", "transformers", "accelerate"),
    "diffusion class_conditional": ("diffusers", "transformers", "accelerate"),
    "diffusion lora": ("diffusers", "transformers", "accelerate", "peft"),
    "vae autoencoder": ("diffusers",),
    "moderation picture_classifier": ("transformers",),
}


def packages_of(models: Iterable[ModelCard] | None) -> tuple[str, ...]:
    """The names of the packages for these models; None: for every model there could be."""
    if models is None:
        needs = [name for names in NEEDS.values() for name in names]
    else:
        needs = [name for card in models for name in NEEDS.get(f"{card.family} {card.kind}".strip(), ())]
    return tuple(dict.fromkeys((*ALWAYS, *needs)))


def requirements_text(packages: Iterable[str]) -> str:
    """requirements.txt: each package at the version that is installed here, torch at the one that Spaces has."""
    lines = ["# gradio, and with it pydantic, comes by sdk_version in README.md"]
    return "\n".join([*lines, *(f"{name}=={_version(name)}" for name in packages)]) + "\n"


def _version(name: str) -> str:
    """The public part of the installed version; "*" where the package is not installed here."""
    try:
        return TORCH if name == "torch" else version(name).partition("+")[0]
    except PackageNotFoundError:
        return "*"
