"""Real runs of the presets on small data that is made here: what the doctor says of each.

python -m tests.training.doctor.runs      trains those of QUICK anew and writes their logs to recorded/
"""

import json
import tempfile
from importlib import import_module
from pathlib import Path
from pydoc_data.topics import topics

from aigc_demo.jobs.presets import presets
from aigc_demo.training.doctor import Doctor
from tests.training.doctor import chart

PRESETS = {preset.id: preset for preset in presets()}
RECORDED = Path(__file__).parent / "recorded"
# As few steps as show it.
QUICK = {
    "no-kl": {"steps": 80},
    "much-kl": {"steps": 60},
    "no-gradient-penalty": {"steps": 240},
    "small-text": {"steps": 90},
    "one-sentence": {"steps": 45},
    "gan-first": {"steps": 80},
    "vae-first": {"steps": 100, "batch_size": 32},
    "lm-first": {"steps": 40},
    "shuffled-labels": {"size": "small", "steps": 120, "batch_size": 32},
    "class-first": {"steps": 60, "batch_size": 32},
}


def recorded(preset_id):
    """The log of a run that was trained once, as `record` wrote it."""
    lines = (RECORDED / f"{preset_id}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def record(preset_id, folder):
    """Train a preset of QUICK and write its log, its figures to five digits."""
    log = trained(preset_id, folder, **QUICK[preset_id]).log()
    rows = [{key: rounded(value) for key, value in line.items()} for line in log]
    RECORDED.mkdir(exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (RECORDED / f"{preset_id}.jsonl").write_text(text, "utf-8")


def rounded(value):
    return float(f"{value:.5g}") if isinstance(value, float) else value


def told(family, log):
    """(step, name) of what the doctor says as a log grows."""
    doctor = Doctor(chart(family))
    found = [(line["step"], doctor(log[: at + 1])) for at, line in enumerate(log)]
    return [(step, event["name"]) for step, events in found for event in events]


def trained(preset_id, folder, seed=0, **settings):
    """Train a preset with a seed, some settings changed; the run folder."""
    from aigc_demo.models.run_folder import RunFolder
    from aigc_demo.training import TrainPlan, make_accelerator, train

    preset = PRESETS[preset_id]
    wanted = {**preset.settings, **settings}
    family, data = wanted.pop("family"), wanted.pop("data", "")
    prepared = DATA[data](folder / "data") if data else write_text(folder / "data", preset.text)
    plan = TrainPlan(data=prepared, run=folder / preset_id, seed=seed, **wanted)
    learner = import_module(f"aigc_demo.families.{family}.train").make_learner(plan, make_accelerator("cpu"))
    for _ in train(learner, plan, Doctor(chart(family))):
        pass
    return RunFolder(plan.run)


def named(run):
    """What the doctor or the loop named, in order."""
    return [event.get("name", event["kind"]) for event in run.events()]


def write_digits(folder, count=1500, classes=10):
    """scikit-learn's digits at 28 x 28, 200 of them held out; of one class they are all alike."""
    import torch
    from safetensors.torch import save_file
    from sklearn.datasets import load_digits
    from torch.nn import functional as F

    data = load_digits()
    small = torch.tensor(data.images, dtype=torch.float32)[:, None] * (255 / 16)
    images = F.interpolate(small, size=28, mode="bicubic").clamp(0, 255).round().byte()[:, 0]
    labels = torch.tensor(data.target).byte() * (classes > 1)
    folder.mkdir(parents=True)
    splits = {"test": slice(0, 200), "train": slice(200, 200 + count)}
    tensors = {f"{split}_images": images[rows].contiguous() for split, rows in splits.items()}
    tensors |= {f"{split}_labels": labels[rows].contiguous() for split, rows in splits.items()}
    save_file(tensors, folder / "images.safetensors")
    names = [str(digit) for digit in range(10)] if classes > 1 else ["all"]
    write_source(folder, classes={"en": names, "zh": names})
    return folder


def write_shapes(folder):
    """The catalogue's coloured shapes, which are drawn by code."""
    from aigc_demo.data import catalogue, shapes

    folder.mkdir(parents=True)
    shapes.prepare(folder, folder)
    write_source(folder, classes=catalogue()["shapes"].classes)
    return folder


def write_text(folder, text):
    """One document, the last tenth of it held out."""
    folder.mkdir(parents=True)
    at = len(text) * 9 // 10
    lines = [{"text": text[:at], "held_out": False}, {"text": text[at:], "held_out": True}]
    (folder / "texts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    write_source(folder, language="en")
    return folder


def write_source(folder, **facts):
    source = {"name": "tests", "source": "made here", "counts": {}, "sha256": "", **facts}
    (folder / "source.json").write_text(json.dumps(source), "utf-8")


# Stand-ins of the catalogue's data sets; the prose is Python's own manual.
DATA = {
    "digits": write_digits,
    "shapes": write_shapes,
    "few-digits": lambda folder: write_digits(folder, count=20, classes=1),
    "austen": lambda folder: write_text(folder, "\n\n".join(topics.values())[:200_000]),
}


if __name__ == "__main__":
    for name in QUICK:
        with tempfile.TemporaryDirectory() as folder:
            record(name, Path(folder))
        print(name, told(PRESETS[name].settings["family"], recorded(name)), flush=True)
