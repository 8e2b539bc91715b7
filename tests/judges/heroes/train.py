r"""Train the judge: $-\sum_s \log p_s(a_s \mid x + \sigma\varepsilon)$ on heroes that are dressed as it goes.

It sees pairs of attributes that painters never see, too, so that it is no better at the others. A little noise, of a
strength $\sigma$ that is drawn for each picture, keeps it from relying on exact bytes, which no painter gives.
"""

import json
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from aigc_demo.data.heroes import Heroes, open_material
from tests.judges.heroes.figures import Share, shares
from tests.judges.heroes.networks import Judge

SEED, CHECKED_SEED = 77_000_001, 77_000_002
BATCH, RATE, MOST_NOISE = 128, 3e-3, 0.08
CHECKED = 4000  # fresh heroes that its own accuracy is told of


def train(data: Path, out: Path, steps: int) -> dict[str, Share]:
    """Write model.safetensors (float16) and config.json to `out`; its accuracy by slot and over all parts."""
    material = open_material(data)
    slots = material.table.slots
    torch.manual_seed(SEED)
    judge = Judge([1 + len(slot.attributes) for slot in slots]).to(memory_format=torch.channels_last)
    fit(judge, material, steps)
    judge.eval().half()
    weights = {
        name: part.contiguous() for name, part in judge.state_dict().items() if "num_batches" not in name
    }
    judge.float()
    found = accuracy(judge, material)
    save_file(weights, out / "model.safetensors")
    said = {
        "attributes": {slot.key: [a.words.en for a in slot.attributes] for slot in slots},
        "trained_on": {"pictures": steps * BATCH, "seed": SEED},
        "own_accuracy": {name: share.said() for name, share in found.items()},
    }
    (out / "config.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return found


def fit(judge: Judge, material: Heroes, steps: int) -> None:
    """AdamW over one rise and fall of the rate, in bfloat16; prints how it goes."""
    generator = torch.Generator().manual_seed(SEED)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=RATE, weight_decay=0.02)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.15)
    start = time.monotonic()
    for step in range(1, steps + 1):
        heroes = material.sample(BATCH, generator)
        labels = material.labels(heroes) + 1
        x = material.compose(heroes).float() / 127.5 - 1
        noise = torch.rand(BATCH, 1, 1, 1, generator=generator) * MOST_NOISE
        x += noise * torch.randn(x.shape, generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            logits = judge(x.contiguous(memory_format=torch.channels_last))
        loss = sum(F.cross_entropy(slot.float(), labels[:, i]) for i, slot in enumerate(logits))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        rate.step()
        if step % 100 == 0:
            print(f"step {step}, loss {loss.item():.3f}, {time.monotonic() - start:.0f} s", flush=True)


def accuracy(judge: Judge, material: Heroes) -> dict[str, Share]:
    """Share of the parts of fresh heroes that it names right, by slot and over all."""
    heroes = material.sample(CHECKED, torch.Generator().manual_seed(CHECKED_SEED))
    found, _ = judge.judge(material.compose(heroes))
    return shares(found, material.labels(heroes), material.slots)
