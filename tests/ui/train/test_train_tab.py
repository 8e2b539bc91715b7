"""The Fine-tune tab at the level of its handlers: what is asked and refused, the queue, a recorded run being watched."""

import json

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from aigc_demo import provenance
from aigc_demo.core.words import Text
from aigc_demo.data import catalogue
from aigc_demo.data.imports import Manifest
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.estimate import Estimate
from aigc_demo.jobs.folder import JobFolder
from aigc_demo.jobs.recipes import first_trainings
from aigc_demo.provenance.marking import PLAIN
from aigc_demo.training.doctor import Doctor
from aigc_demo.ui import offered
from aigc_demo.ui.page.shell import Shell
from aigc_demo.ui.train.recorded_panel import RECORDED
from aigc_demo.ui.train.samples import write_film
from aigc_demo.ui.train.train_tab import TrainTab
from tests.few_digits import write_few
from tests.jobs.test_export import make_run
from tests.training.doctor import chart
from tests.training.doctor.runs import recorded
from tests.ui.handlers import Page, final

STORY = "The river runs down to the sea, and the sea gives its water back to the clouds. " * 60


@pytest.fixture
def tab(context):
    with gr.Blocks():
        return TrainTab(context)


@pytest.fixture
def digits(settings):
    """The catalogue's digits, few of them, as if they had been fetched."""
    return write_few(settings.data_dir / "digits")


@pytest.fixture
def busy(context):
    """A device that somebody else trains on: what is started waits."""
    with context.jobs.leases.device("cpu"):
        yield


def asked(tab, data="digits", **changes):
    """What the page sends with the settings: the widgets' values, with changes by request field."""
    fields = tab.settings.fields
    values = {component: component.value for component in fields.values()}
    values |= {tab.data.choice: data, tab.settings.estimate: None}
    values[tab.settings.proposed] = tab.settings.proposed.value
    return values | {fields[name]: value for name, value in changes.items()}


def brought(tab, **changes):
    """What the page sends with files or a text: "text", "files" and the fields of the import."""
    panel = tab.data
    values = {component: component.value for component in panel.fields.values()}
    values |= {panel.files: None, panel.text: ""}
    named = {"files": panel.files, "text": panel.text, **panel.fields}
    return values | {named[name]: value for name, value in changes.items()}


def visible(updates, tab):
    """The names of the fields that updates show, of those that they show or hide."""
    fields = tab.settings.fields
    shown = {name: updates[part] for name, part in fields.items() if part in updates}
    return {name for name, update in shown.items() if isinstance(update, dict) and update.get("visible")}


def write_run(settings, name="watched", preset="no-gradient-penalty", **state):
    """A run folder with the log of a real run and what the doctor said of it."""
    folder = JobFolder(settings.runs_dir / name)
    log = recorded(preset)
    request = TrainRequest(family="gan", data="digits", name=name, steps=log[-1]["step"], size="tiny")
    folder.path.mkdir(parents=True)
    folder.write_request(request)
    folder.update(**{"state": "stopped", "started_at": 1.0, "ended_at": 2.0, "device": "cpu", **state})
    doctor = Doctor(chart("gan"))
    events = [
        {"step": line["step"], "seconds": line["seconds"], **event}
        for at, line in enumerate(log)
        for event in doctor(log[: at + 1])
    ]
    for file, rows in (("log.jsonl", log), ("events.jsonl", events)):
        (folder.path / file).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def value(update):
    """The value that an update sets."""
    return update["value"] if isinstance(update, dict) else update


def test_the_first_data_that_are_here_are_chosen_and_a_free_name_is_proposed(tab, settings):
    fields = tab.settings.fields
    shown = tab.propose(asked(tab, data=None, name=""), Page())
    assert shown[tab.data.choice]["value"] == "shapes" and shown[tab.data.preview_fold]["open"]
    assert shown[fields["name"]] == "vae-shapes" and shown[fields["family"]] == "vae"
    (settings.runs_dir / "vae-shapes").mkdir(parents=True)
    assert tab.propose(asked(tab, data=None, name=""), Page())[fields["name"]] == "vae-shapes-2"
    write_few(settings.data_dir / "digits")
    assert tab.propose(asked(tab, data=None, name=""), Page())[tab.data.choice]["value"] == "digits"


