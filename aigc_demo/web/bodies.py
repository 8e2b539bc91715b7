"""Only uploads are large: a call's JSON is read into memory whole, so it must not be."""

from aigc_demo.web.asgi import App, Message, Receive, Refusal, Send, refuse
from aigc_demo.web.metered import announced, serve_metered
from aigc_demo.web.uploads import UPLOAD

LIMIT = 8 * 2**20  # bytes; the longest text that can be pasted, two million Chinese characters, has 6 MB
TOO_LARGE = Refusal(
    413,
    en="This call has more than 8 MB; upload large things as files.",
    zh="请求超过 8 MB；较大的内容请以文件上传。",
)


class BodyLimit:
    """Refuse larger bodies everywhere but at the upload."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].rstrip("/") == UPLOAD:
            await self.app(scope, receive, send)
            return
        if announced(scope) > LIMIT:
            await refuse(TOO_LARGE, scope, send)
            return
        left = LIMIT

        def take(count: int) -> bool:
            nonlocal left
            left -= count
            return left >= 0

        await serve_metered(self.app, scope, receive, send, take, TOO_LARGE)
