"""LoRA adapters on a loaded network: several held beside the base, one in use, none ever fused with it.

$y = Wx + w \\frac{\\alpha}{r} BAx$ with the weight $w$ that a reader chooses (Hu et al. 2021, LoRA, eq. 3). Switched off,
the term is not computed at all, so that the network is the base again to the last bit.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file

from aigc_demo.core.errors import InputError

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


class Adapters:
    """The adapters of one network."""

    def __init__(self, network: Any) -> None:
        self.network = network
        self._names: dict[tuple[Path, int], str] = {}  # by folder and when its weights were written
        self._added = 0

    def use(self, folder: Path | None, weight: float) -> None:
        """Switch to the adapter in `folder`, `weight` times as strong as it was trained; None: to the base alone."""
        name = self._held(folder) if folder else None
        for layer in self._layers():
            wanted = name in layer.lora_A
            layer.enable_adapters(wanted)
            if wanted:
                layer.set_adapter(name, inference_mode=True)
                layer.set_scale(name, weight)

    def _held(self, folder: Path) -> str:
        """The name under which the network holds the adapter in `folder`, as the file is now."""
        key = (folder, _changed(folder))
        if key not in self._names:
            self._forget(folder)
            self._added += 1
            name = f"adapter{self._added}"
            self._add(folder, name)
            self._names[key] = name
        return self._names[key]

    def _layers(self) -> Iterator[Any]:
        """The network's layers that have adapters."""
        if not self._added:
            return
        from peft.tuners.lora import LoraLayer

        yield from (module for module in self.network.modules() if isinstance(module, LoraLayer))

    def _add(self, folder: Path, name: str) -> None:
        """Put the weights of `folder` beside the base's; InputError where they do not fit."""
        from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict

        try:
            config = LoraConfig.from_pretrained(str(folder), local_files_only=True)
            tensors = load_file(folder / WEIGHTS)
            inject_adapter_in_model(config, self.network, name)
            found = set_peft_model_state_dict(self.network, tensors, name)
            if found.unexpected_keys:
                raise ValueError(f"{len(found.unexpected_keys)} tensors have no place in it")
        except (OSError, SafetensorError, ValueError, TypeError, KeyError, RuntimeError) as error:
            self._delete(name)
            raise _unfit(folder, str(error).splitlines()[0]) from error

    def _forget(self, folder: Path) -> None:
        """Let an earlier state of the adapter in `folder` go, which was trained on since."""
        for key in [key for key in self._names if key[0] == folder]:
            self._delete(self._names.pop(key))

    def _delete(self, name: str) -> None:
        for layer in self._layers():
            layer.delete_adapter(name)


def _changed(folder: Path) -> int:
    try:
        return (folder / WEIGHTS).stat().st_mtime_ns
    except OSError as error:
        raise _unfit(folder, f"{WEIGHTS} is missing") from error


def _unfit(folder: Path, reason: str) -> InputError:
    return InputError(
        en=f"The adapter {folder.name} does not fit this model ({reason}); choose the model that it was trained on.",
        zh=f"适配器 {folder.name} 与该模型不符（{reason}）；请选择训练它时所用的模型。",
    )
