"""Real runs of the presets on small data that is made here: what the doctor says of each."""

import json
from importlib import import_module
from pydoc_data.topics import topics

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from aigc_demo.jobs.presets import presets
from aigc_demo.models.run_folder import RunFolder
from aigc_demo.training import TrainPlan, make_accelerator, train
from aigc_demo.training.doctor import Doctor
from tests.training.doctor import chart

PRESETS = {preset.id: preset for preset in presets()}


def trained(preset_id, folder, seed=0, **settings):
    """Train a preset with a seed, some settings changed; the run folder."""
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
    from sklearn.datasets import load_digits

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
    "few-digits": lambda folder: write_digits(folder, count=20, classes=1),
    "austen": lambda folder: write_text(folder, "\n\n".join(topics.values())[:200_000]),
}
