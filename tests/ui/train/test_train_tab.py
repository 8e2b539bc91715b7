"""The Fine-tune tab at the level of its handlers: what is asked and refused, the queue, a recorded run being watched."""

import json

import gradio as gr
import pytest

from aigc_demo.core.words import Text
from aigc_demo.jobs import TrainRequest
from aigc_demo.jobs.estimate import Estimate
from aigc_demo.jobs.folder import JobFolder
from aigc_demo.training.doctor import Doctor
from aigc_demo.ui import offered
from aigc_demo.ui.page.shell import Shell
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
    values |= {tab.data.choice: data, tab.settings.estimate: None, tab.settings.proposed: "gan-digits"}
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


def test_a_free_name_is_proposed(tab, settings):
    update, name, kept = tab.propose("gan", Page())
    assert name == kept == "gan-digits" and "digits" in [value for _, value in update["choices"]]
    (settings.runs_dir / "gan-digits").mkdir(parents=True)
    assert tab.propose("gan", Page())[1] == "gan-digits-2"


def test_data_of_another_kind_change_the_family_and_what_is_asked(tab):
    fields = tab.settings.fields
    updates = tab.settings.choose_family(asked(tab, data="poems", name="gan-digits"), Page())
    assert updates[fields["family"]] == "transformer" and updates[fields["name"]] == "gpt-poems"
    assert "gpt-austen" in [value for _, value in updates[fields["start"]]["choices"]]
    back = tab.settings.choose_family(asked(tab, data="digits", family="transformer", name="mine"), Page())
    assert back[fields["family"]] == "gan" and fields["name"] not in back  # a name of one's own stays


@pytest.mark.parametrize(
    ("family", "has", "lacks"),
    [
        ("gan", {"size", "augment", "gradient_penalty"}, {"kl_weight", "lora_rank", "trigger"}),
        ("vae", {"size", "augment", "kl_weight"}, {"gradient_penalty", "lora_rank"}),
        ("transformer", {"size", "frozen_layers"}, {"augment", "kl_weight", "lora_rank"}),
        ("diffusion", {"lora_rank", "trigger", "resolution"}, {"size", "augment", "kl_weight"}),
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
        ({"family": "diffusion"}, "not trained from nothing"),
    ],
)
def test_what_cannot_be_trained_is_a_sentence_before_anything_is_written(
    tab, settings, toasts, changes, sentence
):
    values = asked(tab, **{"name": "mine", **changes})
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
    assert "--steps 7" in command and export["visible"]
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
    train, image = shell.by_task["train"], shell.by_task["image"]
    write_run(settings)
    assert shell.use_run(train, "image", "watched", Page()) == gr.skip() and "no model yet" in toasts[0]
    write_debug_model(settings.runs_dir / "watched", "gan-digits", 0)
    assert train.watch.poll_job("watched", {}, Page())[train.watch.uses["image"]]["visible"]
    updates = shell.use_run(train, "image", "watched", Page())
    assert updates[image.fields["model"]]["value"] == "runs/watched"
    assert updates[shell.tabs]["selected"] == "image"


def test_a_pasted_text_becomes_a_set_that_is_chosen_shown_and_deleted(tab, settings):
    panel = tab.data
    shown = final(panel.run(brought(tab, text=STORY, name="story", consent=True), Page()))
    assert shown[panel.choice]["value"] == "story" and "story" in shown[panel.status]
    assert shown[panel.text] == "" and not shown[panel.fold]["open"]
    look = panel.show("story", Page())
    assert "The river runs" in look[panel.preview] and look[panel.drop]["visible"]
    updates = tab.settings.choose_family(asked(tab, data="story"), Page())
    assert updates[tab.settings.fields["name"]] == "gpt-story"
    panel.delete("story", Page())
    assert not (settings.data_dir / "own" / "story").exists()
    assert "story" not in [name for _, name in panel.choices("en")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "", "text": STORY}, "Name of the data set"),
        ({"name": "mine"}, "nothing to import"),
        ({"name": "mine", "text": STORY, "consent": False}, "may use these data"),
    ],
)
def test_what_cannot_be_imported_is_a_sentence(tab, toasts, changes, sentence):
    assert final(tab.data.run(brought(tab, **{"consent": True, **changes}), Page())) == gr.skip()
    assert sentence in toasts[0]


def test_the_first_file_names_the_set(tab):
    values = {tab.data.files: ["/somewhere/my photos.zip"], tab.data.fields["name"]: ""}
    assert tab.data.propose(values) == "my-photos"
    assert tab.data.propose({**values, tab.data.fields["name"]: "cats"}) == gr.skip()


def test_a_preset_fills_the_settings_in(tab):
    values = {tab.settings.preset: "no-gradient-penalty", tab.data.choice: "digits"}
    updates = tab.settings.use_preset(values, Page())
    fields = tab.settings.fields
    assert updates[fields["gradient_penalty"]] == 0 and updates[fields["family"]] == "gan"
    assert updates[tab.settings.watch_for].startswith("<p>")


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


def test_a_public_page_says_that_training_is_not_here(settings, cache, context):
    public = type(context)(settings.model_copy(update={"mode": "spaces"}), cache, context.words)
    with gr.Blocks() as page:
        tab = TrainTab(public)
    assert not tab.allowed and tab.settable() == [] and tab.uses() == {}
    assert "train-not-here" in [block.elem_id for block in page.blocks.values()]
