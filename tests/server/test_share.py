"""`python app.py --mode share` where no link can be made: what is said, and what the local page asks for."""

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from aigc_demo.core.settings import ROOT
from aigc_demo.server.link import NO_LINK, TRYING
from tests.server.conftest import Site

LOGIN = re.compile(r"^Login / 登录: guest, (\S+)$", re.MULTILINE)


@contextmanager
def sharing(own):
    """The app in share mode behind a proxy that leads nowhere; its log and its port."""
    environment = os.environ | {
        "HTTPS_PROXY": "http://127.0.0.1:9",  # port 9 discards, and nobody listens there
        "HTTP_PROXY": "http://127.0.0.1:9",
        "GRADIO_TEMP_DIR": str(own / "gradio"),
        "AIGC_OUTPUTS_DIR": str(own / "outputs"),
        "AIGC_RUNS_DIR": str(own / "runs"),
        "AIGC_DATA_DIR": str(own / "data"),
    }
    log = own / "log.txt"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "--mode", "share"],
            cwd=own,
            env=environment,
            stdout=file,
            stderr=file,
        )
    try:
        until = time.monotonic() + 120
        while NO_LINK.en not in log.read_text("utf-8"):
            assert process.poll() is None and time.monotonic() < until, log.read_text("utf-8")
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=0.2)
        yield log.read_text("utf-8"), process
    finally:
        process.kill()
        process.wait()


@pytest.mark.server
def test_no_network_is_told_and_the_page_goes_on_behind_its_login(tmp_path):
    with sharing(tmp_path) as (log, process):
        password = LOGIN.search(log)[1]
        assert len(password) >= 16
        assert log.index(TRYING.en) < log.index("Running on local URL") < log.index(NO_LINK.zh)
        assert "Traceback" not in log
        site = Site("share", int(re.search(r"127\.0\.0\.1:(\d+)", log)[1]))
        assert process.poll() is None
        assert site.send("/config").status == 401
        assert [site.log_in(f"guess {i}").status for i in range(11)] == [400] * 10 + [429]
        friend = {"X-Forwarded-For": "198.41.0.6"}
        site.cookie = site.log_in(password, headers=friend).headers["set-cookie"].split(";")[0]
        assert site.send("/config").status == 200
