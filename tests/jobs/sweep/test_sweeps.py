"""The state machine on the disk, with real runs of a real family in this process."""

import csv
import json

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.jobs import Jobs
from aigc_demo.jobs.sweep import Sweeps
from aigc_demo.jobs.sweep.folder import SweepFolder
from aigc_demo.jobs.sweep.report import verdict, write_report
from tests.jobs.sweep.conftest import asked, go_on, settings_in, train_queued, write_story


@pytest.fixture(scope="module")
def house(tmp_path_factory, alone):
    """A sweep of two runs that is done, whose first run an "earlier process" had done alone."""
    folder = tmp_path_factory.mktemp("sweep")
    settings, story = settings_in(folder), write_story(folder)
    Sweeps(settings).submit(asked(story), start=False)
    first = go_on(settings, "tune", runs=1)
    between = Sweeps(settings).get("tune")
    rest = go_on(settings, "tune")
    return settings, first, between, rest


def test_a_process_that_vanished_is_seen_and_another_goes_on_where_it_was(house):
    settings, first, between, rest = house
    assert first == ["tune-01"] and rest == ["tune-02"]
    assert between.status.state == "interrupted" and between.can_resume and between.figure(0) is not None
    assert Sweeps(settings).get("tune").status.state == "done"


def test_the_best_is_chosen_on_one_half_and_told_by_the_other(house):
    settings, *_ = house
    sweep = Sweeps(settings).get("tune")
    result = sweep.result
    figures = [sweep.figure(place) for place in (0, 1)]
    assert figures[1] < figures[0] and result["best"] == "tune-02" == f"tune-0{sweep.status.chosen + 1}"
    assert result["validation"]["point"] == figures[1] and result["test"]["point"] != figures[1]
    gap = result["test"]["point"] - result["validation"]["point"]
    assert result["optimism"]["point"] == pytest.approx(gap, abs=1e-3)
    assert str(round(result["test"]["point"], 3)) in verdict(sweep).en and "tune-02" in verdict(sweep).zh


def test_a_run_never_saw_the_testing_half_and_nothing_of_either_is_left(house):
    settings, *_ = house
    for run in ("tune-01", "tune-02"):
        folder = settings.runs_dir / run
        assert json.loads((folder / "train.json").read_text())["held_out"] == "half"
        assert not (folder / "half").exists()
    assert {path.name for path in (settings.runs_dir / ".sweeps" / "tune").iterdir()} == {
        "sweep.json", "state.json", "result.json",
    }  # fmt: skip


def test_the_report_says_what_it_is_and_can_be_read_back(house, tmp_path):
    settings, *_ = house
    sweep = Sweeps(settings).get("tune")
    whole = json.loads(write_report(sweep, tmp_path / "a.json").read_text("utf-8"))
    assert (
        whole["recipe"]["request"]["sweep"] == {"learning_rate": "0.0001, 0.02"} and "测量" in whole["notice"]
    )
    lines = write_report(sweep, tmp_path / "a.csv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [row["run"] for row in rows] == ["tune-01", "tune-02"] and rows[1]["best"] == "True"
    assert float(rows[1]["bits_per_character"]) == sweep.figure(1)
    with pytest.raises(InputError, match=r"csv or \.json"):
        write_report(sweep, tmp_path / "a.xlsx")


def test_what_is_done_cannot_be_resumed_and_a_name_not_taken_again(house, tmp_path):
    settings, *_ = house
    sweeps = Sweeps(settings)
    with pytest.raises(InputError, match="is done"):
        sweeps.resume("tune")
    with pytest.raises(InputError, match="is taken"):
        sweeps.submit(asked(write_story(tmp_path)), start=False)
    with pytest.raises(InputError, match="no sweep"):
        sweeps.get("../tune")


def test_stop_takes_the_waiting_run_along_and_resume_brings_it_back(alone, tmp_path):
    settings, story = settings_in(tmp_path), write_story(tmp_path)
    sweeps, jobs = Sweeps(settings), Jobs(settings)
    sweeps.submit(asked(story), start=False)
    go_on(settings, "tune", runs=0)
    with sweeps.lease("tune"):
        from aigc_demo.jobs.sweep.conduct import Conductor

        Conductor(settings, "tune").advance()
    assert jobs.get("tune-01").state == "queued"
    sweeps.stop("tune")
    assert jobs.get("tune-01").state == "stopped" and sweeps.get("tune").status.state == "stopped"
    sweeps.resume("tune", start=False)
    with sweeps.lease("tune"):
        Conductor(settings, "tune").advance()
    assert jobs.get("tune-01").state == "queued"
    jobs.stop("tune-01")  # by hand: the sweep goes on without it
    with sweeps.lease("tune"):
        Conductor(settings, "tune").advance()
    assert sweeps.get("tune").status.left_out == (0,) and jobs.get("tune-02").state == "queued"


def test_the_wish_to_stop_ends_the_process_and_what_it_had_queued(alone, tmp_path):
    settings, story = settings_in(tmp_path), write_story(tmp_path)
    sweeps = Sweeps(settings)
    sweeps.submit(asked(story), start=False)
    with sweeps.lease("tune"):
        from aigc_demo.jobs.sweep.conduct import Conductor

        conductor = Conductor(settings, "tune")
        conductor.advance()
        sweeps.stop("tune")  # somebody conducts: it is asked
        assert SweepFolder(conductor.folder.path).stop.is_set()
        assert conductor.work().state == "stopped"
    assert Jobs(settings).get("tune-01").state == "stopped" and not train_queued(settings)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vary": {"steps": "1,2"}}, "cannot be varied"),
        ({"name": "a" * 58}, "at most"),
        ({"story": "nowhere"}, "no data nowhere"),
    ],
)
def test_what_cannot_be_is_a_sentence_before_anything_is_written(alone, tmp_path, changes, sentence):
    settings = settings_in(tmp_path)
    story = changes.pop("story", None) or write_story(tmp_path)
    with pytest.raises(InputError, match=sentence):
        Sweeps(settings).submit(asked(story, **changes), start=False)
    assert not (settings.runs_dir / ".sweeps").exists()


def test_a_family_without_a_figure_that_tells_is_refused(alone, tmp_path):
    base = asked(write_story(tmp_path))
    gan = base.model_copy(update={"base": base.base.model_copy(update={"family": "gan", "data": "shapes"})})
    with pytest.raises(InputError, match="No single figure"):
        Sweeps(settings_in(tmp_path)).submit(gan, start=False)
