"""Tuning at the level of its handlers: what is asked and refused, a sweep being watched, its pictures, its files."""

import json

import gradio as gr
import pytest

from aigc_demo.jobs.sweep import Sweeps
from aigc_demo.jobs.sweep.tasks import tasks
from aigc_demo.provenance.marking import PLAIN
from aigc_demo.ui.train import sweep_form
from aigc_demo.ui.train.sweep_plot import Dot, Picture, Scale, forest_html, plot_html
from aigc_demo.ui.train.train_tab import TrainTab
from tests.ui.handlers import Event, Page
from tests.ui.train.sweeps import POINTS, write_sweep
from tests.ui.train.test_train_tab import asked


@pytest.fixture
def tab(context):
    with gr.Blocks():
        return TrainTab(context)


@pytest.fixture
def panel(tab):
    return tab.sweep


@pytest.fixture
def quiet(monkeypatch):
    """No process is started: what is asked for is on the disk, and waits."""
    monkeypatch.setattr(Sweeps, "_start", lambda sweeps, folder: None)


def form(tab, vary, **changes):
    """What the page sends: the training's settings, and what is varied."""
    values = asked(tab, data="lessons", family="transformer", steps=40, **changes)
    rows = [*vary.items(), *[("", "")] * (3 - len(vary))]
    for (name, text), (chosen, written) in zip(tab.sweep.form.vary, rows, strict=True):
        values |= {name: chosen, text: written}
    return values | {part: part.value for part in tab.sweep.form.fields.values()}


def test_a_sweep_is_written_down_as_asked_and_shown(tab, panel, settings, quiet, toasts):
    shown = panel.start(form(tab, {"learning_rate": "0.01,0.02", "size": "tiny,small"}, name="mine"), Page())
    sweep = Sweeps(settings).get("mine")
    assert len(sweep.points) == 4 and sweep.request.base.held_out == "half" and sweep.request.base.steps == 40
    assert shown[panel.memory] == "mine" and shown[panel.table].count("<tr") == 5 and "mine" in toasts[0]
    assert shown[panel.orders["stop"]]["visible"] and not shown[panel.use]["visible"]
    assert shown[tab.settings.fields["name"]] not in ("", "mine")


