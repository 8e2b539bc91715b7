"""The allow-list: which classes of transformers and diffusers the app loads, by the kind of model that they make.

A checkpoint only names its class; what is loaded is one of these, chosen here. Everything else is refused.
"""

from collections.abc import Mapping

# `architectures` of a transformers config.json
ARCHITECTURES: Mapping[str, str] = {
    "LlamaForCausalLM": "causal_lm",
    "Qwen2ForCausalLM": "causal_lm",
    "Qwen3ForCausalLM": "causal_lm",
    "SmolLM3ForCausalLM": "causal_lm",
    "Gemma3ForCausalLM": "causal_lm",
    "GPT2LMHeadModel": "causal_lm",
    "GPTNeoForCausalLM": "causal_lm",
    "MarianMTModel": "seq2seq",
    "T5ForConditionalGeneration": "seq2seq",
    "ViTForImageClassification": "picture_classifier",
}
# `_class_name` of a diffusers model_index.json, or of the config.json of a single autoencoder
PIPELINES: Mapping[str, str] = {
    "StableDiffusionPipeline": "text_to_image",
    "StableDiffusionXLPipeline": "text_to_image",
    "LatentConsistencyModelPipeline": "text_to_image",
    "ZImagePipeline": "text_to_image",
    "Flux2KleinPipeline": "text_to_image",
    "DDPMPipeline": "unconditional",
    "DDIMPipeline": "unconditional",
    "DiTPipeline": "class_conditional",
    "AutoencoderTiny": "autoencoder",
    "AutoencoderKL": "autoencoder",
}
# What a pipeline may be made of, and where it is imported from: parts with weights, and parts without.
NETWORKS: Mapping[str, str] = {
    "AutoencoderKL": "diffusers",
    "AutoencoderKLFlux2": "diffusers",
    "AutoencoderTiny": "diffusers",
    "CLIPTextModel": "transformers",
    "CLIPTextModelWithProjection": "transformers",
    "CLIPVisionModelWithProjection": "transformers",
    "DiTTransformer2DModel": "diffusers",
    "Flux2Transformer2DModel": "diffusers",
    "Qwen3ForCausalLM": "transformers",
    "Qwen3Model": "transformers",
    "StableDiffusionSafetyChecker": "diffusers.pipelines.stable_diffusion.safety_checker",
    "UNet2DConditionModel": "diffusers",
    "UNet2DModel": "diffusers",
    "ZImageTransformer2DModel": "diffusers",
}
TOOLS: Mapping[str, str] = {
    "CLIPFeatureExtractor": "transformers",
    "CLIPImageProcessor": "transformers",
    "CLIPImageProcessorFast": "transformers",
    "CLIPImageProcessorPil": "transformers",
    "CLIPTokenizer": "transformers",
    "CLIPTokenizerFast": "transformers",
    "DDIMScheduler": "diffusers",
    "DDPMScheduler": "diffusers",
    "DEISMultistepScheduler": "diffusers",
    "DPMSolverMultistepScheduler": "diffusers",
    "EulerAncestralDiscreteScheduler": "diffusers",
    "EulerDiscreteScheduler": "diffusers",
    "FlowMatchEulerDiscreteScheduler": "diffusers",
    "HeunDiscreteScheduler": "diffusers",
    "LCMScheduler": "diffusers",
    "PNDMScheduler": "diffusers",
    "PreTrainedTokenizerFast": "transformers",
    "Qwen2Tokenizer": "transformers",
    "Qwen2TokenizerFast": "transformers",
    "TokenizersBackend": "transformers",
    "UniPCMultistepScheduler": "diffusers",
}
LIBRARIES = ("diffusers", "transformers", "stable_diffusion")  # as a model_index.json names them


def kind_of(class_name: str) -> str:
    """The kind of a class that a checkpoint names; empty where it is not on the list."""
    return ARCHITECTURES.get(class_name) or PIPELINES.get(class_name, "")
