"""Loading with the libraries' own classes, strictly: safetensors, local files, no code, no weight left to chance.

By themselves the libraries fill a missing weight with random numbers and a warning. Here it is an InputError, as is
a config that describes another network than the weights hold, found before memory is taken for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from aigc_demo.core.errors import InputError
from aigc_demo.pretrained.allow_list import NETWORKS
from aigc_demo.pretrained.inspect import part_folder, parts
from aigc_demo.pretrained.refusal import name_of, refused
from aigc_demo.pretrained.weights import count_parameters, find_weights, variant_of

SAFE = {"local_files_only": True, "trust_remote_code": False}
MOST_DESCRIBED = 1.25  # times the weights held: tied ones are stored once, buffers not at all


def from_pretrained(cls: Any, folder: Path, **options: Any) -> Any:
    """`cls.from_pretrained(folder, **options)` for a network of transformers (an auto class too) or of diffusers.

    options: dtype, attn_implementation and the like. An InputError where a weight is missing or of another shape,
    where the config describes a larger network than the weights hold, or the library cannot read them.
    """
    name, files = name_of(folder), find_weights(folder, name_of(folder))
    held = count_parameters(files)
    with sentences(folder):
        described = _described(cls, folder)
        if described > MOST_DESCRIBED * held + 1e6:
            raise refused(
                name,
                f"its config describes {described:,} numbers, its weights hold {held:,}",
                f"其配置描述了 {described:,} 个参数，而权重只有 {held:,} 个",
            )
        if variant := variant_of(folder):
            options["variant"] = variant
        if not _is_diffusers(cls):
            options |= SAFE | {"ignore_mismatched_sizes": True}  # they are reported, and refused below
        model, info = cls.from_pretrained(
            folder, use_safetensors=True, output_loading_info=True, **{"local_files_only": True, **options}
        )
    if wrong := [*sorted(info["missing_keys"]), *(item[0] for item in info["mismatched_keys"])]:
        raise refused(
            name,
            f"{len(wrong)} of its weights are missing or of another shape than its class needs, such as {wrong[0]}",
            f"其权重中有 {len(wrong)} 项缺失或形状不符，如 {wrong[0]}",
        )
    return model.eval()


def pipeline_from_pretrained(cls: Any, folder: Path, dtype: Any, **components: Any) -> Any:
    """A diffusers pipeline of class `cls`, each of its networks loaded strictly by `from_pretrained`.

    components: parts given instead of those in the folder; None leaves a part out.
    """
    for name, class_name in parts(folder, name_of(folder)).items():
        if name not in components and class_name in NETWORKS:
            part = getattr(import_module(NETWORKS[class_name]), class_name)
            components[name] = from_pretrained(part, part_folder(folder, name), dtype=dtype)
    with sentences(folder):
        return cls.from_pretrained(folder, use_safetensors=True, dtype=dtype, **SAFE, **components)


@lru_cache(maxsize=1)
def cache_argument() -> str:
    """What the networks of this transformers call the cache they are handed; the name has changed within 5.x."""
    from transformers import LlamaForCausalLM

    return "cache" if "cache" in signature(LlamaForCausalLM.forward).parameters else "past_key_values"


@contextmanager
def sentences(folder: Path) -> Iterator[None]:
    """Turn what the libraries complain of into an InputError; memory that runs out passes, others handle it."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, SafetensorError) as error:
        if isinstance(error, InputError):
            raise
        raise _unloadable(folder, error) from error
    except RuntimeError as error:
        if not any(words in str(error) for words in ("size mismatch", "mismatched", "shape")):
            raise
        raise _unloadable(folder, error) from error


def _described(cls: Any, folder: Path) -> int:
    """Numbers in the network that the config describes, which is built without memory for it."""
    import torch

    with torch.device("meta"):
        if _is_diffusers(cls):
            network = cls.from_config(cls.load_config(folder, local_files_only=True))
        else:
            from transformers import AutoConfig, PreTrainedModel

            config = AutoConfig.from_pretrained(folder, **SAFE)
            network = cls(config) if issubclass(cls, PreTrainedModel) else cls.from_config(config)
    return sum(parameter.numel() for parameter in network.parameters())


def _is_diffusers(cls: Any) -> bool:
    from diffusers import ModelMixin

    return issubclass(cls, ModelMixin)


def _unloadable(folder: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:200]
    return refused(name_of(folder), f"it cannot be loaded ({reason})", f"无法加载（{reason}）")
