"""Watermarks: what a text or a picture says about its making without words, to who holds the installation's key.

text.py      a bias to half-secret "green" tokens, and the z-score that finds it (Kirchenbauer et al. 2023)
image.py     a keyed pattern in the low frequencies, and the correlation that finds it (Cox et al. 1997)
chance.py    the binomial tail by which both are judged
keys.py      the installation's key, made once

How often they are found, how often where there is none, and what they cost is measured in tests/load.

A mark is evidence, not proof: both can be removed on purpose, and neither says who asked for the content.
Labels in the file (provenance/) say more, and are lost sooner.
"""
