"""Tiny random diffusion models and autoencoders, each saved by its own class: seconds to write, well under 1 MB mostly."""

import json
from contextlib import contextmanager

CHAT = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
CHAT += "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"


@contextmanager
def seeded(seed):
    """Random weights that are the same every time, without a trace in the test's own random numbers."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def clip_tokenizer():
    """CLIP's tokenizer with single bytes for a vocabulary, so that every text has its own tokens."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    pieces = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], model_max_length=24)


def clip_text_config(tokenizer, projection=32):
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=24,
        projection_dim=projection,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def autoencoder_kl(channels=4, widths=(8, 16), **more):
    """AutoencoderKL that halves each side once for every width after the first."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=widths,
        down_block_types=["DownEncoderBlock2D"] * len(widths),
        up_block_types=["UpDecoderBlock2D"] * len(widths),
        latent_channels=channels,
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=32,
        **more,
    )


def conditional_unet(**more):
    from diffusers import UNet2DConditionModel

    settings = {
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "sample_size": 16,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 32,
        "attention_head_dim": 8,
        "norm_num_groups": 8,
    }
    return UNet2DConditionModel(**(settings | more))


def stable_diffusion_schedule():
    """The noise schedule of Stable Diffusion 1 and 2, as the fields of a scheduler."""
    return {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "clip_sample": False,
        "set_alpha_to_one": False,
        "steps_offset": 1,
    }


def write_sd(folder, seed=0, safety=False, **unet):
    """Stable Diffusion 1 of 32 x 32 pictures; `safety` adds a safety checker that finds nothing wrong."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline
    from transformers import CLIPTextModel

    with seeded(seed):
        tokenizer = clip_tokenizer()
        StableDiffusionPipeline(
            vae=autoencoder_kl(),
            text_encoder=CLIPTextModel(clip_text_config(tokenizer)),
            tokenizer=tokenizer,
            unet=conditional_unet(**unet),
            scheduler=DDIMScheduler(**stable_diffusion_schedule()),
            safety_checker=safety_checker() if safety else None,
            feature_extractor=feature_extractor() if safety else None,
            requires_safety_checker=safety,
        ).save_pretrained(folder)
    return folder


def feature_extractor():
    from transformers import CLIPImageProcessor

    return CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})


def safety_checker():
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    small = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 1, "num_attention_heads": 4}
    vision = {**small, "image_size": 32, "patch_size": 8}
    checker = StableDiffusionSafetyChecker(
        CLIPConfig(vision_config=vision, text_config=small, projection_dim=32)
    )
    checker.concept_embeds_weights.data.fill_(2)  # no picture is as near to a concept as this
    checker.special_care_embeds_weights.data.fill_(2)
    return checker


def write_sdxl(folder, seed=0):
    """Stable Diffusion XL: two text encoders, and the picture's size as a condition."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    with seeded(seed):
        tokenizer = clip_tokenizer()
        config = clip_text_config(tokenizer)
        unet = conditional_unet(
            cross_attention_dim=64,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=32 + 6 * 8,
            use_linear_projection=True,
        )
        StableDiffusionXLPipeline(
            vae=autoencoder_kl(),
            text_encoder=CLIPTextModel(config),
            text_encoder_2=CLIPTextModelWithProjection(config),
            tokenizer=tokenizer,
            tokenizer_2=clip_tokenizer(),
            unet=unet,
            scheduler=EulerDiscreteScheduler(beta_schedule="scaled_linear"),
        ).save_pretrained(folder)
    return folder


def write_lcm(folder, seed=0):
    """A latent consistency model: its U-Net takes the guidance as a number, and needs four steps."""
    from diffusers import LatentConsistencyModelPipeline, LCMScheduler
    from transformers import CLIPTextModel

    with seeded(seed):
        tokenizer = clip_tokenizer()
        LatentConsistencyModelPipeline(
            vae=autoencoder_kl(),
            text_encoder=CLIPTextModel(clip_text_config(tokenizer)),
            tokenizer=tokenizer,
            unet=conditional_unet(time_cond_proj_dim=16),
            scheduler=LCMScheduler(**stable_diffusion_schedule()),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        ).save_pretrained(folder)
    return folder


def qwen3(layers=2):
    """A Qwen3 as a text encoder, and a byte-level tokenizer with its chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|endoftext|>", eos_token="<|im_end|>", chat_template=CHAT
    )
    config = Qwen3Config(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
    )
    return fast, Qwen3ForCausalLM(config)


