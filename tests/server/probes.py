"""What somebody hostile sends, as a table: the request, and the answers that count as held, by mode.

In share mode each is sent by a guest who has logged in, unless it says otherwise: a probe that the login alone stops
shows little. `absent` are words that must not come back.
"""

from dataclasses import dataclass, field

from aigc_demo.core.settings import ROOT

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=probe-boundary"}
EVIL = "http://evil.example"
JOIN, UPLOAD, FILE = "/gradio_api/queue/join", "/gradio_api/upload", "/gradio_api/file="
ONE_FILE = b'--probe-boundary\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\na\r\n--probe-boundary--\r\n'
EVERYWHERE = ("local", "share", "spaces")
SECRETS = ("root:", "Traceback", str(ROOT), "import ")


@dataclass(frozen=True)
class Probe:
    """One request; `held` are the statuses that are right (0: the server hangs up), `only` and `elsewhere` where the modes differ."""

    name: str
    path: str
    held: tuple[int, ...]
    method: str = "GET"
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    login: bool = True
    chunked: bool = False
    absent: tuple[str, ...] = SECRETS
    modes: tuple[str, ...] = EVERYWHERE


def get(name, path, *held, **more):
    """A GET."""
    return Probe(name, path, held, **more)


def post(name, path, *held, headers=JSON, body=b"{}", **more):
    """A POST."""
    return Probe(name, path, held, "POST", headers, body, **more)


def with_header(name, value, *held, path="/gradio_api/app_id", **more):
    """A GET of something ordinary with one header that is not."""
    return Probe(f"{name}: {value}", path, held, headers={name: value}, absent=(), **more)