def test_what_needs_the_network_says_so_and_how_much_and_is_refused_offline(tab, settings, toasts):
    shown = dict(map(reversed, tab.data.choices("en")))
    assert "12 MB to fetch" in shown["digits"] and "fetch" not in shown["shapes"]
    look = tab.data.show("digits", Page())
    assert '<img class="look' in look[tab.data.preview] and "take shapes" in look[tab.data.note].lower()
    assert tab.start(asked(tab, data="digits", name="mine"), Page()) == gr.skip()
    assert "needs the network" in toasts[0] and not (settings.runs_dir / "mine").exists()


@pytest.mark.parametrize("name", catalogue())
def test_every_set_of_the_catalogue_shows_a_look(tab, name):
    html = tab.data.show(name, Page())[tab.data.preview]
    assert '<img class="look' in html if catalogue()[name].reads == "pictures" else html.count("<p>") == 2


def test_data_choose_the_family_and_the_family_chooses_data(tab):
    fields = tab.settings.fields
    updates = tab.settings.choose_data(asked(tab, data="poems"), Page())
    assert updates[fields["family"]] == "transformer" and updates[fields["name"]] == "gpt-poems"
    assert "gpt-austen" in [value for _, value in updates[fields["start"]]["choices"]]
    back = tab.settings.choose_data(asked(tab, data="digits", family="transformer", name="mine"), Page())
    assert back[fields["family"]] == "gan" and fields["name"] not in back  # a name of one's own stays
    text = tab.settings.choose_family(asked(tab, data="shapes", family="transformer"), Page())
    assert text[fields["family"]] == "transformer" and text[tab.data.choice]["value"] == "lessons"
    kept = tab.settings.choose_family(asked(tab, data="own-digits", family="vae"), Page())
    assert kept[fields["family"]] == "vae" and kept[tab.data.choice]["value"] == "own-digits"


def test_few_pictures_get_the_recipe_that_works_and_a_line_that_says_why(tab, settings):
    fields = tab.settings.fields
    own = settings.own_data_dir / "few"
    own.mkdir(parents=True)
    (own / "manifest.json").write_text(manifest_of("few", train=18).model_dump_json(by_alias=True), "utf-8")
    updates = tab.settings.choose_data(asked(tab, data="few"), Page())
    assert updates[fields["family"]] == "vae"
    found = {name: value(updates[fields[name]]) for name in ("size", "kl_weight", "augment")}
    assert found == {"size": "small", "kl_weight": 0.01, "augment": "off"}
    assert updates[fields["kl_weight"]]["visible"] and "Few pictures" in updates[tab.settings.why]
    other = tab.settings.choose_family(asked(tab, data="few", family="gan"), Page())
    assert value(other[fields["size"]]) == "tiny"  # a family of one's own choice has its own defaults


def manifest_of(name, train):
    """What an import of pictures says of itself."""
    return Manifest(
        name=name, kind="pictures", licence="own", consent=True, created="2026", files=(), sha256="0",
        counts={"train": train, "test": 2}, side=64, channels=3,
    )  # fmt: skip


def test_a_first_training_fills_everything_and_starts(tab, settings, toasts, busy):
    for entry in first_trainings():
        shown = tab.start_first(entry, asked(tab), Page())
        assert shown[tab.data.choice]["value"] == entry.data.en
        name = shown[tab.watch.memory]
        job = tab.context.jobs.get(name)
        assert job.state == "queued" and job.request.data == entry.data.en
        assert shown[tab.settings.fields["family"]] == job.request.family