def write_flow(folder, seed=0):
    """Z-Image: a flow model whose Transformer reads text and picture in one sequence."""
    from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel

    with seeded(seed):
        tokenizer, text_encoder = qwen3()
        transformer = ZImageTransformer2DModel(
            in_channels=4,
            dim=32,
            n_layers=2,
            n_refiner_layers=1,
            n_heads=2,
            n_kv_heads=2,
            cap_feat_dim=32,
            axes_dims=[4, 6, 6],
            axes_lens=[1024, 64, 64],
        )
        for name, parameter in transformer.named_parameters():
            if name.endswith("pad_token"):
                parameter.data.normal_(std=0.02)  # zeros as the class makes them would stay zeros
        ZImagePipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=autoencoder_kl(shift_factor=0.1, scaling_factor=0.36),
            text_encoder=text_encoder.model,
            tokenizer=tokenizer,
            transformer=transformer,
        ).save_pretrained(folder)
    return folder


def write_klein(folder, seed=0):
    """FLUX.2 klein: a flow model that also edits, with the pictures it is given as a part of its sequence."""
    from diffusers import (
        AutoencoderKLFlux2,
        FlowMatchEulerDiscreteScheduler,
        Flux2KleinPipeline,
        Flux2Transformer2DModel,
    )

    with seeded(seed):
        tokenizer, text_encoder = qwen3(layers=28)  # layers 9, 18 and 27 are read
        widths = (8, 16)
        vae = AutoencoderKLFlux2(
            block_out_channels=widths,
            down_block_types=["DownEncoderBlock2D"] * 2,
            up_block_types=["UpDecoderBlock2D"] * 2,
            latent_channels=4,
            norm_num_groups=4,
            layers_per_block=1,
            sample_size=32,
        )
        transformer = Flux2Transformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=3 * 32,
            timestep_guidance_channels=16,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        )
        Flux2KleinPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
            vae=vae,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            transformer=transformer,
            is_distilled=True,
        ).save_pretrained(folder)
    return folder


def write_ddpm(folder, seed=0, prediction_type="epsilon"):
    """An unconditional model of 16 x 16 pictures in colour."""
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

    with seeded(seed):
        unet = UNet2DModel(
            sample_size=16,
            block_out_channels=(16, 32),
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            norm_num_groups=8,
        )
        DDPMPipeline(unet, DDPMScheduler(prediction_type=prediction_type)).save_pretrained(folder)
    return folder


def write_dit(folder, seed=0, names=("cat, kitten", "dog", "owl")):
    """A diffusion Transformer of 1000 classes, as its pipeline wants, of which the first have names."""
    from diffusers import DDIMScheduler, DiTPipeline, DiTTransformer2DModel

    with seeded(seed):
        transformer = DiTTransformer2DModel(
            sample_size=8,
            num_layers=2,
            num_attention_heads=2,
            attention_head_dim=8,
            in_channels=4,
            out_channels=8,
            num_embeds_ada_norm=1000,
        )
        for parameter in transformer.parameters():
            # no layer is zero
            parameter.data.add_(0.05 * parameter.data.new_empty(parameter.shape).normal_())
        scheduler = DDIMScheduler(num_train_timesteps=1000, clip_sample=False)
        DiTPipeline(transformer, autoencoder_kl(), scheduler).save_pretrained(folder)
    index = json.loads((folder / "model_index.json").read_text())  # save_pretrained leaves the names out
    index["id2label"] = {str(i): name for i, name in enumerate(names)}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def write_taesd(folder, seed=0, channels=4):
    """The tiny autoencoder of Stable Diffusion's latents, here halving the side once."""
    from diffusers import AutoencoderTiny

    with seeded(seed):
        AutoencoderTiny(
            latent_channels=channels,
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1),
        ).save_pretrained(folder)
    return folder


def write_autoencoder_kl(folder, seed=0):
    """The class of Stable Diffusion's own autoencoder."""
    with seeded(seed):
        autoencoder_kl().save_pretrained(folder)
    return folder
