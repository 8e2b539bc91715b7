"""How this installation marks what it writes: as the rules of its mode say, signed where it can sign."""

from aigc_demo.core.settings import Settings
from aigc_demo.provenance.c2pa_signer import C2paSigner, signer_in
from aigc_demo.provenance.marking import Marking
from aigc_demo.provenance.watermark.keys import mark_key


def marking_for(settings: Settings, visible: bool | None = None) -> Marking:
    """The marking of files; `visible` is a visitor's own choice, None for the mode's."""
    rules = settings.rules
    return Marking(
        visible=rules.visible_label if visible is None else visible,
        image_key=mark_key(settings, "image") if rules.image_mark else None,
        signer=own_signer(settings),
    )


def own_signer(settings: Settings) -> C2paSigner | None:
    """This installation's signer; None where c2pa-python is not here."""
    return signer_in(settings.data_dir / "c2pa")
