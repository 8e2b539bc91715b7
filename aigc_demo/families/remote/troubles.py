"""What goes wrong between here and a server, said in a sentence; never with the server's address in it."""

import json
from collections.abc import Mapping

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text

PASSING = (429, 502, 503, 504)
SAID = 160  # characters of a server's own words in a sentence
# By the name of the error's class or of one above it, the first that fits: the client's HTTP library is not ours to name.
SENTENCES: Mapping[str, Text] = {
    "OfflineModeIsEnabled": Text(
        "The app is offline and asks no server; start it without --offline and HF_HUB_OFFLINE.",
        "应用处于离线状态，不访问服务器；请去掉 --offline 与 HF_HUB_OFFLINE 后重新启动。",
    ),
    "ConnectTimeout": Text(
        "The server does not answer; see that it runs and that the app's settings name it rightly, or choose another model.",
        "服务器没有响应；请确认它正在运行且应用设置中的地址无误，或选择其他模型。",
    ),
    "TimeoutException": Text(
        "The server took too long to answer; try again, or ask for less.",
        "服务器响应超时；请重试，或减少要求的内容。",
    ),
    "TransportError": Text(
        "The connection to the server broke off; try again.",
        "与服务器的连接中断；请重试。",
    ),
}
SAME = {
    "ConnectError": "ConnectTimeout",
    "TimeoutError": "TimeoutException",
    "ConnectionResetError": "TransportError",
}
CUT_OFF = Text(
    "The connection to the server broke off, and the answer ends here; try again.",
    "与服务器的连接中断，回答到此为止；请重试。",
)
STATUSES: Mapping[int, Text] = {
    401: Text(
        "The server refuses the app's key; who runs the app sets AIGC_SERVER_KEY to one that it accepts.",
        "服务器拒绝了本应用的密钥；请由应用的运行者将 AIGC_SERVER_KEY 设为有效的密钥。",
    ),
    404: Text(
        "The server has no such model, or does not serve this; choose another model, or chat instead of completing.",
        "服务器上没有该模型或不提供此功能；请选择其他模型，或改用对话。",
    ),
}


def status_of(error: Exception) -> int | None:
    """The HTTP status that an error stands for; None where the server did not get to answer."""
    return getattr(getattr(error, "response", None), "status_code", None)


def passing(error: Exception) -> bool:
    """Whether the same request may succeed in a moment."""
    status = status_of(error)
    return (
        status in PASSING
        if status
        else kinds(error)[0] in ("ConnectError", "RemoteProtocolError", "ReadError")
    )


def kinds(error: Exception) -> list[str]:
    """The names of an error's classes, its own first."""
    return [kind.__name__ for kind in type(error).__mro__]


def translated(error: Exception, begun: bool) -> InputError:
    """The sentence for an error of the client; `begun`: something of the answer had come."""
    if (status := status_of(error)) is not None:
        return refused(status, own_words(error))
    names = [SAME.get(name, name) for name in kinds(error)]
    if "TextGenerationError" in names:  # inside a stream that began well
        return refused(500)
    name = next((name for name in names if name in SENTENCES), None)
    if name is None:
        return not_understood()
    return InputError.of(CUT_OFF if begun and name == "TransportError" else SENTENCES[name])


def refused(status: int, words: str = "") -> InputError:
    """The sentence for an HTTP status other than success; `words` are the server's own."""
    if known := STATUSES.get(401 if status == 403 else status):
        return InputError.of(known)
    if status in PASSING:
        return InputError(
            en=f"The server is busy (HTTP {status}); try again in a moment.",
            zh=f"服务器繁忙（HTTP {status}）；请稍后重试。",
        )
    if status >= 500:
        return InputError(
            en=f"The server failed (HTTP {status}); its own log says why. Try again, or choose another model.",
            zh=f"服务器出错（HTTP {status}），原因见服务器日志；请重试，或选择其他模型。",
        )
    return InputError(
        en=f"The server refuses the request (HTTP {status}{f': {words}' if words else ''}); ask for less, or change the settings.",
        zh=f"服务器拒绝了请求（HTTP {status}{f'：{words}' if words else ''}）；请减少内容，或更改设置。",
    )


def not_understood() -> InputError:
    """The sentence for an answer that is not in the agreed form."""
    return InputError(
        en="The server's answer is not understood; the app's settings must name an OpenAI-compatible server, with /v1.",
        zh="无法理解服务器的回答；应用设置中应填写 OpenAI 兼容服务的地址，并包含 /v1。",
    )


def own_words(error: Exception) -> str:
    """What the server itself says in an error's body, in few words; nothing where there is no body."""
    try:
        said = json.loads(error.response.text)  # type: ignore[attr-defined]
    except Exception:
        return ""
    found = said.get("message") or said.get("detail") or said.get("error") if isinstance(said, dict) else ""
    found = found.get("message", "") if isinstance(found, dict) else found
    words = "".join(char if char.isprintable() else " " for char in str(found or ""))
    return words if len(words) <= SAID else words[:SAID] + "…"
