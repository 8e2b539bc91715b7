"""What a file says about its own making: an AI label for everyone, a recipe for this app.

Every file that the app writes carries

    the label      the AIGC object of GB 45438-2025 (Annex E): AI-made, by whom, under which number
    the source     IPTC digitalSourceType = trainedAlgorithmicMedia, which search engines and agencies read
    the recipe     model, weights, request and version: what it takes to make the same thing again

and `read` gets them back from any file a visitor drops on the page:

    schema.py       Label, Recipe, Provenance, and their limits
    xmp.py          the one packet that holds all three, in pictures, sound and films alike
    containers.py   where PNG, JPEG, GIF, RIFF (WebP, WAV) and MP4 keep such things, byte by byte
    documents.py    the same for .txt, .md and .json
    programs/       what other generators write of their own making
    reader.py       read(path): recognise, walk, judge
    carrying.py     what a visitor's picture said, kept in a copy and quoted in a work

What a file may be given beyond these:

    marking.py      words in sight, a mark in the pixels (watermark/), a signature
    policy.py       which of them this installation gives
    c2pa_signer.py, c2pa_reader.py   a signed C2PA manifest, where c2pa-python is here

A label is a statement, not a proof: whoever edits a file can edit its label too.
"""

from aigc_demo.provenance.reader import read
from aigc_demo.provenance.schema import SOURCE_TYPE, Label, Provenance, Recipe

__all__ = ["SOURCE_TYPE", "Label", "Provenance", "Recipe", "read"]
