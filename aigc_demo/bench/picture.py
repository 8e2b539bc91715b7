"""64 digits from the request to a labelled file: in this process, and through the queue of a running page."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from aigc_demo import actions
from aigc_demo.bench.measure import Comparison, seconds, take_turns
from aigc_demo.bench.start import PATIENCE, served
from aigc_demo.cli.flags import Asked
from aigc_demo.core.settings import ROOT
from aigc_demo.core.words import Text
from aigc_demo.models.pixels import to_uint8
from aigc_demo.runtime.registry import find_card
from aigc_demo.schemas import ImageRequest

ROUNDS = 30
REQUEST = ImageRequest(model="gan-digits", count=64)
AGAINST = Text("against the bare generator call plus PNG encoding", "对照直接调用生成器并编码 PNG")


def measure(asked: Asked) -> list[Comparison]:
    """Both ways, each in turns with the bare call."""
    with asked.cache.use(find_card(REQUEST.model, asked.settings)) as model:
        bare = bare_call(model)
    here = take_turns(lambda: seconds(lambda: make_file(asked)), lambda: seconds(bare), ROUNDS)
    queue = _through_queue(asked, bare)
    return [
        Comparison(Text(f"64 digits to a labelled file, {AGAINST.en}", f"64 个数字到带标识的文件，{AGAINST.zh}"), "s", 3, *here),
        Comparison(
            Text(f"the same through the page's queue over HTTP, {AGAINST.en}", f"同上，经网页队列与 HTTP，{AGAINST.zh}"), "s", 3, *queue
        ),
    ]  # fmt: skip


def make_file(asked: Asked) -> None:
    """What a click on Generate does."""
    actions.write_sheet(actions.make_images(REQUEST, asked.cache), asked.settings.outputs_dir).unlink()


def bare_call(model: Any) -> Callable[[], bytes]:
    """The generator's forward pass on 64 latents, and PNG encoding of a sheet as large as the app's."""
    import torch
    from PIL import Image

    z = torch.randn(REQUEST.count, model.latent_dim).to(model.device)
    class_weights = torch.eye(len(model.classes["en"]))[torch.arange(REQUEST.count) % 10].to(model.device)

    @torch.inference_mode()
    def call() -> bytes:
        pictures = to_uint8(model.generator(z, class_weights)).numpy()
        rows = pictures.reshape(8, 8, *pictures.shape[1:]).transpose(0, 2, 1, 3)
        scale = actions.scale_to(actions.SHEET_SIDE, pictures)
        sheet = rows.reshape(8 * pictures.shape[1], -1).repeat(scale, 0)
        file = io.BytesIO()
        Image.fromarray(np.repeat(sheet, scale, 1)).save(file, "PNG")
        return file.getvalue()

    return call


def _through_queue(asked: Asked, bare: Callable[[], bytes]) -> tuple[list[float], list[float]]:
    """Over one open connection in one session, as a browser does; gradio_client would add the set-up of a new one."""
    with clicks(asked) as click:
        return take_turns(lambda: seconds(click), lambda: seconds(bare), ROUNDS)


@contextmanager
def clicks(asked: Asked) -> Iterator[Callable[[], None]]:
    """A click on Generate, answered by a page that runs meanwhile."""
    import httpx

    path = "gradio_api/call/generate_image"
    body = {"data": list(REQUEST.model_dump().values()), "session_hash": "bench"}
    with (
        served([str(ROOT / "app.py")], asked.settings) as address,
        httpx.Client(base_url=address, timeout=PATIENCE) as client,
    ):

        def click() -> None:
            event = client.post(path, json=body).json()["event_id"]
            with client.stream("GET", f"{path}/{event}") as answer:
                if "event: complete" not in answer.iter_lines():
                    raise RuntimeError(f"/generate_image failed: {answer.status_code}")

        yield click
