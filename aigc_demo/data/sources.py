"""Where a data set comes from: the Hugging Face hub, or a package of npm or Debian, by the ordinary client; or the app.

Each function puts what it fetched, unpacked, into an empty folder, or raises an InputError that names the way
out. Nothing fetched is run: `npm pack`, `apt-get download` and `apt-get source --download-only` only download.
"""

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from aigc_demo.core.errors import InputError

MINUTES = 15
ETC_APT = Path("/etc/apt")


def from_hub(name: str, version: str, into: Path) -> None:
    """Parquet files of a data set repository on the hub (or on the mirror that HF_ENDPOINT names)."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot_download(
            name,
            repo_type="dataset",
            revision=version or None,
            allow_patterns="*.parquet",
            local_dir=into,
            etag_timeout=5,
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise InputError(
            en=f"The hub does not give {name} ({type(error).__name__}); check the network or set HF_ENDPOINT.",
            zh=f"无法从 hub 获取 {name}（{type(error).__name__}）；请检查网络或设置 HF_ENDPOINT。",
        ) from error


def from_npm(name: str, version: str, into: Path) -> None:
    """The tarball of an npm package, at exactly this version."""
    _run(["npm", "pack", "--silent", f"{name}@{version}"], into)
    (archive,) = into.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")  # refuses paths that lead out, links and devices
    archive.unlink()


def from_apt(name: str, version: str, into: Path) -> None:
    """The files of Debian packages, one or several with spaces between, without installing them."""
    _run(["apt-get", "download", *(f"{one}={version}" if version else one for one in name.split())], into)
    for archive in into.glob("*.deb"):
        _run(["dpkg-deb", "--extract", archive.name, "."], into)
        archive.unlink()


def from_apt_source(name: str, version: str, into: Path) -> None:
    """The original files of a Debian source package, of this upstream version.

    Most systems list binary packages alone, so the sources of the same mirrors are listed in a folder of our own: no
    rights are needed, the system's lists stay as they are, and apt checks signatures and sums as ever. Debian's own
    changes to the package (.debian.tar) are not needed: where a mirror lacks them it does no harm.
    """
    own = into / ".apt"
    for folder in ("parts", "lists/partial", "cache/archives/partial"):
        (own / folder).mkdir(parents=True)
    list_sources(ETC_APT, own / "parts")
    settings = {
        "Dir::Etc::SourceList": "/dev/null", "Dir::Etc::SourceParts": own / "parts", "Dir::State::Lists": own / "lists",
        "Dir::Cache": own / "cache", "APT::Sandbox::User": "", "Acquire::Languages": "none",
    }  # fmt: skip
    flags = [flag for key, value in settings.items() for flag in ("-o", f"{key}={value}")]
    failed = []
    for verb in (["update"], ["source", "--download-only", name]):
        try:
            _run(["apt-get", *flags, *verb], into)
        except InputError as error:  # a repository without sources, or a mirror without .debian.tar
            failed.append(error)
    archive = next(into.glob(f"{name}_{version}.orig.tar.*"), None)
    if archive is None:
        raise failed[-1] if failed else _no_such_version(name, version)
    with tarfile.open(archive) as tar:
        tar.extractall(into, [member for member in tar if member.isfile()], filter="data")
    archive.unlink()
    shutil.rmtree(own)


def list_sources(etc: Path, parts: Path) -> None:
    """Write to `parts` what apt's folder `etc` lists, in both of its formats, but for source packages."""
    for path in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        text = re.sub(r"^Types:.*$", "Types: deb-src", text, flags=re.MULTILINE | re.IGNORECASE)
        text = re.sub(r"^deb(-src)?(?=\s)", "deb-src", text, flags=re.MULTILINE)
        (parts / path.name).write_text(text, encoding="utf-8")


def _no_such_version(name: str, version: str) -> InputError:
    return InputError(
        en=f"This system's mirrors have another version of {name} than {version}; name a folder that holds the data.",
        zh=f"本系统的镜像中 {name} 的版本不是 {version}；请指定已有数据的文件夹。",
    )


def from_app(name: str, version: str, into: Path) -> None:
    """Nothing to fetch: the card's module makes the data of what comes with the app: code, a model, texts."""


KINDS = {"hub": from_hub, "npm": from_npm, "apt": from_apt, "apt-source": from_apt_source, "app": from_app}


def _run(command: list[str], folder: Path) -> None:
    """Run a client in `folder`; its absence and its failure become sentences."""
    if shutil.which(command[0]) is None:
        raise InputError(
            en=f"{command[0]} is not installed; install it, or unpack the data yourself and name its folder.",
            zh=f"未安装 {command[0]}；请安装它，或自行解压数据并指定其文件夹。",
        )
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60 * MINUTES)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        last = ((getattr(error, "stderr", None) or str(error)).strip().splitlines() or ["no message"])[-1]
        raise InputError(
            en=f"{command[0]} failed ({last}); check the network, or name a folder that holds the data.",
            zh=f"{command[0]} 运行失败（{last}）；请检查网络，或指定已有数据的文件夹。",
        ) from error
