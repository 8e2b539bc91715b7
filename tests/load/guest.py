"""A visitor with a canary: words that only this one sends, put into everything, which nobody else may ever be shown."""

import io
import random
import secrets
from collections.abc import Callable
from typing import Any

from PIL import Image

from tests.load.caller import Answer, Caller


class Guest:
    """What one visitor does in the tabs. `tabs` holds the deeds by name; each returns the answers that came back."""

    def __init__(self, url: str, seed: int, password: str = "") -> None:
        self.canary = f"canary{secrets.token_hex(8)}"
        self.random = random.Random(seed)
        self.caller = Caller(url, password).open()
        self.paths: list[str] = []
        self.tabs: dict[str, Callable[[], list[Answer]]] = {
            "text": self.write,
            "image": self.picture,
            "encode": self.encode,
            "walk": self.walk,
            "train": self.bring_data,
            "models": self.models,
        }
        if self._chats():
            self.tabs["chat"] = self.chat

    def write(self) -> list[Answer]:
        """Text that goes on from the canary."""
        seed = self.random.randrange(1000)
        asked = {"model": "gpt-austen", "prompt": f"{self.canary} said", "max_new_tokens": 12, "count": 1}
        return [self._made(self.caller.ask("generate_text", seed=seed, **asked))]

    def picture(self) -> list[Answer]:
        """Four digits as a labelled file."""
        return [self._made(self.caller.call(*self.wanted_picture()))]

    def wanted_picture(self) -> tuple[int, list[Any]]:
        """The call for it."""
        asked = {"label": str(self.random.randrange(10)), "seed": self.random.randrange(1000), "count": 4}
        return self.caller.asked("generate_image", model="gan-digits", **asked)

    def encode(self) -> list[Answer]:
        """An uploaded picture, named by the canary, through the autoencoder."""
        drawing, out = Image.new("L", (28, 28)), io.BytesIO()
        drawing.paste(255, (8, 6, 20, 12 + self.random.randrange(10)))
        drawing.save(out, "PNG")
        file = self.caller.upload(f"{self.canary}.png", out.getvalue())
        self.paths.append(file["path"])
        return [self._made(self.caller.ask("reconstruct", model="vae-digits", image=file))]

    def walk(self) -> list[Answer]:
        """A short film between two seeds."""
        seeds = {"from_seed": self.random.randrange(99), "to_seed": self.random.randrange(99)}
        return [self._made(self.caller.ask("interpolate", model="vae-digits", steps=4, **seeds))]

    def bring_data(self) -> list[Answer]:
        """A data set of the canary's name and words, and a look at all that there are."""
        text = f"The {self.canary} sings. " * 400
        given = {"train_paste": text, "data_name": self.canary, "data_consent": True, "train_data": "digits"}
        return [
            self.caller.press("train-import", **given),
            self.caller.press("tab-train", "select"),
            self.caller.press("train-data", "change", train_data=self.canary),
        ]

    def models(self) -> list[Answer]:
        """The list of models, as everybody sees it."""
        return [self.caller.ask("list_models")]

    def chat(self) -> list[Answer]:
        """A conversation whose system prompt and message hold the canary."""
        said = [{"role": "user", "content": f"I am {self.canary}"}]
        asked = {"messages": said, "system_prompt": f"You serve {self.canary}", "max_new_tokens": 8}
        return [self._made(self.caller.ask("chat", **asked))]

    def fetch(self, path: str) -> int:
        """The status with which a file is given or refused."""
        return self.caller.fetch(path).status_code

    def _made(self, answer: Answer) -> Answer:
        self.paths += found_paths(answer.data)
        return answer

    def _chats(self) -> bool:
        cards = self.caller.ask("list_models").data
        return any("chat" in card.get("tasks", ()) for card in (cards[0] if cards else []))


def found_paths(value: Any) -> list[str]:
    """The paths of all files in an answer's data."""
    if isinstance(value, dict):
        own = [value["path"]] if isinstance(value.get("path"), str) else []
        return own + [path for inner in value.values() for path in found_paths(inner)]
    return [path for inner in value for path in found_paths(inner)] if isinstance(value, list) else []
