"""A hub on loopback that takes Spaces from the real client: creates them, takes large files aside, then a commit.

with SpacesHub() as hub:          # HF_ENDPOINT=hub.url HF_TOKEN=TOKEN
    hub.created                   # what /api/repos/create was asked
    hub.files                     # name -> content of the last commit
    hub.large                     # sha256 -> content that came apart, as files over 10 MB must
"""

import base64
import hashlib
import json
from http.server import BaseHTTPRequestHandler

from tests.loopback import Loopback, Quiet

TOKEN = "hf_write"


class SpacesHub(Loopback):
    """The server and what it was given."""

    def __init__(self):
        super().__init__(Handler)
        self.created, self.files, self.large = [], {}, {}


class Handler(Quiet, BaseHTTPRequestHandler):
    """One call."""

    hub: SpacesHub

    def do_POST(self):
        body = self.body()
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.send({"error": "no"}, 401)
        if self.path.endswith("/repos/create"):
            self.hub.created.append(json.loads(body))
            return self.send({"url": f"{self.hub.url}/spaces/someone/digits", "name": "someone/digits"})
        if "/preupload/" in self.path:
            files = [self.mode(file["path"]) for file in json.loads(body)["files"]]
            return self.send({"files": files})
        if self.path.endswith("/info/lfs/objects/batch"):
            return self.send(
                {"transfer": "basic", "objects": [self.place(o) for o in json.loads(body)["objects"]]}
            )
        if "/commit/" in self.path:
            self.commit(body)
            return self.send(
                {"commitUrl": f"{self.hub.url}/spaces/someone/digits/commit/1", "commitOid": "1" * 40}
            )
        return self.send({"errors": [], "warnings": []})  # validate-yaml

    def do_PUT(self):
        content = self.body()
        self.hub.large[hashlib.sha256(content).hexdigest()] = content
        self.send({})

    def do_GET(self):
        self.send({"id": "someone/digits", "sha": "0" * 40, "siblings": []})

    @staticmethod
    def mode(path):
        """Weights go apart, as the hub decides by its .gitattributes."""
        return {
            "path": path,
            "uploadMode": "lfs" if path.endswith(".safetensors") else "regular",
            "shouldIgnore": False,
        }

    def place(self, wanted):
        """Where the content of one large file is to be put."""
        return {**wanted, "actions": {"upload": {"href": f"{self.hub.url}/large", "header": {}}}}

    def commit(self, body):
        """Lines of JSON: a header, small files with their content, large ones with their hash."""
        for line in map(json.loads, body.decode().splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.hub.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.hub.files[value["path"]] = self.hub.large[value["oid"]]

    def body(self):
        """All that was sent, whole or in chunks."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send(self, answer, status=200):
        """JSON."""
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
