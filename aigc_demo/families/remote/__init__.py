"""Models that another machine serves, when this one is not enough.

A language model is an OpenAI-compatible server (vLLM, SGLang, `transformers serve`), a model that draws an inference
endpoint. Both are named by the app's settings alone, `text_server` and `image_server`: no page and no request can make
the app open an address. A key is read from the variable AIGC_SERVER_KEY; the hub's own token is never sent there.

directory.py  which models the servers have, asked now and then, without anybody waiting for it
wire.py       one request: again where it may help, a sentence where it fails, closed when the reader stops
troubles.py   what goes wrong, in sentences
text.py       chat and completion, token by token
image.py      pictures from sentences
"""

from typing import Any

from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text
from aigc_demo.families.remote.directory import ServedCard, Standing, directory
from aigc_demo.models.family import Family, Kind
from aigc_demo.models.placement import Placement

__all__ = ["Standing", "load_pretrained", "standings"]
FAMILY = Family(
    "remote",
    Text("On a server", "服务器"),
    kinds={"text": Kind(("text", "chat")), "image": Kind(("draw",))},
    guarded=True,
    local=False,
)


def standings(settings: Settings) -> list[Standing]:
    """Each server that the settings name: whether it answers, and what it has."""
    if settings.offline:
        return []
    return [
        directory(url, task).standing()
        for url, task in ((settings.text_server, "chat"), (settings.image_server, "draw"))
        if url
    ]


def load_pretrained(card: ServedCard, placement: Placement) -> Any:
    """The model behind the card of a standing; `placement` says nothing, for nothing is loaded here."""
    if card.kind == "image":
        from aigc_demo.families.remote.image import ServedDrawer

        return ServedDrawer(card)
    from aigc_demo.families.remote.text import ServedLanguageModel

    return ServedLanguageModel(card)
