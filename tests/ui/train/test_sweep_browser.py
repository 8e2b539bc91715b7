"""A sweep of six real runs, pressed in a browser: it goes on through a reload, ends in a choice and a test, and becomes a file."""

import csv

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import unfold, visits

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PATIENCE = 1_800_000  # ms: six trainings on a busy machine


def test_six_runs_from_one_press_to_the_table_in_a_file(serving, browser, tmp_path):
    with serving(tmp_path, AIGC_OFFLINE="1") as url, visits(url, browser) as visit:
        visitor = visit()
        page = visitor.page
        visitor.tab("train")
        unfold(page, "sweep-lesson")
        page.click("#sweep-task-learning-rate")
        expect(page.locator("#sweep-table tbody tr")).to_have_count(6)
        page.reload()
        expect(page.locator("#sweep-head b")).to_have_text("learning-rate")
        expect(page.locator("#sweep-head .badge")).to_have_text("done", timeout=PATIENCE)
        expect(page.locator("#sweep-plot .cell")).to_have_count(6)
        expect(page.locator("#sweep-plot .best")).to_have_count(1)
        expect(page.locator("#sweep-result")).to_contain_text("on the half that did not")
        lines = visitor.save("#sweep-save-csv", tmp_path).read_text("utf-8").splitlines()
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
        assert len(rows) == 6
        [best] = [row for row in rows if row["best"] == "True"]
        assert float(best["bits_per_character"]) == min(float(row["bits_per_character"]) for row in rows)
        page.click("#sweep-use")
        expect(page.locator("#train-head b")).to_have_text(best["run"])
        page.click("#sweep-take")
        unfold(page, "train-more")
        expect(page.locator("#train-learning-rate input")).to_have_value(f"{float(best['learning_rate']):g}")
