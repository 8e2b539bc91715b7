"""A public page's disk is not everybody's: each client may upload so much in an hour."""

from aigc_demo.web.asgi import App, Message, Receive, Refusal, Send, is_post_to, refuse
from aigc_demo.web.budget import Budget, client_of
from aigc_demo.web.metered import announced, serve_metered

UPLOAD = "/gradio_api/upload"
LEAST = 64 * 2**10  # bytes an upload counts at least: many empty files are a burden, too


class UploadQuota:
    """429 once a client has brought `mb_per_hour` megabytes; the room comes back evenly."""

    def __init__(self, app: App, mb_per_hour: int, behind_proxy: bool) -> None:
        self.app, self.behind_proxy = app, behind_proxy
        self.budget = Budget(mb_per_hour * 2**20, 3600)
        self.full = Refusal(
            429,
            en=f"You have uploaded {mb_per_hour} MB within the hour, as much as this public page takes; try again later.",
            zh=f"您一小时内的上传已达本公开网页的上限 {mb_per_hour} MB；请稍后再试。",
            retry_after=600,
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not is_post_to(scope, UPLOAD):
            await self.app(scope, receive, send)
            return
        client = client_of(scope, self.behind_proxy)
        if announced(scope) > self.budget.room(client) or not self.budget.spend(client, LEAST):
            await refuse(self.full, scope, send)
            return
        free = LEAST

        def take(count: int) -> bool:
            nonlocal free
            within = min(count, free)
            free -= within
            return self.budget.spend(client, count - within)

        await serve_metered(self.app, scope, receive, send, take, self.full)
