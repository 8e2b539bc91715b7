"""A password is safe only if it cannot be tried at leisure: Gradio answers a thousand guesses a second."""

from aigc_demo.web.asgi import App, Message, Receive, Refusal, Send, is_post_to, refuse
from aigc_demo.web.budget import Budget, client_of

GUESSES, SECONDS = 10, 60
TOO_MANY = Refusal(
    429,
    en="Too many wrong passwords; wait a minute and try again.",
    zh="密码错误次数过多；请一分钟后再试。",
    retry_after=SECONDS,
)


class LoginThrottle:
    """429 after ten wrong passwords of a client in a minute; right ones do not count, so a class can log in at once."""

    def __init__(self, app: App, behind_proxy: bool) -> None:
        self.app, self.behind_proxy = app, behind_proxy
        self.budget = Budget(GUESSES, SECONDS)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not is_post_to(scope, "/login"):
            await self.app(scope, receive, send)
            return
        client = client_of(scope, self.behind_proxy)
        if not self.budget.spend(
            client, 1
        ):  # taken before the answer, so that guesses side by side count, too
            await refuse(TOO_MANY, scope, send)
            return

        async def forgive(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self.budget.spend(client, -1)
            await send(message)

        await self.app(scope, receive, forgive)
