"""A public link: who may come in, and what the owner is told while Gradio makes it."""

import secrets

GUEST = "guest"
TRYING = (
    "Making a public link, which may take up to a minute; the local page is there at once.",
    "正在创建公开链接，最多需要一分钟；本机网页立即可用。",
)
NO_LINK = (
    "There is no public link: the tunnel to gradio.live could not be made. Check the network, and that frpc may run; "
    "the local page goes on, with the same login.",
    "没有公开链接：无法建立到 gradio.live 的隧道。请检查网络以及 frpc 能否运行；本机网页继续可用，登录方式不变。",
)


def make_login() -> tuple[str, str]:
    """A name and a password of 96 random bits for this start, told on the console."""
    password = secrets.token_urlsafe(12)
    print(f"Login / 登录: {GUEST}, {password}", *TRYING, sep="\n", flush=True)
    return GUEST, password


def tell(url: str | None) -> None:
    """What became of the link; Gradio itself prints the address where there is one."""
    if url is None:
        print(*NO_LINK, sep="\n", flush=True)
