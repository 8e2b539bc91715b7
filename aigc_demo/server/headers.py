"""Headers that tell the browser what this page will never do, so that an injected script cannot either."""

from aigc_demo.server.asgi import App, Message, Receive, Send

# Gradio writes styles and scripts into the page and compiles `js=` functions, hence the two unsafe words. Pictures
# from elsewhere stay out: a model may write an address into its answer, and that host would learn who reads it.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}


def security_headers(framed_by: str | None) -> dict[str, str]:
    """The headers of every answer; `framed_by` is the site that may show the page in a frame, None: nobody."""
    policy = POLICY | {"frame-ancestors": f"'self' {framed_by}" if framed_by else "'none'"}
    headers = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    return headers if framed_by else {**headers, "x-frame-options": "DENY"}


class SecurityHeaders:
    """Put the headers on every answer, in place of the app's own of that name."""

    def __init__(self, app: App, framed_by: str | None) -> None:
        self.app = app
        self.headers = {name.encode(): value.encode() for name, value in security_headers(framed_by).items()}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def sign(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [
                    (name, value) for name, value in message["headers"] if name.lower() not in self.headers
                ]
                message = {**message, "headers": [*kept, *self.headers.items()]}
            await send(message)

        await self.app(scope, receive, sign)
