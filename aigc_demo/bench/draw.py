"""Text-to-image: ours, told of and shown step by step, against the bare pipeline of diffusers; painters against their network."""

import tempfile
from collections import deque
from pathlib import Path
from typing import Any

from aigc_demo import actions
from aigc_demo.bench.measure import Comparison, seconds, take_turns
from aigc_demo.cli.flags import Asked
from aigc_demo.core.words import Text
from aigc_demo.hub.records import keep
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import family, kinds
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import DrawRequest

ROUNDS = 7
REQUEST = DrawRequest(model="bench/small-sd", prompt="a lighthouse in a storm", num_inference_steps=8)
NAMES = Text(
    "a step of text-to-image, against the bare diffusers pipeline on the same weights",
    "文生图的一步，对照直接调用 diffusers 流水线，相同权重",
)
PICTURES = 16


def measure(asked: Asked) -> list[Comparison]:
    """Both draw the same picture in turns, from a small Stable Diffusion with random weights; then painters trained here."""
    painters = [
        compare_painter(card, asked.cache)
        for card in registry.cards_for("draw", asked.settings)
        if not card.kind and family(card.family).sampled
    ]
    with tempfile.TemporaryDirectory() as folder:
        settings = asked.settings.model_copy(update={"data_dir": Path(folder) / "data"})
        card = small_stable_diffusion(Path(folder) / "model")
        keep(card, settings)
        return [compare(card, ModelCache(settings)), *painters]


def compare(card: ModelCard, cache: ModelCache, rounds: int = ROUNDS) -> Comparison:
    """Wall time of the whole drawing over its steps, text encoder and decoder included."""
    import torch
    from diffusers import StableDiffusionPipeline

    bare = StableDiffusionPipeline.from_pretrained(card.folder, requires_safety_checker=False)
    bare.to(cache.device().name).set_progress_bar_config(disable=True)
    steps = REQUEST.num_inference_steps

    def ours() -> float:
        return seconds(lambda: deque(actions.draw(REQUEST, cache), maxlen=1)) / steps

    def plain() -> float:
        generator = torch.Generator().manual_seed(REQUEST.seed)
        return seconds(lambda: bare(REQUEST.prompt, num_inference_steps=steps, generator=generator)) / steps

    return Comparison(NAMES, "s", 1.03, *take_turns(ours, plain, rounds))


def compare_painter(card: ModelCard, cache: ModelCache, rounds: int = ROUNDS) -> Comparison:
    """Seconds for PICTURES from the request to the last of them, over the same calls of the network and nothing else."""
    import torch

    request = DrawRequest(model=card.id, prompt="a red cloak", count=PICTURES)
    calls: list[tuple[Any, Any]] = []

    def keep_calls(_: Any, arguments: Any, named: Any) -> None:
        calls.append((arguments, named))

    def draw() -> None:
        deque(actions.draw(request, cache), maxlen=1)

    def hook(model: Any) -> Any:
        return model.network.register_forward_pre_hook(keep_calls, with_kwargs=True)

    @torch.inference_mode()
    def call_again(model: Any) -> None:
        for arguments, named in calls:
            model.network(*arguments, **named)

    hooked = cache.run(card, hook)
    draw()
    hooked.remove()
    names = Text(
        f"{PICTURES} pictures by {card.id}, against the bare calls of its network",
        f"{card.id} 画 {PICTURES} 张图，对照只调用其网络",
    )
    turns = take_turns(lambda: seconds(draw), lambda: seconds(lambda: cache.run(card, call_again)), rounds)
    return Comparison(names, "s", 1.3, *turns)


def small_stable_diffusion(folder: Path, width: int = 64, side: int = 32) -> ModelCard:
    """Write Stable Diffusion 1 with random weights, `width` channels instead of 320; pictures of 8 * `side` pixels."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel

    torch.manual_seed(0)
    tokenizer = _byte_tokenizer()
    text_config = _text_config(tokenizer)
    blocks = ["DownEncoderBlock2D"] * 4, ["UpDecoderBlock2D"] * 4
    pipe = StableDiffusionPipeline(
        vae=AutoencoderKL(
            down_block_types=blocks[0],
            up_block_types=blocks[1],
            block_out_channels=[width // 2, width, width, width],
            latent_channels=4,
        ),
        text_encoder=CLIPTextModel(text_config),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=side,
            block_out_channels=[width, 2 * width, 4 * width, 4 * width],
            cross_attention_dim=text_config.hidden_size,
        ),
        scheduler=DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    numbers = sum(
        weight.numel() for part in (pipe.unet, pipe.vae, pipe.text_encoder) for weight in part.parameters()
    )
    return _card(folder, numbers)


def _byte_tokenizer() -> Any:
    """CLIP's tokenizer with single bytes for a vocabulary."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], model_max_length=77)


def _text_config(tokenizer: Any) -> Any:
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=4,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _card(folder: Path, parameters: int) -> ModelCard:
    words = Text(en="Random weights, to measure speed with", zh="测速用的随机权重")
    return ModelCard(
        id=REQUEST.model,
        folder=folder,
        family=kinds()["text_to_image"][0].name,
        kind="text_to_image",
        tasks=("draw",),
        title=words,
        summary=words,
        parameters=parameters,
        licence="none",
        data="none",
        revision="0" * 40,
    )
