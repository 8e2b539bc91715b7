"""Tiny random checkpoints in the real formats, and the record that makes the app offer one as if it had been fetched."""

from aigc_demo.core.words import Text
from aigc_demo.hub.records import keep
from aigc_demo.models.cards import ModelCard


def keep_card(settings, folder, model_id, family, kind, tasks, **more):
    """Offer the checkpoint in `folder` as `model_id`; returns its card."""
    words = Text(en=f"Random {model_id}", zh=f"随机的 {model_id}")
    card = ModelCard(
        id=model_id,
        folder=folder,
        family=family,
        kind=kind,
        tasks=tasks,
        title=words,
        summary=words,
        **{"parameters": 10_000, "licence": "mit", "data": "none", "revision": "0" * 40, **more},
    )
    keep(card, settings)
    return card
