"""The first answer: what it says of itself to those who show links, without what no browser reads, made once.

A gap of Gradio's like those in gradio_gaps.py: its page names itself "Gradio" with Gradio's picture before the app's own
words, carries for every component how programs may fill it (a fifth of the page, which programs read at /config and at
/gradio_api/info), and is put together anew for each visitor, by copying the whole of it.
"""

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from typing import Any

from gradio.route_utils import get_root_url
from gradio.routes import toorjson
from starlette.requests import Request

from aigc_demo.ui.page.language import LOCALES, Words, language_of
from aigc_demo.ui.page.theme import ASSETS

Message = MutableMapping[str, Any]
PREVIEW = "/preview.jpg"
SIZE = (1200, 630)  # pixels of the preview, as those who show links want it; tests/ui/preview.py makes it
KEPT = 4  # pages: two languages under two names
UNREAD = ("api_info", "api_info_as_input", "api_info_as_output", "example_inputs")
CONFIG = "window.gradio_config = "
NAMED = re.compile(r'\s*<meta\s+(?:property="og:|name="(?:twitter:|description"))[^>]*>')


class FrontPage:
    """ASGI middleware: GET / by name and language from memory, and the preview's picture; all else passes.

    `keep` is False where the page depends on who asks, as behind a login. `sight` gives, by language, the HTML that
    stands in the page until the page's own components do.
    """

    def __init__(
        self,
        app: Callable[..., Awaitable[None]],
        words: Words,
        setting: str,
        keep: bool,
        sight: Callable[[str], str],
    ) -> None:
        self.app, self.words, self.setting, self.keep, self.sight = app, words, setting, keep, sight
        self._kept: OrderedDict[tuple[str, str], list[Message]] = OrderedDict()

    async def __call__(self, scope: Message, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
        elif scope["path"] == PREVIEW:
            lasting = [(b"cache-control", b"public, max-age=86400")]
            await answer(send, (ASSETS / "preview.jpg").read_bytes(), b"image/jpeg", lasting)
        elif scope["path"] in ("", "/"):
            await self._serve(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _serve(self, scope: Message, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        request = Request(scope)
        lang, root = language_of(request, self.setting), get_root_url(request, "/", scope.get("root_path"))
        keep = self.keep and not {"page", "deep_link"} & set(request.query_params)  # which Gradio reads
        if keep and (root, lang) in self._kept:
            self._kept.move_to_end((root, lang))
            for message in self._kept[root, lang]:
                await send(dict(message))
            return
        made: list[Message] = []

        async def collect(message: Message) -> None:
            made.append(message)

        await self.app(scope, receive, collect)
        body = b"".join(message.get("body", b"") for message in made[1:])
        if made[0]["status"] != 200:
            for message in made:
                await send(message)
            return
        page = await asyncio.to_thread(self.page, body.decode(), root, lang)
        made = []
        await answer(collect, page.encode(), b"text/html; charset=utf-8")
        if keep:
            self._kept[root, lang] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        for message in made:
            await send(dict(message))

    def page(self, text: str, root: str, lang: str) -> str:
        """Gradio's page in our words, without what nobody reads."""
        text = NAMED.sub("", text).replace('lang="en"', f'lang="{LOCALES[lang]}"', 1)
        before, found, after = text.partition(CONFIG)
        if found:
            config, end = json.JSONDecoder().raw_decode(after)
            for component in config.get("components", ()):
                for name in UNREAD:
                    component.pop(name, None)
            text = before + found + str(toorjson(config)) + after[end:]
            if "components" in config:  # no page of a login
                text = text.replace("<gradio-app", self.sight(lang) + "<gradio-app", 1)
        return text.replace("</head>", self.about(root, lang) + "</head>", 1)

    def about(self, root: str, lang: str) -> str:
        """Title, words and picture for the browser, for searches and for those who show links."""
        title, words = self.words.say("shell.title", lang), self.words.say("front.about", lang)
        picture, (width, height) = root + PREVIEW, SIZE
        named = {
            "og:type": "website",
            "og:url": f"{root}/",
            "og:title": title,
            "og:description": words,
            "og:image": picture,
            "og:image:width": width,
            "og:image:height": height,
            "og:image:alt": self.words.say("front.picture", lang),
            "og:locale": {"en": "en_GB", "zh": "zh_CN"}[lang],
        }
        tags = [f'<meta property="{name}" content="{escape(str(value))}">' for name, value in named.items()]
        return (
            f'<title>{escape(title)}</title><meta name="description" content="{escape(words)}">'
            + "".join(tags)
            + '<meta name="twitter:card" content="summary_large_image">'
        )


async def answer(
    send: Callable[..., Any], body: bytes, kind: bytes, more: list[tuple[bytes, bytes]] | None = None
) -> None:
    """A complete answer."""
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *(more or ())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
