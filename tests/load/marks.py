"""The watermarks: how often they are found, how often where there is none, and what they cost.

Needs scikit-learn, whose package holds two photographs (tests/requirements.txt), and the novels and poems of `data`.
"""

from aigc_demo.cli.flags import Asked
from tests.load import mark_pictures, mark_texts
from tests.load.figures import Figure


def measure(asked: Asked) -> list[Figure]:
    """Figures of the text mark, then of the picture mark."""
    return [*mark_texts.measure(asked), *mark_pictures.measure(asked)]
