"""The layers by themselves: names, clients, budgets, bodies cut off in the middle."""

import pytest

from aigc_demo.core.settings import Settings
from aigc_demo.server import layers, link
from aigc_demo.server.checks import HostCheck, OriginCheck, known_names
from aigc_demo.server.headers import security_headers
from aigc_demo.server.limits import (
    CLIENTS,
    GUESSES,
    LEAST,
    LIMIT,
    BodyLimit,
    Budget,
    LoginThrottle,
    UploadQuota,
    client_of,
)
from tests.loops import complete


def request(path="/", method="GET", client="127.0.0.1", **headers):
    """An ASGI scope; an underscore in a header's name is a dash."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": path, "client": (client, 1), "headers": named}


def serve(layer, scope, *chunks):
    """The status, and the chunks that reached the app behind the layer."""
    sent = []
    waiting = [
        *({"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks),
        {"type": "http.request", "body": b"", "more_body": False},
    ]

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    complete(layer(scope, receive, send))
    return sent[0]["status"]


def app_of(status=200):
    """An app that reads all that comes and answers `status`, and a list of what it read."""
    read = []

    async def app(scope, receive, send):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RuntimeError("the client has left")
            read.append(len(message["body"]))
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app, read


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self):
        return self.now


def test_a_budget_empties_evenly_and_a_refused_spending_takes_nothing():
    clock = Clock()
    budget = Budget(10, 60, clock)
    assert budget.spend("a", 10) and not budget.spend("a", 1)
    assert budget.spend("b", 1)  # another client has its own
    clock.now = 30
    assert budget.room("a") == pytest.approx(5) and not budget.spend("a", 6) and budget.spend("a", 5)
    assert budget.spend("a", -1) and budget.room("a") == pytest.approx(1)
    clock.now = 1000
    assert budget.room("a") == 10


def test_a_budget_remembers_so_many_clients_and_no_more():
    budget = Budget(1, 60, Clock())
    for number in range(CLIENTS + 100):
        budget.spend(str(number), 1)
    assert len(budget._levels) == CLIENTS
    assert budget.room(str(CLIENTS + 99)) == 0 and budget.room("0") == 1


@pytest.mark.parametrize(
    ("forwarded", "behind_proxy", "client"),
    [
        ("8.8.8.8", False, "127.0.0.1"),  # nobody's word but the connection's
        ("", True, "127.0.0.1"),
        ("8.8.8.8", True, "8.8.8.8"),
        ("1.1.1.1, 8.8.8.8", True, "8.8.8.8"),  # what stands left of it anyone may have written
        ("1.1.1.1, 8.8.8.8, 10.0.0.1, 192.168.0.1", True, "8.8.8.8"),
        ("nonsense, <script>", True, "127.0.0.1"),
        ("2606:4700:1:2:3:4:5:6", True, "2606:4700:1:2::/64"),
        ("2606:4700:1:2:ffff::1", True, "2606:4700:1:2::/64"),
        ("::ffff:8.8.8.8", True, "8.8.8.8"),
    ],
)
def test_who_asks(forwarded, behind_proxy, client):
    assert client_of(request(x_forwarded_for=forwarded), behind_proxy) == client


@pytest.mark.parametrize(
    ("settings", "environment", "host", "passes"),
    [
        ({}, {}, "localhost:7860", True),
        ({}, {}, "LOCALHOST.:7860", True),
        ({}, {}, "192.168.1.5:7860", False),
        ({}, {"GRADIO_SERVER_NAME": "0.0.0.0"}, "192.168.1.5:7860", True),  # listens there, and is no name
        ({}, {"GRADIO_SERVER_NAME": "0.0.0.0"}, "lab.example.org", False),
        ({}, {"GRADIO_SERVER_NAME": "lab.example.org"}, "lab.example.org:7860", True),
        ({"hosts": "lab.example.org, *.example.net"}, {}, "lab.example.org", True),
        ({"hosts": "lab.example.org, *.example.net"}, {}, "a.example.net", True),
        ({"hosts": "lab.example.org, *.example.net"}, {}, "example.net", False),
        ({"mode": "spaces"}, {"SPACE_HOST": "demo.example.com"}, "demo.example.com", True),
        ({"mode": "local"}, {"SPACE_HOST": "demo.example.com"}, "demo.example.com", False),
    ],
)
def test_names_that_a_person_or_a_space_gives(settings, environment, host, passes):
    check = layers(Settings(**settings), environment)[1]
    assert check[0] is HostCheck
    assert (check[0](None, **check[2]).refusal(request(host=host)) is None) == passes


def test_an_origin_is_ours_under_a_proxy_that_hides_it():
    names = known_names(Settings(mode="spaces"), {"SPACE_HOST": "me-app.hf.space"})
    check = OriginCheck(None, names)
    asked = {"host": "10.0.0.1", "origin": "https://me-app.hf.space"}
    assert check.refusal(request(**asked)) is None
    assert check.refusal(request(**asked | {"origin": "https://other.hf.space"}))
    assert check.refusal(request(host="localhost:7860", origin="http://localhost:3000"))


def test_a_body_is_cut_off_where_it_gets_too_large():
    app, read = app_of()
    chunks = [bytes(LIMIT // 2)] * 3
    assert serve(BodyLimit(app), request("/x", "POST"), *chunks) == 413
    assert sum(read) == LIMIT
    assert serve(BodyLimit(app), request("/x", "POST", content_length=str(LIMIT + 1))) == 413
    assert serve(BodyLimit(app), request("/x", "POST", content_length="9" * 5000)) == 413
    assert serve(BodyLimit(app), request("/gradio_api/upload", "POST"), *chunks) == 200


def test_uploads_count_for_their_client_even_when_they_are_empty():
    app, _ = app_of()
    quota = UploadQuota(app, mb_per_hour=1, behind_proxy=True)
    a, b = (request("/gradio_api/upload", "POST", x_forwarded_for=f"8.8.8.{i}") for i in (1, 2))
    assert serve(quota, a, bytes(2**19)) == 200
    assert serve(quota, a, bytes(2**18), bytes(2**18), b"one too many") == 429
    assert serve(quota, b, bytes(2**19)) == 200
    assert serve(quota, request("/other", "POST", x_forwarded_for="8.8.8.1"), bytes(2**20)) == 200
    statuses = [
        serve(quota, request("/gradio_api/upload", "POST", x_forwarded_for="8.8.8.3"))
        for _ in range(2**20 // LEAST + 1)
    ]
    assert statuses == [200] * (2**20 // LEAST) + [429]


def test_right_passwords_do_not_count_so_that_a_class_can_log_in_at_once():
    right = LoginThrottle(app_of(200)[0], behind_proxy=False)
    assert {serve(right, request("/login", "POST")) for _ in range(30)} == {200}
    wrong = LoginThrottle(app_of(400)[0], behind_proxy=False)
    assert [serve(wrong, request("/login/", "POST")) for _ in range(GUESSES + 1)] == [400] * GUESSES + [429]


def test_a_frame_is_for_hugging_face_alone():
    assert "frame-ancestors 'none'" in security_headers(None)["content-security-policy"]
    framed = security_headers("https://huggingface.co")
    assert "frame-ancestors 'self' https://huggingface.co" in framed["content-security-policy"]
    assert "x-frame-options" not in framed


@pytest.mark.parametrize(
    ("mode", "bound", "url", "told"),
    [
        ("share", "127.0.0.1", None, link.NO_LINK),
        ("share", "127.0.0.1", "https://abc.gradio.live", None),
        ("local", "127.0.0.1", None, None),
        ("local", "::1", None, None),
        ("local", "0.0.0.0", None, link.OPEN),
        ("spaces", "0.0.0.0", None, None),
    ],
)
def test_what_the_owner_is_told(mode, bound, url, told, capsys):
    link.tell(Settings(mode=mode), url, {"GRADIO_SERVER_NAME": bound})
    assert capsys.readouterr().out == (f"{told.en}\n{told.zh}\n" if told else "")
