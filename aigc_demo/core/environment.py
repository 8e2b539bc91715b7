"""What must be right around the process before the page is built: proxies, temporary folders, folders to write in."""

import atexit
import os
import shutil
import tempfile
from collections.abc import MutableMapping
from importlib.util import find_spec
from ipaddress import IPv6Address
from pathlib import Path
from urllib.parse import urlsplit

from aigc_demo.core.errors import InputError
from aigc_demo.core.settings import Settings
from aigc_demo.core.words import Text

PROXIES = ("all_proxy", "http_proxy", "https_proxy")
LEFT_OUT = Text(
    "{name} names no proxy that can be used here ({value}) and is left out; set one as http://HOST:PORT.",
    "{name} 不是这里可用的代理（{value}），已忽略；请写成 http://主机:端口。",
)
NO_TEMPORARY = Text(
    "No temporary folder can be written ({why}); name one with TMPDIR, or make room there.",
    "没有可写的临时文件夹（{why}）；请用 TMPDIR 指定一个，或清理其空间。",
)
UNWRITABLE = Text(
    "The folder {path} cannot be written ({why}); name another with --{flag} (AIGC_{variable}), or give this user the"
    " right to it.",
    "无法写入文件夹 {path}（{why}）；请用 --{flag}（AIGC_{variable}）指定其他文件夹，或赋予当前用户权限。",
)


def mend_proxies(environment: MutableMapping[str, str] = os.environ) -> list[Text]:
    """Take away the proxies that Gradio's and the hub's clients would fail on, before they do; what is to be said of it.

    A local page needs none. SOCKS wants the package socksio; "socks://" is what some desktops write for socks5.
    """
    said = []
    for name in (*PROXIES, *map(str.upper, PROXIES)):
        value = environment.get(name, "").strip()
        if not value:
            continue
        if mended := _usable(value):
            environment[name] = mended
        else:
            del environment[name]
            said.append(LEFT_OUT.format(name=name, value=_without_login(value)))
    for name in ("no_proxy", "NO_PROXY"):
        if name in environment:
            kept = (_exception(entry.strip()) for entry in environment[name].split(","))
            environment[name] = ",".join(filter(None, kept))
    return said


def private_folders(settings: Settings, environment: MutableMapping[str, str] = os.environ) -> Settings:
    """Settings whose files for the browser have a folder that this user may write: one's own where another owns the usual.

    Gradio's own temporary folder likewise. An InputError where none can be had, or where the folder was chosen.
    """
    try:
        if why := refusal(Path(environment.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio")):
            environment["GRADIO_TEMP_DIR"] = _own_folder("gradio-")
        if why := refusal(settings.outputs_dir):
            if "outputs_dir" in settings.model_fields_set:
                raise unwritable("outputs_dir", settings.outputs_dir, why)
            return settings.model_copy(update={"outputs_dir": Path(_own_folder("aigc-demo-"))})
    except OSError as error:
        raise InputError.of(NO_TEMPORARY.format(why=error.strerror or str(error))) from error
    return settings


def check_folders(settings: Settings) -> None:
    """An InputError where the page could not write what it makes: runs and data sets."""
    for name in ("runs_dir", "data_dir"):
        if why := refusal(getattr(settings, name)):
            raise unwritable(name, getattr(settings, name), why)


def refusal(folder: Path) -> str:
    """Why a folder cannot be made or written, as the system says; empty where it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def unwritable(setting: str, path: Path, why: str) -> InputError:
    """The folder of a setting cannot be written."""
    facts = {"flag": setting.replace("_", "-"), "variable": setting.upper()}
    return InputError.of(UNWRITABLE.format(path=path, why=why, **facts))


def _own_folder(prefix: str) -> str:
    folder = tempfile.mkdtemp(prefix=prefix)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _usable(proxy: str) -> str:
    """The proxy as the clients read it; empty where they cannot."""
    whole = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(whole)
        known = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return ""
    if known and parts.scheme in ("http", "https"):
        return proxy
    if known and parts.scheme in ("socks", "socks5", "socks5h") and find_spec("socksio"):
        return whole.replace("socks://", "socks5://", 1)
    return ""


def _without_login(proxy: str) -> str:
    """As it may be shown: no password."""
    head, sign, tail = proxy.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}"[:80] if sign else proxy[:80]


def _exception(entry: str) -> str:
    """An entry of no_proxy as the clients read it: a bare IPv6 address, a name, a name with its port; else nothing."""
    bare = entry.strip("[]")
    try:
        return str(IPv6Address(bare))
    except ValueError:
        pass
    name, _, port = entry.rpartition("://")[2].partition(":")
    return entry if name and (not port or port.isdigit()) and "]" not in entry else ""
