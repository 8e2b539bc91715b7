"""A hub on loopback: serves folders as model repositories to the real client, and goes wrong when a test asks it to.

    with HubServer() as hub:
        repo = hub.add("someone/llama", folder)      # HF_ENDPOINT=hub.url
        hub.rate = 100_000                           # bytes a second of content, from now on
        hub.drops = [5_000, 0]                       # the next two large contents break off after so many bytes
        hub.status = 503                             # what every call answers with; 0: as it should
        hub.troubles = 2                             # how many calls are answered with 503
        hub.page = b"<html>"                         # what every call answers with, as a hotel's network does
        hub.ranges = False                           # content comes whole, whatever range was asked for
        repo.gated = True                            # content only with a token; repo.wrong = {"model.safetensors"}
        hub.requests                                 # (method, path, range, token) of every call

Large files (safetensors) are stored as the hub does it: the name redirects to another host (localhost instead of
127.0.0.1), which must not be told the token.
"""

import hashlib
import json
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from tests.loopback import Loopback, Quiet

TOKEN = "hf_test"
BLOCK = 4096


@dataclass
class Repo:
    """A folder as a repository with one commit."""

    id: str
    folder: Path
    licence: str = "apache-2.0"
    gated: bool = False
    downloads: int = 1
    wrong: set = field(default_factory=set)  # files that arrive with other bytes than promised
    extra: dict = field(default_factory=dict)  # further files, name -> bytes
    told: dict = field(default_factory=dict)  # what its description says instead of the truth

    def files(self):
        """Content by name."""
        paths = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        here = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}
        return {**here, **self.extra}

    @property
    def sha(self):
        """The commit: a hash of all there is."""
        digest = hashlib.sha1()
        for name, content in self.files().items():
            digest.update(name.encode() + content)
        return digest.hexdigest()

    def sibling(self, name, content):
        """A file as `model_info(files_metadata=True)` has it."""
        blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
        entry = {"rfilename": name, "size": len(content), "blobId": blob}
        if is_large(name):
            lfs = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
            entry |= {"lfs": lfs}
        return entry

    def info(self):
        """What /api/models/<id> answers."""
        files = self.files()
        config = {}
        if "model_index.json" in files:
            config = {"diffusers": {"_class_name": json.loads(files["model_index.json"])["_class_name"]}}
        elif "config.json" in files:
            found = json.loads(files["config.json"])
            names = found.get("architectures")
            config = {"architectures": names} if names else {"diffusers": found}
        return {
            "id": self.id,
            "sha": self.sha,
            "gated": "auto" if self.gated else False,
            "downloads": self.downloads,
            "tags": [f"license:{self.licence}"],
            "cardData": {"license": self.licence},
            "config": config,
            "siblings": [self.sibling(name, content) for name, content in files.items()],
            **self.told,
        }


def is_large(name):
    """Whether a file is stored with git LFS."""
    return name.endswith((".safetensors", ".bin", ".ckpt"))


class HubServer(Loopback):
    """The server and its faults."""

    def __init__(self):
        super().__init__(Handler)
        self.repos = {}
        self.requests = []
        self.rate, self.drops, self.status, self.silent = 0, [], 0, 0.0
        self.troubles, self.ranges, self.page = 0, True, b""

    def add(self, model_id, folder, **options):
        """Serve a folder."""
        self.repos[model_id] = Repo(model_id, folder, **options)
        return self.repos[model_id]

    def contents(self):
        """The calls that asked for content: (path, range, token)."""
        return [call[1:] for call in self.requests if call[0] == "GET" and "/api/" not in call[1]]


class Handler(Quiet, BaseHTTPRequestHandler):
    """One call."""

    hub: HubServer

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        """Find what is asked for."""
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), parse_qs(parts.query)
        authorised = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        self.hub.requests.append((self.command, path, self.headers.get("Range"), authorised))
        time.sleep(self.hub.silent)
        self.hub.troubles -= 1
        if self.hub.status or self.hub.troubles >= 0:
            return self.refuse(self.hub.status or 503)
        if self.hub.page:
            return self.send(self.hub.page)
        if path == "/api/models":
            return self.search(query)
        if path.startswith("/api/models/"):
            return self.describe(path.removeprefix("/api/models/").split("/revision/"))
        if path.startswith("/cdn/"):
            model_id, name = path.removeprefix("/cdn/").split(":", 1)
            return self.content(self.hub.repos[model_id], name)
        model_id, _, rest = path.removeprefix("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        return self.resolve(model_id, revision, name, authorised)

    def search(self, query):
        """Models whose names have the words, most downloaded first."""
        words = query.get("search", [""])[0].lower().split()
        hits = [repo for repo in self.hub.repos.values() if all(word in repo.id.lower() for word in words)]
        hits.sort(key=lambda repo: -repo.downloads)
        lines = [{**repo.info(), "siblings": None} for repo in hits]
        self.send(json.dumps(lines[: int(query.get("limit", ["100"])[0])]).encode())

    def describe(self, asked):
        """One model, at any revision: there is one."""
        repo = self.hub.repos.get(asked[0])
        if repo is None:
            return self.refuse(401, "RepoNotFound")  # the hub does not tell whether a private one is there
        return self.send(json.dumps(repo.info()).encode())

    def resolve(self, model_id, revision, name, authorised):
        """A file by its name: its hash and commit in headers; large ones lie elsewhere."""
        repo = self.hub.repos.get(model_id)
        if repo is None:
            return self.refuse(401, "RepoNotFound")
        if repo.gated and not authorised:
            return self.refuse(401, "GatedRepo")
        files = repo.files()
        if name not in files or revision != repo.sha:
            return self.refuse(404, "EntryNotFound")
        entry = repo.sibling(name, files[name])
        if not is_large(name):
            return self.content(repo, name, entry["blobId"])
        port = self.hub.server.server_port
        return self.send(
            b"",
            302,
            **{
                "Location": f"http://localhost:{port}/cdn/{model_id}:{name}",
                "X-Repo-Commit": repo.sha,
                "X-Linked-Etag": f'"{entry["lfs"]["sha256"]}"',
                "X-Linked-Size": str(entry["size"]),
            },
        )

    def content(self, repo, name, etag=""):
        """Bytes, from where the range begins, as slowly and as incompletely as the test wants them."""
        whole = repo.files()[name]
        if name in repo.wrong:
            whole = whole[:-1] + bytes([whole[-1] ^ 1])
        asked = self.headers.get("Range") if self.hub.ranges else None
        start = int((asked or "bytes=0-")[6:].split("-")[0])
        if start >= len(whole) > 0:
            return self.refuse(416)
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": repo.sha, "Accept-Ranges": "bytes"}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        most = self.hub.drops.pop(0) if is_large(name) and self.hub.drops else len(whole)
        status = 206 if asked else 200
        return self.send(whole[start:], status, most, **headers)

    def refuse(self, status, code=""):
        """An error as the hub words it."""
        return self.send(b"{}", status, **({"X-Error-Code": code} if code else {}))

    def send(self, body, status=200, most=None, **headers):
        """Write the answer; `most` bytes of a file's content, at the hub's rate."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        throttled, most = most is not None and self.hub.rate, len(body) if most is None else most
        try:
            for first in range(0, min(most, len(body)), BLOCK):
                self.wfile.write(body[first : min(first + BLOCK, most)])
                if throttled:
                    self.wfile.flush()
                    time.sleep(BLOCK / self.hub.rate)
        except (BrokenPipeError, ConnectionResetError):  # who asked has gone
            self.close_connection = True
        if most < len(body):
            self.close_connection = True