@pytest.mark.parametrize(
    ("family", "has", "lacks"),
    [
        ("gan", {"size", "augment", "gradient_penalty"}, {"kl_weight", "adversarial_weight", "trigger"}),
        ("vae", {"size", "augment", "kl_weight", "adversarial_weight"}, {"gradient_penalty", "lora_rank"}),
        ("transformer", {"size", "frozen_layers"}, {"augment", "kl_weight", "lora_rank"}),
        ("diffusion", {"size"}, {"lora_rank", "trigger", "resolution", "augment", "kl_weight"}),
    ],
)
def test_each_family_has_its_fields(tab, family, has, lacks):
    shown = visible(tab.settings.show_fields(family, "tiny", "", 8, Page()), tab)
    assert has <= shown and not lacks & shown


def test_the_cost_of_each_size_is_said(tab):
    said = tab.settings.say_cost("gan", "tiny", "", 8, Page())
    assert said.count(" M") == 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Name"),
        ({"name": ".."}, "Name"),
        ({"steps": 10**11}, "from 1 to 10000000"),
        ({"data": "nowhere"}, "no data nowhere"),
        ({"start": "gan-nowhere"}, "gan-nowhere"),
        ({"start": "vae-digits"}, "same family"),
    ],
)
def test_what_cannot_be_trained_is_a_sentence_before_anything_is_written(
    tab, settings, toasts, changes, sentence
):
    values = asked(tab, **{"data": "shapes", "name": "mine", **changes})
    assert tab.start(values, Page()) == gr.skip() and sentence in toasts[0]
    assert not (settings.runs_dir / "mine").exists()
    assert final(tab.settings.make_plan(values, Page())) == gr.skip() and sentence in toasts[1]


def test_what_is_started_waits_its_turn_is_stopped_and_resumed_and_deleted(
    tab, context, digits, busy, toasts
):
    updates = tab.start(asked(tab, name="mine", steps=7, seed=3, kl_weight=9.0), Page())
    assert updates[tab.watch.memory] == "mine" and "mine" in toasts[0]
    job = context.jobs.get("mine")
    assert (job.state, job.position, job.steps, job.request.seed) == ("queued", 1, 7, 3)
    assert job.request.kl_weight == TrainRequest.model_fields["kl_weight"].default  # a GAN has none
    assert "place 1" in updates[tab.watch.head] and updates[tab.watch.orders["stop"]]["visible"]
    command, export, _ = tab.about("mine")
    assert "--steps 7" in command and not export["visible"]  # there is no model yet
    assert tab.start(asked(tab, name="mine"), Page()) == gr.skip() and "mine" in toasts[-1]  # taken
    tab.watch.give("stop", "mine", Page())
    stopped = tab.watch.poll_job("mine", {}, Page())
    assert context.jobs.get("mine").state == "stopped" and "stopped" in stopped[tab.watch.head]
    tab.watch.give("resume", "mine", Page())
    assert context.jobs.get("mine").state == "queued"
    tab.watch.give("stop", "mine", Page())
    assert tab.watch.delete("mine", Page())[tab.watch.memory] == ""
    assert not context.jobs.list()


def test_orders_without_a_run_or_for_an_idle_one_are_sentences(tab, settings, toasts):
    assert tab.watch.give("stop", None, Page()) == gr.skip() and "No run is chosen" in toasts[0]
    write_run(settings)
    for order in ("stop", "save_now", "sample_now"):
        assert tab.watch.give(order, "watched", Page()) == gr.skip() and "watched" in toasts[-1]


def test_a_run_is_watched_as_far_as_it_came(tab, settings):
    watch, log = tab.watch, recorded("no-gradient-penalty")
    write_run(settings)
    shown = watch.restore("", Page())
    assert shown[watch.job]["value"] == "watched" and 'class="job stopped"' in shown[watch.head]
    assert f"{log[-1]['step']:,}" in shown[watch.head] and shown[watch.charts].count('class="chart"') == 4
    assert "discriminator" in shown[watch.doctor] and shown[watch.log_fold]["visible"]
    assert shown[watch.orders["delete"]]["visible"] and not shown[watch.orders["stop"]]["visible"]
    assert not any(shown[button]["visible"] for button in watch.uses.values())  # it saved no model
    again = watch.poll_job("watched", {}, Page())
    seen = again[watch.seen]
    assert set(watch.poll_job("watched", seen, Page())) == {watch.seen}  # nothing has changed
    with (settings.runs_dir / "watched" / "log.jsonl").open("a") as file:
        file.write(json.dumps({**log[-1], "step": log[-1]["step"] + 1}) + "\n")
    assert watch.charts in watch.poll_job("watched", seen, Page())


