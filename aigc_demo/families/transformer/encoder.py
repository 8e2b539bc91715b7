"""A pretrained encoder that turns a sentence into one vector, so that texts alike in meaning lie close together.

Sentence-BERT (Reimers & Gurevych 2019, section 3): the vectors h_t of a sentence's tokens after the last layer are
averaged and scaled to length one,

    u = sum_t h_t / T,    e = u / |u|,

so that the inner product of two sentences is the cosine of the angle between them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement

if TYPE_CHECKING:
    from torch import Tensor

LONGEST = 256  # tokens of a sentence that are read; all-MiniLM-L6-v2 was trained on no more


class SentenceEncoder:
    """A BERT encoder with its tokenizer."""

    def __init__(self, network: Any, tokenizer: Any) -> None:
        self.network = network.eval()
        self.tokenizer = tokenizer

    @classmethod
    def load(cls, card: ModelCard, placement: Placement) -> "SentenceEncoder":
        """The encoder in the card's folder, where `placement` says."""
        import torch
        from transformers import AutoTokenizer, BertModel

        from aigc_demo.pretrained.loading import from_pretrained

        dtype = getattr(torch, placement.dtype)
        network = from_pretrained(BertModel, card.folder, dtype=dtype, add_pooling_layer=False)
        tokenizer = AutoTokenizer.from_pretrained(card.folder, local_files_only=True, trust_remote_code=False)
        return cls(network.to(placement.device), tokenizer)

    def embed(self, texts: Sequence[str]) -> "Tensor":
        """Vectors (N, d) of length one, float32 on the CPU, for N texts."""
        import torch

        limit = min(LONGEST, self.network.config.max_position_embeddings)
        batch = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=limit, return_tensors="pt"
        ).to(self.network.device)
        with torch.inference_mode():
            hidden = self.network(**batch).last_hidden_state.float()  # (N, T, d)
        seen = batch["attention_mask"][..., None].float()  # padding takes no part in the mean
        mean = (hidden * seen).sum(1) / seen.sum(1)
        return torch.nn.functional.normalize(mean, dim=1).cpu()
