"""Pictures of a sentence by a pretrained pipeline: from noise, from a picture, inside a mask; with adapters."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.stopping import Stop, never
from aigc_demo.families.diffusion.defaults import Manners
from aigc_demo.families.diffusion.loading import denoiser, networks, noise_levels, pack, pipeline, place
from aigc_demo.families.diffusion.preview import Previewer
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement
from aigc_demo.models.protocols import Drawn, StepHook, no_hook
from aigc_demo.pretrained.interrupt import interruptible
from aigc_demo.pretrained.loading import sentences
from aigc_demo.schemas import DrawRequest

REDRAW: Mapping[str, str] = {
    "StableDiffusionPipeline": "StableDiffusionImg2ImgPipeline",
    "StableDiffusionXLPipeline": "StableDiffusionXLImg2ImgPipeline",
    "LatentConsistencyModelPipeline": "LatentConsistencyModelImg2ImgPipeline",
    "ZImagePipeline": "ZImageImg2ImgPipeline",
    "Flux2KleinPipeline": "Flux2KleinPipeline",  # edits what it is shown, by the prompt alone
}
INPAINT: Mapping[str, str] = {
    "StableDiffusionPipeline": "StableDiffusionInpaintPipeline",
    "StableDiffusionXLPipeline": "StableDiffusionXLInpaintPipeline",
    "LatentConsistencyModelPipeline": "StableDiffusionInpaintPipeline",
    "ZImagePipeline": "ZImageInpaintPipeline",
    "Flux2KleinPipeline": "Flux2KleinInpaintPipeline",
}
CONDITIONS = ("prompt_embeds", "negative_prompt_embeds")
XL_CONDITIONS = (*CONDITIONS, "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
LONGEST = 512  # tokens that Z-Image and FLUX.2 read; CLIP's tokenizer says its own 77
LORA = "pytorch_lora_weights.safetensors"

Conditions = dict[str, Tensor]


class Drawer:
    """A text-to-image pipeline with its variants, which share its weights. One picture at a time.

    Nothing of one drawing is left for the next: the scheduler is made anew, adapters are switched, never fused.
    """

    at_once = 1

    def __init__(self, card: ModelCard, placement: Placement) -> None:
        self.id = card.id
        self.pipe = load_pipe(card, placement)
        self.name = type(self.pipe).__name__
        flow = self.name == "ZImagePipeline"  # whose latents stay in float32 whatever its weights are in
        self.noise_dtype = torch.float32 if flow else self.pipe.dtype
        self.manners = Manners(self.pipe, card.defaults)
        self.previewer = Previewer(self.pipe)
        self.noise_levels: list[float] = []  # of the last drawing
        self._adapter = ""
        self._stop: Stop = never
        interruptible(networks(self.pipe), self._check)
        place(self.pipe, placement)

    def fill(self, request: DrawRequest, picture: tuple[int, int] | None) -> DrawRequest:
        """The request with this model's own numbers; see Manners.fill."""
        return self.manners.fill(request, picture)

    @property
    def has_checker(self) -> bool:
        """Whether a safety checker looks at what is drawn; most pipelines have no place for one."""
        return self.pipe.components.get("safety_checker") is not None

    def left_out(self, prompt: str) -> str:
        """The end of a prompt that the text encoder does not get to read; empty where it reads all."""
        tokenizer = self.pipe.tokenizer
        limit = min(tokenizer.model_max_length, LONGEST)
        ids = tokenizer(prompt, truncation=False, verbose=False).input_ids
        unread = ids[limit - 1 :] if len(ids) > limit else []  # the last that fits is the end sign
        return tokenizer.decode(unread, skip_special_tokens=True).strip()

    @torch.no_grad()
    def conditions(self, prompt: str, negative: str = "", stop: Stop = never) -> Conditions:
        """What the text encoders make of a prompt: tensors by the names that pipelines take them by."""
        self._stop = stop
        wanted = {
            "prompt": prompt,
            "negative_prompt": negative or None,  # XL has an answer of its own to none
            "device": self.pipe._execution_device,
            "num_images_per_prompt": 1,
            "do_classifier_free_guidance": self.manners.takes_negative,
        }
        encoded = self.pipe.encode_prompt(**_accepted(self.pipe.encode_prompt, wanted))
        if self.name == "Flux2KleinPipeline":
            # the rest says where tokens stand, which the pipeline finds out
            found = {"prompt_embeds": encoded[0]}
            if self.manners.takes_negative:
                found["negative_prompt_embeds"] = self.pipe.encode_prompt(negative)[0]
            return found
        names = XL_CONDITIONS if len(encoded) == 4 else CONDITIONS
        rows = (part[0] if isinstance(part, list) and part else part for part in encoded)
        return {name: row for name, row in zip(names, rows, strict=True) if isinstance(row, Tensor)}

    def between(self, a: Conditions, b: Conditions, t: float) -> Conditions:
        """(1 - t) a + t b of two prompts' conditions; of two lengths, the shorter repeats its last token."""
        mixed = {}
        for name in a:
            ends = a[name], b[name]
            length = max(len(end) for end in ends)
            rows = (torch.cat([end, end[-1:].expand(length - len(end), *end.shape[1:])]) for end in ends)
            mixed[name] = torch.lerp(*rows, t)
        return mixed

    def noise(self, generator: torch.Generator, width: int, height: int) -> Tensor:
        """Noise to draw from, (1, C, h, w) float32 from N(0, I): the same on every device."""
        factor = self.pipe.vae_scale_factor
        rows, columns = height // factor, width // factor
        if self.name == "Flux2KleinPipeline":  # squares of 2 x 2 latents are channels there
            rows, columns = rows // 2, columns // 2
        return torch.randn(1, denoiser(self.pipe).config.in_channels, rows, columns, generator=generator)

    @torch.no_grad()
    def draw(
        self,
        request: DrawRequest,
        conditions: Conditions,
        generators: Sequence[torch.Generator],
        noise: Tensor | None = None,
        image: Any = None,
        mask: Any = None,
        stop: Stop = never,
        on_step: StepHook = no_hook,
    ) -> list[Drawn]:
        """The one picture of a filled request and of one generator, as TextToImageModel has it.

        Raises InputError where the pipeline refuses.
        """
        (generator,) = generators
        self._stop = stop
        pipe = self._variant(INPAINT if mask is not None else REDRAW if image is not None else {})
        pipe.scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config)
        self.previewer.begin()

        def told(_: Any, index: int, __: Any, values: dict[str, Any]) -> dict[str, Any]:
            self._check()
            on_step(
                index + 1,
                pipe.num_timesteps,
                lambda: _as_pictures(self.previewer(values["latents"], request.height, request.width)),
            )
            return values

        wanted = {
            **self._ready(conditions),
            "width": request.width,
            "height": request.height,
            "num_inference_steps": request.num_inference_steps,
            "guidance_scale": self.manners.guidance(request.guidance_scale),
            "strength": request.strength,
            "generator": generator,
            "image": image,
            "mask_image": mask,
            "output_type": "pt",
            "callback_on_step_end": told,
        }
        if noise is not None:
            wanted["latents"] = noise.to(pipe._execution_device, self.noise_dtype)
        try:
            done = pipe(**_accepted(pipe.__call__, wanted))
        except (ValueError, IndexError) as error:  # an index: more steps than the schedule has room for
            raise _refused(self.id, error) from error
        self.noise_levels = noise_levels(pipe.scheduler, pipe.num_timesteps)
        flagged = getattr(done, "nsfw_content_detected", None)
        picture = (done.images[0].float() * 255).round().clamp(0, 255).byte().movedim(0, 2).cpu()
        return [Drawn(picture, bool(flagged and flagged[0]))]

    def set_adapter(self, folder: Path | None, weight: float) -> None:
        """Add a LoRA to the weights as they are used, at `weight`; None: the model alone, exactly as it was."""
        if folder is None or weight == 0:
            if self._adapter:
                self.pipe.disable_lora()
            return
        stamp = (folder / LORA).stat().st_mtime_ns if (folder / LORA).is_file() else 0
        name = f"{folder}:{stamp}"
        if name != self._adapter:
            self.pipe.unload_lora_weights()  # of another, or of one that failed half-way
            self._adapter = ""
            with sentences(folder):
                self.pipe.load_lora_weights(
                    folder, weight_name=LORA, adapter_name="lora", use_safetensors=True, local_files_only=True
                )
            self._adapter = name
        self.pipe.enable_lora()
        self.pipe.set_adapters(["lora"], [weight])

    def _variant(self, table: Mapping[str, str]) -> Any:
        """The pipeline itself, or the one that `table` names for it, made of the same parts."""
        name = table.get(self.name, self.name)
        if name == self.name:
            return self.pipe
        import diffusers

        kind = getattr(diffusers, name)
        known = inspect.signature(kind.__init__).parameters
        settings = {
            key: value
            for key, value in self.pipe.config.items()
            if key in known and key not in self.pipe.components
        }
        variant = kind(**self.pipe.components, **settings)
        variant.set_progress_bar_config(disable=True)
        return variant

    def _ready(self, conditions: Conditions) -> dict[str, Any]:
        """Conditions as the pipelines take them: Z-Image's sentences have their own lengths, so it wants a list of them."""
        if self.name != "ZImagePipeline":
            return dict(conditions)
        return {name: [rows] for name, rows in conditions.items()}

    def _check(self) -> None:
        if self._stop():
            raise Stopped


def load_pipe(card: ModelCard, placement: Placement) -> Any:
    """The pipeline of a card on the CPU, its large networks in 4 bits where the placement says so."""
    if not placement.load_in_4bit:
        return pipeline(card.folder, placement.dtype)
    return pack(pipeline(card.folder, "bfloat16"), getattr(torch, placement.dtype), placement.device)


def _as_pictures(preview: Tensor | None) -> Tensor | None:
    """A preview (3, H, W) in [0, 1] as (1, H, W, 3) uint8."""
    return None if preview is None else (preview * 255).round().byte().movedim(0, 2)[None]


def _refused(model_id: str, error: ValueError | IndexError) -> InputError:
    """The sentence for what a pipeline says of values that only it knows the limits of."""
    if isinstance(error, InputError):
        return error
    reason = (str(error).strip().splitlines() or ["?"])[0][:200]
    return InputError(
        en=f"{model_id} cannot draw this ({reason}); change the size, the steps or the strength.",
        zh=f"{model_id} 无法这样画（{reason}）；请更改尺寸、步数或重绘幅度。",
    )


def _accepted(function: Callable[..., Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Those of `wanted` that a function has a parameter for."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in wanted.items() if name in known}
