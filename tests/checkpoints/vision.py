"""A tiny Vision Transformer that tells two kinds of pictures apart, in the format of the hub's."""

import json

from tests.checkpoints.language import save


def write_vit(folder, unsafe=True, labels=("normal", "nsfw"), seed=0):
    """ViTForImageClassification with random features, whose last layer takes every picture for one kind."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=8,
        id2label=dict(enumerate(labels)),
        label2id={name: index for index, name in enumerate(labels)},
    )
    save(ViTForImageClassification, config, folder, seed)
    network = ViTForImageClassification.from_pretrained(folder)
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.bias.copy_(torch.tensor([-4.0, 4.0] if unsafe else [4.0, -4.0]))
    network.save_pretrained(folder)
    scaling = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": {"height": 32, "width": 32}}
    (folder / "preprocessor_config.json").write_text(json.dumps(scaling))
    return folder