@pytest.mark.parametrize(
    ("vary", "changes", "sentence"),
    [
        ({}, {}, "1 to 3 settings"),
        ({"learning_rate": "fast"}, {}, "Learning rate"),
        ({"learning_rate": "0.1"}, {}, "one value"),
        ({"learning_rate": "0.1,0.2"}, {"name": ".."}, "Name"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_nothing_is_lost(
    tab, panel, settings, quiet, toasts, vary, changes, sentence
):
    assert panel.start(form(tab, vary, **{"name": "mine", **changes}), Page()) == gr.skip()
    assert sentence in toasts[0] and not (settings.runs_dir / ".sweeps").exists()


def test_each_family_offers_its_own_settings_and_values_to_begin_with(tab, panel):
    values = form(tab, {"learning_rate": sweep_form.RATES["texts"], "gradient_penalty": "0.1,1"})
    shown = panel.form.offer({**values, tab.settings.fields["family"]: "vae"}, Page())
    (first, text), (second, other), _ = panel.form.vary
    assert {"kl_weight", "learning_rate"} <= {name for _, name in shown[first]["choices"]}
    assert shown[first]["value"] == "learning_rate" and shown[text] == sweep_form.RATES["pictures"]
    assert shown[second]["value"] == "" and shown[other] == ""
    assert panel.form.propose("vae", "batch_size", "") == sweep_form.BATCHES
    assert panel.form.propose("vae", "batch_size", "3, 5") == gr.skip()  # one's own stay


def test_each_task_of_the_lesson_starts_what_it_says(panel, settings, quiet, toasts):
    for task in tasks():
        shown = panel.start_task(task, Page())
        sweep = Sweeps(settings).get(shown[panel.memory])
        assert sweep.request.base.data == task.data.en and len(sweep.points) == task.runs


def test_a_finished_sweep_shows_its_best_its_test_and_what_cannot_be_told_from_it(panel, settings):
    write_sweep(settings)
    shown = panel.restore("", Page())
    assert shown[panel.sweep]["value"] == "tune"
    table = shown[panel.table]
    assert table.count('class="best"') == 1 and "2.702 <span" in table and "15/60" in table
    assert table.count("not different") == 1 and "+0.169 [" in table
    assert "2.744 [2.660, 2.830]" in shown[panel.result] and "0.042 [-0.080, 0.165]" in shown[panel.result]
    assert shown[panel.orders["tidy"]]["visible"] and not shown[panel.orders["resume"]]["visible"]
    assert all(shown[part]["visible"] for part in panel.files)
    again = panel.poll("tune", shown[panel.seen] or now(panel, shown), None, Page())
    assert panel.table not in again and panel.plot not in again  # nothing has changed


def now(panel, shown):
    """What a page has seen that was just shown all."""
    return panel.show("tune", {}, None, "en")[panel.seen]


def test_a_sweep_whose_process_vanished_says_so_and_offers_to_go_on(panel, settings):
    write_sweep(settings, state="running")
    shown = panel.restore("tune", Page())
    assert "killed" in shown[panel.head] and shown[panel.orders["resume"]]["visible"]
    assert "Best so far: tune-04" in shown[panel.result]


def test_settings_are_taken_from_the_best_or_from_the_picked_run(tab, panel, settings, toasts):
    write_sweep(settings)
    fields = tab.settings.fields
    shown = panel.take_settings("tune", None, Page())
    assert (shown[fields["learning_rate"]]["value"], shown[fields["batch_size"]]["value"]) == (0.02, 8)
    assert shown[fields["steps"]]["value"] == 60 and shown[tab.data.choice]["value"] == "lessons"
    picked = panel.pick("tune", Event(index=4), Page())
    assert picked[panel.picked] == 4 and not picked[panel.use]["visible"]  # it has no model
    assert panel.take_settings("tune", 4, Page())[fields["learning_rate"]]["value"] == 0.2
    assert panel.pick("tune", Event(index=99), Page()) == gr.skip()


def test_the_run_in_use_is_watched_where_the_other_tabs_open_it(tab, panel, settings):
    write_sweep(settings)
    assert panel.use_run("tune", None, Page())[tab.watch.memory] == "tune-04"


def test_only_the_best_run_is_kept_and_the_sweep_forgotten(panel, settings, toasts):
    write_sweep(settings)
    panel.give("tidy", "tune", Page())
    assert [path.name for path in settings.runs_dir.iterdir() if path.name.startswith("tune")] == ["tune-04"]
    shown = panel.give("delete", "tune", Page())
    assert not shown[panel.sweep]["visible"] and (settings.runs_dir / "tune-04").is_dir()


def test_the_table_is_a_file(panel, settings, tmp_path):
    write_sweep(settings)
    path = panel.writer("json")("tune", tmp_path, PLAIN)
    assert json.loads(path.read_text("utf-8"))["best"] == "tune-04"
    assert "tune-04,0.02,8,done,60," in panel.writer("csv")("tune", tmp_path, PLAIN).read_text("utf-8")


def picture(points, figures, lower=True):
    dots = [Dot(f"r{i}", list(p.values()), f) for i, (p, f) in enumerate(zip(points, figures, strict=True))]
    known = [f for f in figures if f is not None]
    best = figures.index((min if lower else max)(known)) if known else None
    return Picture(list(points[0]), "bits", dots, best, lower)


def test_two_settings_are_a_heat_map_whose_fullest_cell_is_the_best():
    html = plot_html(picture(POINTS, [3.9, 3.6, 2.9, 2.7, 3.1, None]), "title")
    cells = [cell for cell in html.split("<g ")[1:] if "cell" in cell]
    opacity = [float(cell.split("fill-opacity:")[1][:4]) for cell in cells]
    assert len(cells) == 5 and html.count('class="open"') == 1 and max(opacity) == opacity[3]
    assert "cell best" in cells[3] and html.count("best") == 1 and "r3: 2.7" in cells[3]


def test_three_settings_are_a_line_a_run_and_higher_may_be_better():
    points = [
        {"rate": 10.0**-i, "size": size, "batch": i} for i, size in enumerate(["tiny", "small", "tiny"], 1)
    ]
    html = plot_html(picture(points, [1.0, 5.0, 3.0], lower=False), "title")
    assert html.count("<polyline") == 3 and html.rindex("r1: 5") > html.rindex("r2: 3")  # the best on top
    assert "tiny" in html and html.count('class="axis"') == 4


def test_a_scale_puts_values_where_they_belong():
    log = Scale.of([0.001, 0.01, 0.1])
    assert log.y(0.01) == pytest.approx((log.y(0.001) + log.y(0.1)) / 2) and log.y(0.1) < log.y(0.001)
    assert Scale.of([1, 2]).y(2) < Scale.of([1, 2]).y(1) and Scale.of([1, 2], flipped=True).y(2) > Scale.of(
        [1, 2], flipped=True
    ).y(1)
    words = Scale.of(["a", "b", "c"])
    assert len({words.y(word) for word in "abc"}) == 3 and Scale.of([5]).y(5) == pytest.approx(
        Scale.of([5]).y(5)
    )


def test_nothing_is_drawn_before_there_is_a_figure_and_whiskers_only_where_there_are_intervals():
    assert plot_html(picture(POINTS, [None] * 6), "title") == "" and forest_html([("a", {})], "t") == ""
    html = forest_html([("a", {"point": 1.0}), ("b", {"point": 1.2, "low": 1.0, "high": 1.4})], "t")
    assert html.count("<circle") == 2 and html.count("<path") == 1 and "[1.000, 1.400]" in html
