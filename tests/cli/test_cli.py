"""The command line: the page's requests as flags, one JSON object, one sentence for an error."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from aigc_demo import provenance
from aigc_demo.__main__ import main
from aigc_demo.bench.measure import Comparison, table, take_turns
from aigc_demo.cli import look
from aigc_demo.cli.flags import spoken_language
from aigc_demo.core.settings import ROOT, Settings
from aigc_demo.core.words import Text
from aigc_demo.models.checkpoints import load_state, read_weights
from aigc_demo.schemas import REQUESTS


@pytest.fixture
def run(settings, tmp_path, monkeypatch, capsys):
    """Run a command in this process, in a folder of its own: (status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LANG", raising=False)
    for name in ("weights_dir", "runs_dir", "data_dir", "outputs_dir"):
        monkeypatch.setenv(f"AIGC_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("AIGC_OFFLINE", "1")
    monkeypatch.setenv("AIGC_DEVICE", "cpu")

    def call(*words):
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def answer(run):
    """Run a command that succeeds with --json: its object."""

    def call(*words):
        status, out, err = run(*words, "--json")
        assert status == 0, err
        assert out.count("\n") == 1
        return json.loads(out)

    return call


def test_models(run, answer):
    cards = answer("models")["models"]
    assert [card["id"] for card in cards][:7] == [
        "class-digits",
        "gan-digits",
        "gan-fashion",
        "gpt-austen",
        "gpt-poems",
        "realesrgan-x4",
        "vae-digits",
    ]
    assert (
        cards[1]["tasks"] == ["image", "latent"] and cards[1]["licence"] == "MIT" and "folder" not in cards[1]
    )
    _, table_, _ = run("models", "--lang", "zh")
    assert table_.splitlines()[0].split()[0] == "模型" and len(table_.splitlines()) == 1 + len(cards)


def test_a_model_may_be_a_folder_whose_path_stays_out_of_the_file(answer, debug_models):
    [file] = answer("image", "--model", debug_models / "gan-fashion", "--count", 1, "--out", "out")["files"]
    recipe = provenance.read(file).recipe
    assert recipe.model == recipe.request["model"] == "local/gan-fashion"


def test_text_is_printed_and_written(run, answer):
    words = ("text", "--prompt", "春望", "--form", "wujue", "--max-new-tokens", 8, "--seed", 3)
    found = answer(*words, "--count", 2, "--out", "poem.md")
    assert len(found["texts"]) == 2 and found["files"] == ["poem.md"]
    assert provenance.read("poem.md").recipe.request["seed"] == 3
    status, out, _ = run(*words)
    assert status == 0 and out.strip() == found["texts"][0]
    assert "files" not in answer(*words)


def test_an_opening_belongs_to_the_text(answer):
    (text,) = answer("text", "--prompt", "春", "--prompt-is", "opening", "--max-new-tokens", 3)["texts"]
    assert text.startswith("春") and len(text) > 1


def test_image_writes_a_sheet_or_files(answer, tmp_path):
    (sheet,) = answer("image", "--count", 4, "--label", "3", "--out", "made")["files"]
    assert sheet.startswith("made/gan-digits-seed42-") and provenance.read(sheet).ai_generated
    assert answer("image", "--count", 2, "--out", "deep/er.webp")["files"] == ["deep/er.webp"]
    assert provenance.read("deep/er.webp").format == "WebP"
    files = answer("image", "--count", 3, "--separate", "--out", "made")["files"]
    assert len(files) == 3 and all(provenance.read(path).recipe.model == "gan-digits" for path in files)
    (default,) = answer("image", "--count", 1)["files"]
    assert default.startswith("outputs/")
    assert not list(tmp_path.rglob("*.tmp"))


def test_arrays_for_measuring(answer, run):
    files = answer("image", "--model", "vae-digits", "--count", 130, "--array", "a/x.npy", "--seed", 1)[
        "files"
    ]
    assert files == ["a/x.npy", "a/x.labels.npy"]
    pictures, labels = (np.load(path) for path in files)
    assert pictures.shape == (130, 28, 28) and pictures.dtype == np.uint8
    assert np.bincount(labels).tolist() == [13] * 10
    assert run("image", "--array", "x.png")[0] == run("image", "--array", "x.npy", "--out", "y")[0] == 2


def test_films_grids_and_reconstructions(answer, seven):
    walk = ("walk", "--model", "gan-digits", "--frames", 3)
    assert answer(*walk, "--no-there-and-back", "--out", "w.mp4")["files"] == ["w.mp4"]
    assert provenance.read("w.mp4").recipe.request["there_and_back"] is False
    assert answer(*walk, "--out", "films")["files"][0].endswith(".gif")
    (grid,) = answer("grid", "--seeds", "4,3,2,1", "--labels", "0，1,2,3", "--size", 2, "--out", "g.png")[
        "files"
    ]
    assert provenance.read(grid).recipe.request["seeds"] == [4, 3, 2, 1]
    found = answer("reconstruct", "--image", seven, "--neighbours", 2, "--out", "r.png")
    assert found["files"] == ["r.png"] and len(found["neighbours"]["labels"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["image", "--count", "0"], "Count: '0' does not fit; give a whole number from 1 to 64."),
        (["image", "--count", "nan"], "Count: 'nan' does not fit"),
        (["image", "--label", "eleven"], "There is no class eleven"),
        (["image", "--model", "gpt-poems"], "choose one of gan-digits"),
        (["image", "--out", "x.exe"], "use one of .png, .jpg, .jpeg, .webp"),
        (["image", "--separate", "--out", "x.png"], "--out is a folder"),
        (["image", "--colour", "red"], "unrecognized arguments: --colour red"),
        (["image", "--coun", "3"], "unrecognized arguments: --coun 3"),
        (["walk", "--out", "w.avi"], "use one of .gif, .mp4"),
        (["text", "--prompt", "🌸"], "."),
        (["reconstruct"], "Picture is missing"),
        (["verify", "nowhere.png"], "There is no file nowhere.png"),
        (["data", "get", "cats"], "There is no data set cats; there are shapes"),
        (["data", "get", "digits"], "needs the network"),
        (["train", "--family", "gan"], "Data is missing"),
        (["train", "--family", "gan", "--data", "cats", "--name", "x"], "There is no data cats"),
        (["train", "--family", "gan", "--data", "digits", "--name", "../x"], "Name: '../x' does not fit"),
        (["models", "--device", "tpu"], "Setting device"),
        (["jobs", "stop", "nobody"], "There is no training run nobody"),
        (["fly"], "fly"),
        ([], "COMMAND"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_sentence_and_status_2(run, words, said):
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert said in err and err.count("\n") == 1


def test_the_sentence_is_in_the_readers_language(run, monkeypatch):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "请填 1 到 64 之间的整数。" in run("image", "--count", "0")[2]
    assert "give a whole number" in run("image", "--count", "0", "--lang", "en")[2]


@pytest.mark.parametrize(
    ("arguments", "environment", "wanted"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "de_DE", "AIGC_LANG": "zh"}, "zh"),
        ([], {"LANG": "zh_TW", "AIGC_LANG": "auto"}, "zh"),
        (["--lang=en"], {"LANG": "zh_CN"}, "en"),
        (["image", "--lang", "zh"], {"AIGC_LANG": "en"}, "zh"),
        (["--lang"], {}, "en"),
    ],
)
def test_whose_language(arguments, environment, wanted):
    assert spoken_language(arguments, environment) == wanted


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("task", REQUESTS)
def test_help_names_every_flag(run, capsys, task, lang):
    with pytest.raises(SystemExit) as left:
        main([task, "--help", "--lang", lang])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for name in (*REQUESTS[task].model_fields, *Settings.model_fields, "out", "json"):
        assert f"--{name.replace('_', '-')}" in text
    assert ("输出" in text) == (lang == "zh")


def test_verify(run, answer, settings):
    answer("image", "--count", 2, "--seed", 9, "--out", "x.png")
    found = answer("verify", "x.png")
    assert found["ai_generated"] and found["label"]["Label"] == "1" and found["weights"] == "same"
    assert found["recipe"]["request"]["seed"] == 9 and found["source_type"].endswith(
        "trainedAlgorithmicMedia"
    )
    _, words, _ = run("verify", "x.png", "--lang", "zh")
    assert "AI 生成" in words and "与本机相同" in words and "--seed 9" in words
    assert answer("verify", "x.png", "--weights-dir", "nowhere")["weights"] == "absent"
    settings.runs_dir.mkdir()
    (settings.runs_dir / "plain.txt").write_text("words")
    plain = answer("verify", settings.runs_dir / "plain.txt")
    assert not plain["ai_generated"] and plain["weights"] is None and plain["notes"]


def test_a_file_cannot_steer_the_terminal(run, tmp_path):
    from aigc_demo.media import save_image

    recipe = provenance.Recipe(task="image", model="m", request={"x": "\x9b2J\u202e\x1b[31m"})
    save_image(np.zeros((4, 4), np.uint8), tmp_path / "x.png", recipe)
    _, words, _ = run("verify", "x.png")
    assert all(char.isprintable() or char == "\n" for char in words)


def test_columns_line_up():
    lines = look.table([("数据集", "x"), ("a", "y")]).splitlines()
    assert lines == ["数据集  x", "a       y"]


def test_data_list(run, answer):
    assert {"digits", "fashion", "poems", "austen"} <= {card["id"] for card in answer("data", "list")["data"]}
    assert "MNIST 手写数字" in run("data", "list", "--lang", "zh")[1]


@pytest.fixture
def story(tmp_path):
    """A text to train on, a second's worth."""
    path = tmp_path / "story.txt"
    path.write_text("It was a dark and stormy night; the rain fell in torrents. " * 60, encoding="utf-8")
    return path


def train_words(story, name, *more):
    return (
        "train",
        "--family",
        "transformer",
        "--data",
        story,
        "--name",
        name,
        "--steps",
        4,
        "--save-every",
        2,
        *more,
    )


@pytest.mark.training
def test_train_leaves_a_model_that_the_other_commands_find(run, answer, story, settings):
    status, out, err = run(*train_words(story, "mine", "--seed", 5), "--json")
    assert status == 0, err
    found = json.loads(out)
    assert found["model"] == "runs/mine" and found["state"] == "done" and found["step"] == 4
    assert "4/4" in err and "loss" in err
    assert {"model.safetensors", "config.json", "README.md"} <= {
        p.name for p in (settings.runs_dir / "mine").iterdir()
    }
    (card,) = [card for card in answer("models")["models"] if card["id"] == "runs/mine"]
    assert card["tasks"] == ["text"] and card["parameters"] > 1000 and card["language"] == "en"
    assert answer("text", "--model", "runs/mine", "--prompt", "It was", "--max-new-tokens", 4)["texts"][0]
    weights = (settings.runs_dir / "mine" / "model.safetensors").stat()
    status, _, err = run(*train_words(story, "mine", "--seed", 5))  # nothing left to do
    assert status == 2 and "trained to its last step (4)" in err
    assert (settings.runs_dir / "mine" / "model.safetensors").stat() == weights


@pytest.mark.training
def test_ctrl_c_saves_and_the_same_command_goes_on_to_the_same_bits(run, story, settings, monkeypatch):
    from aigc_demo.cli.train import Meter

    with monkeypatch.context() as patch:
        patch.setattr(
            Meter, "show", lambda self, progress: progress.step == 2 and signal.raise_signal(signal.SIGINT)
        )
        before = signal.getsignal(signal.SIGINT)
        status, out, err = run(*train_words(story, "parts"))
        assert (status, out) == (130, "") and "Saving" in err and signal.getsignal(signal.SIGINT) is before
    assert load_state(settings.runs_dir / "parts")["step"] == 3
    assert run(*train_words(story, "parts"))[0] == 0
    assert run(*train_words(story, "whole"))[0] == 0
    parts, whole = (read_weights(settings.runs_dir / name) for name in ("parts", "whole"))
    assert all((parts[name] == whole[name]).all() for name in whole)


def test_a_stop_file_ends_a_run_and_says_how_to_go_on(run, story, settings, monkeypatch):
    from aigc_demo.cli.train import Meter

    stop = settings.runs_dir / "mine" / "STOP"
    monkeypatch.setattr(Meter, "show", lambda self, progress: stop.touch())
    status, out, _ = run(*train_words(story, "mine"))
    assert status == 0 and "stopped at step 2 of 4; the same command goes on" in out


def test_a_name_holds_one_training(run, story):
    assert run(*train_words(story, "mine"))[0] == 0
    status, _, err = run(*train_words(story, "mine", "--seed", 6))
    assert status == 2 and "with seed 0, not 6" in err


@pytest.mark.process
def test_jobs_are_listed_shown_stopped_and_deleted(run, answer, story, settings):
    assert run("jobs", "list")[:2] == (0, "job  family  data  state\n")
    assert run(*train_words(story, "mine"))[0] == 0
    (job,) = answer("jobs", "list")["jobs"]
    assert (job["name"], job["state"], job["step"]) == ("mine", "done", 4) and job["evaluation"]
    assert "done, step 4 of 4" in run("jobs", "show", "mine")[1]
    assert "已完成，第 4/4 步" in run("jobs", "list", "--lang", "zh")[1]
    assert run("jobs", "stop", "mine")[2] == "mine is not training; resume it first.\n"
    assert run("jobs", "resume", "mine", "--lang", "zh")[2].startswith("mine 已训练到最后一步")
    assert answer("jobs", "export", "mine", "--out", "mine.zip")["files"] == ["mine.zip"]
    assert answer("jobs", "import", "mine.zip", "--name", "again")["model"] == "runs/again"
    assert {card["id"] for card in answer("models")["models"]} >= {"runs/mine", "runs/again"}
    assert run("jobs", "delete", "mine")[0] == 0 and not (settings.runs_dir / "mine").exists()
    assert run("jobs", "show", "mine")[0] == 2


@pytest.mark.process
def test_a_plan_measures_and_leaves_nothing(run, answer, story, settings):
    found = answer(*train_words(story, "mine"), "--plan")
    assert found["verdict"] == "fits" and found["seconds"] > 0 and found["parameters"] > 1000
    assert not settings.runs_dir.exists()


@pytest.mark.parametrize("what", ["crowd", "soak", "marks"])
def test_what_went_from_the_bench_says_where_to(run, what):
    status, _, said = run("bench", what, "--sessions", "32", "--seconds", "300")
    assert status == 2 and f"python -m tests.load {what}" in said


def test_bench_takes_turns_and_compares_medians():
    calls = []
    ours, plain = take_turns(lambda: calls.append("a") or 3.0, lambda: calls.append("b") or 2.0, rounds=3)
    assert calls == ["a", "b"] * 4 and (ours, plain) == ([3.0] * 3, [2.0] * 3)
    slow = Comparison(Text("start", "启动"), "s", 1.25, [3, 1, 2], [1, 1, 1])
    fast = Comparison(Text("text", "文字"), "tokens/s", 1, [3, 1, 2], [1, 1, 1])
    assert slow.ratio == fast.ratio == 2 and not slow.met and fast.met
    assert slow.summary()["ours"] == {"median": 2.0, "min": 1.0, "max": 3.0}
    assert "2.00 (target <= 1.25)" in table([slow], "en") and "2000 ms [1000, 3000]" in table([slow], "zh")


def command(*words):
    return [sys.executable, "-m", "aigc_demo", *words]


def test_a_closed_pipe_is_no_traceback(debug_models):
    environment = {**os.environ, "AIGC_WEIGHTS_DIR": str(debug_models)}
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        command("models"), check=False, cwd=ROOT, env=environment, stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_looking_does_not_wait_for_torch():
    program = (
        "import sys\nfrom aigc_demo.__main__ import main\n"
        "assert main(['models']) == main(['data', 'list']) == 0\nassert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_ctrl_c_while_computing_leaves_quietly(monkeypatch, run):
    from aigc_demo import actions

    monkeypatch.setattr(actions, "make_images", lambda *_: signal.raise_signal(signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever ran before in this process
    assert run("image") == (130, "", "")
    signal.signal(signal.SIGINT, before)
