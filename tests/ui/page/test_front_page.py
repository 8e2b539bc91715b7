"""The first answer: its words for those who show links, in the visitor's language, under the visitor's address."""

import re
from html import unescape

import pytest

from aigc_demo.ui.page.front_page import SIZE, UNREAD
from tests.server.conftest import sites  # noqa: F401


def tags(page):
    """The page's og: words."""
    found = re.findall(r'<meta property="og:([\w:]+)" content="([^"]*)">', page)
    assert len(dict(found)) == len(found)  # each once: readers of links take the first, or any
    return {name: unescape(value) for name, value in found}


@pytest.mark.parametrize(("lang", "word"), [("en", "poems"), ("zh-CN", "写诗")])
def test_a_link_is_shown_with_a_picture_and_words(sites, lang, word):  # noqa: F811
    site = sites["local"]
    page = site.send("/", headers={"Accept-Language": lang}).text
    about = tags(page)
    assert "AIGC Demo" in about["title"] and word in about["description"]
    assert about["image"] == f"http://127.0.0.1:{site.port}/preview.jpg"
    picture = site.send("/preview.jpg")
    assert picture.headers["content-type"] == "image/jpeg" and len(picture.body) < 100_000
    assert (int(about["image:width"]), int(about["image:height"])) == SIZE
    assert "gradio-app/gradio" not in page and f'lang="{lang}"' in page


def test_a_proxy_s_name_is_that_of_the_picture(sites):  # noqa: F811
    site = sites["spaces"]
    headers = {"Host": "me-app.hf.space", "X-Forwarded-Host": "me-app.hf.space", "X-Forwarded-Proto": "https"}
    assert tags(site.send("/", headers=headers).text)["image"] == "https://me-app.hf.space/preview.jpg"
    assert "me-app.hf.space" not in site.send("/").text


def test_the_kept_page_is_gradio_s_and_programs_still_read_the_rest(sites):  # noqa: F811
    site = sites["local"]
    first, second = site.send("/").text, site.send("/").text
    assert first == second and not any(f'"{name}"' in first for name in UNREAD)
    assert '"api_info"' in site.send("/config").text


def test_behind_a_login_nothing_is_kept(sites):  # noqa: F811
    site = sites["share"]
    assert '"components":[{' in site.send("/").text
    assert '"components":[{' not in site.send("/", login=False).text
