"""A closer look at a model: does it copy what it was trained on, and does it draw some classes more than others?

request.py    what may be asked
pictures.py   classes and copies among pictures, against the training pictures
drawings.py   copies among what is drawn from words
texts.py      copied passages
material.py   the data that a model was trained on, if it is here

Both compare in pixels or characters: a copy that was moved, tinted or reworded is not found, and few samples show
only what is common. What was trained elsewhere cannot be compared; its own card says what its makers know.
"""

from aigc_demo.actions.audit.drawings import audit_drawings
from aigc_demo.actions.audit.material import LOOKED_AT, hub_page, training_folder
from aigc_demo.actions.audit.pictures import Pair, PictureAudit, audit_pictures
from aigc_demo.actions.audit.request import AuditRequest, AuditSettings
from aigc_demo.actions.audit.texts import TextAudit, audit_texts
from aigc_demo.core.stopping import Progress, Stop, never, unheard
from aigc_demo.models.cards import ModelCard
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.zero_gpu import on_gpu

__all__ = [
    "AuditRequest",
    "AuditSettings",
    "Pair",
    "PictureAudit",
    "TextAudit",
    "can_audit",
    "hub_page",
    "look_closer",
    "training_folder",
]


def can_audit(card: ModelCard) -> bool:
    """Whether a model can be looked at: it was trained by this app, and draws or writes."""
    return not card.kind and bool(LOOKED_AT & set(card.tasks))


@on_gpu()
def look_closer(
    request: AuditRequest,
    cache: ModelCache,
    stop: Stop = never,
    progress: Progress = unheard,
) -> PictureAudit | TextAudit:
    """The audit that fits the model. An InputError where it was trained elsewhere or its data are not here.

    Raises Stopped soon after `stop()` turns true. `progress` hears a share in [0, 1].
    """
    card = registry.find_card(request.model, cache.settings)
    folder = training_folder(card, cache.settings)
    audits = {"image": audit_pictures, "draw": audit_drawings, "text": audit_texts}
    audit = next(audits[task] for task in audits if task in card.tasks)
    return audit(request, card, folder, cache, stop, progress)
