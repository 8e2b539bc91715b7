"""The handbook over HTTP: every page of it, and nothing else of the disk."""

import pytest

from aigc_demo.server.link import HANDBOOK
from aigc_demo.ui.page.language import Words

PAGES = sorted(path.name for path in HANDBOOK.glob("*.md"))
HOSTILE = (
    "/docs/",
    "/docs/__init__.py",
    "/docs/nothing.md",
    "/docs/TABS.md",
    "/docs/tabs",
    "/docs/tabs.md/",
    "/docs/tabs.md%00",
    "/docs//tabs.md",
    "/docs/./tabs.md",
    "/docs/../README.md",
    "/docs/../../README.md",
    "/docs/%2e%2e/%2e%2e/README.md",
    "/docs/..%2f..%2fREADME.md",
    "/docs/%252e%252e/README.md",
    "/docs/..%5c..%5cREADME.md",
    "/docs//etc/passwd",
    "/docs/%2fetc%2fpasswd",
    f"/docs/{HANDBOOK}/tabs.md",
    "/docs/../families/gan/lesson.en.md",
    "/docs/" + "a" * 300 + ".md",
)


def test_every_page_is_served_as_plain_text(site):
    for name in PAGES:
        reply = site.send(f"/docs/{name}", login=False)
        assert reply.status == 200 and reply.body == (HANDBOOK / name).read_bytes(), name
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        assert reply.headers["x-content-type-options"] == "nosniff"
    assert site.send("/API.md", login=False).body == (HANDBOOK / "api.md").read_bytes()


def test_a_head_has_no_body_and_other_methods_are_not_answered(site):
    head = site.send("/docs/tabs.md", "HEAD")
    assert head.status == 200 and not head.body
    assert int(head.headers["content-length"]) == (HANDBOOK / "tabs.md").stat().st_size
    assert {site.send("/docs/tabs.md", method).status for method in ("POST", "PUT", "DELETE")} <= {404, 405}


@pytest.mark.parametrize("path", HOSTILE)
def test_no_other_file_is_served(site, path):
    reply = site.send(path)
    assert reply.status in (400, 403, 404), reply.text[:200]
    assert "root:" not in reply.text and "#" not in reply.text


def test_the_foot_of_the_page_names_every_page_in_both_languages():
    for table in Words().tables.values():
        linked = [key.removeprefix("handbook.") for key in table if key.startswith("handbook.")]
        assert sorted(f"{name}.md" for name in [*linked, "api"]) == PAGES  # api.md has a line of its own