def test_a_run_whose_process_was_killed_is_interrupted_and_says_so(tab, settings):
    write_run(settings, state="running", pid=1)
    shown = tab.watch.poll_job("watched", {}, Page())
    assert 'class="job interrupted"' in shown[tab.watch.head] and "resume goes on" in shown[tab.watch.head]
    assert shown[tab.watch.orders["resume"]]["visible"]


def test_a_run_is_used_in_another_tab_once_it_is_a_model(context, settings, write_debug_model, toasts):
    with gr.Blocks() as page:
        shell = Shell(context, offered(""))
        shell.build(page)
    train = shell.by_task["train"]
    write_run(settings)
    assert shell.use_run(train, "image", "watched", Page()) == gr.skip() and "no model yet" in toasts[0]
    write_debug_model(settings.runs_dir / "watched", "gan-digits", 0)
    assert train.watch.poll_job("watched", {}, Page())[train.watch.uses["image"]]["visible"]
    said = json.loads(shell.use_run(train, "image", "watched", Page())[shell.arrivals.said])
    assert said["recipe"]["task"] == "image" and said["recipe"]["model"] == "runs/watched"


def test_a_pasted_text_becomes_a_set_that_is_chosen_shown_and_deleted(tab, settings):
    panel = tab.data
    shown = final(panel.run(brought(tab, text=STORY, name="story", consent=True), Page()))
    assert shown[panel.choice]["value"] == "story" and "story" in shown[panel.status]
    assert shown[panel.text] == "" and not shown[panel.fold]["open"]
    look = panel.show("story", Page())
    assert "The river runs" in look[panel.preview] and look[panel.drop]["visible"]
    updates = tab.settings.choose_data(asked(tab, data="story"), Page())
    assert updates[tab.settings.fields["name"]] == "gpt-story"
    panel.delete("story", Page())
    assert not (settings.data_dir / "own" / "story").exists()
    assert "story" not in [name for _, name in panel.choices("en")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Name of the data set"),
        ({"name": "mine"}, "nothing to import"),
        ({"name": "mine", "text": STORY, "consent": False}, "may use these data"),
    ],
)
def test_what_cannot_be_imported_is_a_sentence(tab, toasts, changes, sentence):
    assert final(tab.data.run(brought(tab, **{"consent": True, **changes}), Page())) == gr.skip()
    assert sentence in toasts[0]


def test_first_words_name_a_pasted_text(tab):
    shown = final(tab.data.run(brought(tab, text=STORY, consent=True), Page()))
    assert shown[tab.data.choice]["value"] == "The-river-runs-down"
    assert (
        tab.data.first_words(STORY) == "The-river-runs-down-2"
        and tab.data.first_words("床前，明月光！") == "床前-明月光"
    )


def test_the_first_file_names_the_set(tab):
    values = {tab.data.files: ["/somewhere/my photos.zip"], tab.data.fields["name"]: ""}
    assert tab.data.propose(values) == "my-photos"
    assert tab.data.propose({**values, tab.data.fields["name"]: "cats"}) == gr.skip()


def test_a_preset_fills_the_settings_in(tab):
    values = {tab.settings.presets.preset: "no-gradient-penalty", tab.data.choice: "digits"}
    updates = tab.settings.presets.use(values, Page())
    fields = tab.settings.fields
    assert updates[fields["gradient_penalty"]]["value"] == 0 and updates[fields["family"]]["value"] == "gan"
    assert updates[tab.settings.presets.watch_for].startswith("<p>")


