"""A sweep of six real runs, pressed in a browser: it goes on through a reload, ends in a choice and a test, and becomes a file."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

PATIENCE = 900_000  # ms: six trainings on a busy machine

pytestmark = pytest.mark.slow


def test_six_runs_from_one_press_to_the_table_in_a_file(open_page, serving, tmp_path):
    with serving(tmp_path) as url:
        page = open_page("en")
        page.goto(f"{url}#train")
        page.locator("#sweep-lesson > button").click()
        page.locator("#sweep-task-learning-rate").click()
        expect(page.locator("#sweep-table tbody tr")).to_have_count(6)
        expect(page.locator("#sweep-head .badge")).to_have_text("running")
        page.reload()
        expect(page.locator("#sweep-head b")).to_have_text("learning-rate")
        expect(page.locator("#sweep-head .badge")).to_have_text("done", timeout=PATIENCE)
        expect(page.locator("#sweep-plot .cell")).to_have_count(6)
        expect(page.locator("#sweep-plot .best")).to_have_count(1)
        expect(page.locator("#sweep-result")).to_contain_text("on the half that did not")
        with page.expect_download() as caught:
            page.locator("#sweep-save-csv").click()
        lines = Path(caught.value.path()).read_text("utf-8").splitlines()
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
        assert len(rows) == 6 and sum(row["best"] == "True" for row in rows) == 1
        best = next(row for row in rows if row["best"] == "True")
        assert float(best["bits_per_character"]) == min(float(row["bits_per_character"]) for row in rows)
        page.locator("#sweep-use").click()
        expect(page.locator("#train-head b")).to_have_text(best["run"])
        page.locator("#sweep-take").click()
        page.locator("#train-more > button").click()
        expect(page.locator("#train-learning-rate input")).to_have_value(str(float(best["learning_rate"])))