FILES = [
    get(f"file {path}", FILE + path, 403, 404, absent=("root:", "Traceback", "import ", "[core]"))
    for path in (
        "/etc/passwd",
        "../../../../etc/passwd",
        "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5c..%5cetc%5cpasswd",
        "/proc/self/environ",
        "/proc/self/cwd/app.py",
        "/dev/zero",
        "app.py",
        "./app.py",
        f"{ROOT}/app.py",
        f"{ROOT}/.git/config",
        f"{ROOT}/weights/gan-digits/model.safetensors",
        "~/.bashrc",
        "/root/.cache/huggingface/token",
        "C:/Windows/win.ini",
        "%5c%5cevil.example%5cshare%5cx",
        "file:///etc/passwd",
        "",
        "/",
        "%00",
        "/etc/passwd%00.png",
    )
]
FOLDERS = [
    get(path, path, 307, 400, 403, 404, 405)
    for path in (
        "/static/../../../routes.py",
        "/static/%2e%2e/%2e%2e/routes.py",
        "/assets/..%2f..%2f..%2froutes.py",
        "/assets//etc/passwd",
        "/svelte/../../routes.py",
        "/svelte//etc/passwd",
        "/pwa_icon/../../etc/passwd",
        "/gradio_api/file//etc/passwd",
        "/gradio_api/custom_component/1/server/component/../../../etc/passwd",
        "/file=/etc/passwd",
        "/gradio_api//file=/etc/passwd",
    )
]
FETCHES = [
    get(f"fetch {address}", FILE + address, 403)
    for address in (
        "http://127.0.0.1:22/",
        "http://localhost/",
        "http://[::1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://example.com/large.bin",
        "HTTP://example.com/",
        "%68ttp://example.com/",
        "http:example.com",
        "//example.com/x",
        "ftp://example.com/x",
        "%20https://example.com/",
    )
]
FETCHES += [
    get("proxy to a host", "/gradio_api/proxy=https://example.com/", 403, 404),
    get("proxy to a Space", "/gradio_api/proxy=https://evil.hf.space/", 403, 404),
    get("an open redirect of old", "/file=https://evil.example/", 403, 404),
]
HOSTS = [
    with_header("Host", value, 400)
    for value in (
        "evil.example",
        "evil.example:7860",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "evilgradio.live",
        "x.gradio.live.evil.example",
        "evilhf.space",
        "localhost@evil.example",
        "",
    )
]
HOSTS += [
    Probe("no Host at all", "/config", (400,), headers={"Host": None}),
    with_header("X-Forwarded-Host", "evil.example", 400),
    with_header("X-Forwarded-Host", "localhost, evil.example", 400),
    with_header("Host", "abc.gradio.live", 200, modes=("share",)),
    with_header("Host", "abc.gradio.live", 400, modes=("local", "spaces")),
    with_header("Host", "me-app.hf.space", 200, modes=("spaces",)),
    with_header("Host", "me-app.hf.space", 400, modes=("local", "share")),
    with_header("Host", "10.0.0.7:7860", 400, modes=("local", "share")),
    with_header("Host", "10.0.0.7:7860", 200, modes=("spaces",)),  # a probe of the platform
    with_header("Host", "localhost:7860", 200),
    with_header("Host", "[::1]:7860", 200),
]
ORIGINS = [
    Probe(f"{what} for {origin}", path, (403,), "POST", {**kind, "Origin": origin}, body)
    for origin in (EVIL, "null", "http://localhost:3000", "https://127.0.0.1:1", "file://")
    for what, path, kind, body in (
        ("upload", UPLOAD, FORM, ONE_FILE),
        ("a call", JOIN, JSON, b'{"data": [], "fn_index": 0, "session_hash": "x"}'),
    )
]
ORIGINS += [
    post("log in for another site", "/login", 403, headers={"Origin": EVIL}, body=b"username=a&password=b"),
    with_header("Origin", EVIL, 403),
    with_header("Origin", "http://localhost:3000", 403),
    with_header("Sec-Fetch-Site", "cross-site", 403, path="/gradio_api/info"),
    with_header("Sec-Fetch-Site", "same-site", 403, path="/gradio_api/info"),
    with_header("Sec-Fetch-Site", "same-origin", 200, path="/gradio_api/info"),
    Probe(
        "a picture tag elsewhere logs out",
        "/logout",
        (403,),
        headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ),
    Probe(
        "a link that is followed",
        "/",
        (200,),
        headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        absent=(),
    ),
    post(
        "a form as plain text",
        JOIN,
        415,
        422,
        headers={"Content-Type": "text/plain"},
        body=b'{"data": [], "fn_index": 0}',
    ),
    Probe(
        "a preflight",
        JOIN,
        (400, 403, 405, 200),
        "OPTIONS",
        {"Origin": EVIL, "Access-Control-Request-Method": "POST"},
        absent=(EVIL,),
    ),
]
DOORS = [
    get(path, path, 404)
    for path in (
        "/monitoring",
        "/monitoring/summary",
        "/monitoring/x",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/gradio_api/runs",
        "/gradio_api/run-history/buckets",
        "/gradio_api/run-history/records",
        "/gradio_api/deep_link?session_hash=x",
        "/gradio_api/stream/x/y/1/playlist.m3u8",
        "/gradio_api/dev/reload",
        "/gradio_api/profiling/summary",
        "/gradio_api/vibe-code",
        "/gradio_api/mcp",
        "/gradio_api/mcp/sse",
    )
]
DOORS += [
    post(path, path, 404)
    for path in (
        "/gradio_api/component_server",
        "/gradio_api/stream/x",
        "/gradio_api/process_recording",
        "/gradio_api/vibe-edit",
        "/gradio_api/undo-vibe-edit",
        "/gradio_api/run-history/connect",
    )
]
DOORS += [
    post("past the queue", "/gradio_api/run/generate_image", 404, body=b'{"data": []}'),
    post("past the queue, old name", "/gradio_api/api/generate_image", 404, body=b'{"data": []}'),
    *(Probe(f"{method} /", "/", (405,), method) for method in ("PUT", "DELETE", "PATCH", "TRACE")),
    Probe(
        "a web socket",
        JOIN,
        (400, 403, 404, 405),
        headers={
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        },
    ),
]
BODIES = [
    post("9 MB of JSON", JOIN, 413, body=b'{"data": ["' + b"a" * 9_000_000 + b'"]}'),
    post(
        "9 MB of JSON without a length",
        JOIN,
        400,
        413,
        body=b'{"data": ["' + b"a" * 9_000_000 + b'"]}',
        chunked=True,
    ),
    post("JSON that is none", JOIN, 400, 422, body=b"{"),
    post("deep JSON", JOIN, 400, 422, body=b"[" * 100_000),
    post("a function that is none", JOIN, 400, 404, 422, 500, body=b'{"data": [], "fn_index": 99999}'),
    post("an endpoint that is none", "/gradio_api/call/nothing", 404, body=b'{"data": []}'),
    post("an endpoint that is none, run at once", "/gradio_api/run/nothing", 404, body=b'{"data": []}'),
    post("no fields", JOIN, 400, 404, 422, 500, body=b"{}"),
    post("an upload that is no form", UPLOAD, 400, 422, body=b"x"),
    post("a form without a boundary", UPLOAD, 400, 422, headers={"Content-Type": "multipart/form-data"}, body=b"x"),
    get("a stream of nobody", "/gradio_api/queue/data?session_hash=nobody", 200, 404, absent=SECRETS),
    get("progress of nobody", "/gradio_api/upload_progress?upload_id=nobody", 404, 500),
    get("an event of nobody", "/gradio_api/call/generate_image/nobody", 200, 404, 500),
]  # fmt: skip
ODD = [
    get("a name of 5000 letters", FILE + "/tmp/" + "a" * 5000, 403, 404, 414),
    get("a theme of 5000 letters", "/static/" + "a" * 5000, 403, 404, 414),
    get("half a character", FILE + "%ff%fe", 400, 403, 404),
    get("a path of 60 KB", "/" + "a" * 60_000, 0, 400, 404, 414),
    with_header("Cookie", "=;;=a; \xff; aigc=\x01", 200, 401),
    with_header("Cookie", "a=" + "b" * 10_000, 200, 401),
    with_header("X-Big", "b" * 200_000, 0, 400, 413, 431),
    with_header("Accept-Language", "zz-" + "9" * 5000, 200),
    with_header("Range", "bytes=" + ",".join(f"{i}-{i + 1}" for i in range(0, 4000, 2)), 200, 206, 416, path="/theme.css"),
    with_header("Range", "bytes=-9999999999999999999999", 200, 206, 416, path="/favicon.ico"),
    with_header("Content-Length", "-5", 400),
    with_header("Content-Length", "1, 2", 400),
    with_header("Transfer-Encoding", "xchunked", 400, 501),
    with_header("X-Forwarded-For", "a" * 5000, 200),
    with_header("X-Forwarded-Proto", "javascript", 200),
    get("a session with a path for a name", "/gradio_api/heartbeat/..%2f..%2fetc", 404),
    post("a session of 100 KB", JOIN, 400, 403, 404, 422, 500, 503, body=b'{"data": [], "fn_index": -1, "session_hash": "' + b"a" * 100_000 + b'"}'),
    post("a file of the server as an upload", "/gradio_api/run/verify", 404, 422,
         body=b'{"data": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}]}'),
]  # fmt: skip
PAGES = [
    get("a script in the theme", "/?__theme=<script>alert(1)</script>", 200, absent=("<script>alert(1)",)),
    get("a script in the language", "/?lang=<script>alert(1)</script>", 200, absent=("<script>alert(1)",)),
    get("a script in the view", "/?view=%22%3E%3Cscript%3Ealert(1)", 200, absent=("><script>alert(1)",)),
    get("a new line in the path", "/%0d%0aX-Evil:%20yes", 404),
    get("a path to another host", "//evil.example/..", 404, 307, absent=("http://evil",)),
    get("the server's folders", "/config", 200, absent=(str(ROOT), "/tmp/", "/root/", "/home/")),
]
CLOSED_WITHOUT_LOGIN = [
    Probe(f"without login: {path}", path, (401,), method, kind, body, login=False, modes=("share",))
    for method, path, kind, body in (
        ("GET", "/config", {}, b""),
        ("GET", "/gradio_api/info", {}, b""),
        ("GET", "/gradio_api/openapi.json", {}, b""),
        ("GET", "/gradio_api/queue/status", {}, b""),
        ("GET", "/gradio_api/queue/data?session_hash=x", {}, b""),
        ("GET", FILE + "/etc/passwd", {}, b""),
        ("GET", "/gradio_api/upload_progress?upload_id=x", {}, b""),
        ("GET", "/gradio_api/call/generate_image/x", {}, b""),
        ("POST", "/gradio_api/call/generate_image", JSON, b'{"data": []}'),
        ("POST", "/gradio_api/run/generate_image", JSON, b'{"data": []}'),
        ("POST", JOIN, JSON, b'{"data": [], "fn_index": 0, "session_hash": "x"}'),
        ("POST", UPLOAD, FORM, ONE_FILE),
    )
]
CLOSED_WITHOUT_LOGIN += [
    get("without login: the page", "/", 200, login=False, absent=('"dependencies":[{',), modes=("share",)),
    Probe("a login of one's own making", "/config", (401,), headers={"Cookie": "access-token-unsecure-x=guest"}, modes=("share",)),
]  # fmt: skip
PROBES = [
    *FILES, *FOLDERS, *FETCHES, *HOSTS, *ORIGINS, *DOORS, *BODIES, *ODD, *PAGES, *CLOSED_WITHOUT_LOGIN,
]  # fmt: skip
