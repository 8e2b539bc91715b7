"""What a file is given beyond the label that every file carries: words in sight, a mark in its pixels, a signature."""

from dataclasses import dataclass, replace
from typing import Protocol


class Signer(Protocol):
    """Something that signs finished files; c2pa_signer.py makes one where c2pa-python is installed."""

    def sign(self, data: bytes, suffix: str) -> bytes:
        """The file with a signed manifest in it; a kind of file that can hold none comes back as it was."""


@dataclass(frozen=True)
class Marking:
    """How files are marked. The plain Marking() adds nothing: the AIGC label, IPTC source and recipe are always there.

    visible     a label that people see or hear: words in pictures and films, a rhythm before sound
    image_key   the key of the mark in the pixels of pictures; None for no mark
    signer      signs a C2PA manifest into the file; None for none
    """

    visible: bool = False
    image_key: bytes | None = None
    signer: Signer | None = None

    def unseen(self) -> "Marking":
        """For a picture on its way to another tab: words on it would become part of what is made from it."""
        return replace(self, visible=False)


PLAIN = Marking()