def test_a_suggestion_of_the_plan_is_taken_over(tab):
    wanted = tab.settings.asked(asked(tab, name="mine", size="base"))
    wiser = wanted.model_copy(update={"size": "tiny", "batch_size": 4})
    found = Estimate("will not fit", Text("too large", "太大"), wiser, "cpu", seconds=90.0)
    updates = tab.settings.use_suggestion((wanted, found))
    fields = tab.settings.fields
    assert updates[fields["size"]] == "tiny" and updates[fields["batch_size"]] == 4
    assert tab.settings.expected_seconds((wanted, found), wanted) == 90.0
    assert tab.settings.expected_seconds((wanted, found), wiser) == 0.0
    assert not tab.settings.use_suggestion(None)[tab.settings.accept]["visible"]


@pytest.mark.process
def test_a_plan_is_measured(tab, digits):
    shown = final(
        tab.settings.make_plan(asked(tab, name="mine", steps=20, size="tiny", batch_size=8), Page())
    )
    assert '<div class="plan ' in shown[tab.settings.planned]
    wanted, found = shown[tab.settings.estimate]
    assert found.seconds > 0 and wanted.name == "mine"
    assert shown[tab.settings.accept]["visible"] is (found.suggestion is not None)


def test_a_run_leaves_as_a_zip_and_comes_back_under_another_name(tab, settings, tmp_path):
    make_run(settings.runs_dir / "mine", "gan")
    updates = tab.read_zip(str(tab.write_zip("mine", tmp_path / "out")), Page())
    assert updates[tab.watch.memory] == "mine-2" and "done" in updates[tab.watch.head]
    assert (settings.runs_dir / "mine-2" / "model.safetensors").exists()


def test_a_run_that_never_began_offers_no_more_than_another_try(tab, settings):
    folder = write_run(settings, state="failed", cause=Text("no network", "没有网络"))
    for name in ("log.jsonl", "events.jsonl"):
        (folder.path / name).unlink()
    shown = tab.watch.restore("", Page())
    assert "it did not begin" in shown[tab.watch.head] and "step 0" not in shown[tab.watch.head]
    assert shown[tab.watch.orders["resume"]]["value"] == "Try again"
    _, export, publish = tab.about("watched")
    assert not export["visible"] and not publish["visible"]


def test_the_samples_leave_as_a_labelled_film(tab, settings, tmp_path):
    folder = write_run(settings)
    assert not tab.watch.restore("", Page())[tab.watch.save_film]["visible"]
    for step, tone in ((0, 10), (100, 200)):
        folder.run.write_samples(step, np.full((64, 28, 28), tone, np.uint8))
    shown = tab.watch.restore("", Page())
    assert shown[tab.watch.save_film]["visible"] and 'class="play"' in shown[tab.watch.film]
    path = write_film(tab.context.jobs.get("watched"), tmp_path, PLAIN)
    said = provenance.read(path)
    assert path.suffix == ".gif" and said.label.Label == "1" and said.recipe.model == "runs/watched"
    with Image.open(path) as film:
        assert film.n_frames >= 2


def test_a_public_page_replays_two_recorded_runs(settings, cache, context):
    public = type(context)(settings.model_copy(update={"mode": "spaces"}), cache, context.words)
    with gr.Blocks() as page:
        tab = TrainTab(public)
    assert not tab.allowed and tab.settable() == [] and tab.uses() == {}
    assert "train-not-here" in [block.elem_id for block in page.blocks.values()]
    pictures, texts = (tab.recorded.show(at, Page()) for at in (0, 1))
    for head, film, _, charts in (pictures, texts):
        assert "recorded" in head and 'class="play"' in film and 'class="chart"' in charts
    assert 'class="now pixelated"' in pictures[1] and '"columns"' in texts[1]
    assert sum(path.stat().st_size for path in RECORDED.rglob("*") if path.is_file()) < 300_000
