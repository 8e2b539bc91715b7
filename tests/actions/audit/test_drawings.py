"""The look at what is drawn from words: held-out captions are drawn, and laid beside the training pictures nearest to them."""

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from aigc_demo.actions.audit import AuditRequest, can_audit, look_closer
from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.data import captioned
from aigc_demo.data.imports.manifest import FILE
from aigc_demo.families import diffusion
from aigc_demo.runtime.registry import find_card
from tests.families.diffusion.test_own_train import write_shapes

CARD = """---
aigc:
  family: diffusion
  tasks: [draw]
  title: {en: Mine, zh: 我的}
  summary: {en: Mine, zh: 我的}
  parameters: 1
  licence: MIT
  data: mine
---
"""


@pytest.fixture
def folder(settings):
    """A painter that has learned nothing, and the coloured shapes that its card names."""
    run = settings.runs_dir / "painter"
    run.mkdir(parents=True)
    diffusion.write_debug_model(run)
    (run / "README.md").write_text(CARD, encoding="utf-8")
    data = write_shapes(settings.own_data_dir / "mine", held_out=32)
    (data / FILE).write_text("{}")
    return data


def test_held_out_captions_are_drawn_and_compared(cache, settings, folder):
    card = find_card("runs/painter", settings)
    assert can_audit(card)
    shares = []
    found = look_closer(AuditRequest(model=card.id, seed=3), cache, progress=shares.append)
    assert found.count == 32 and found.compared == 160 and found.generated is None
    assert 0 <= found.copies_held_out < 0.2 and len(found.pairs) == 8
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    known = captioned.open_material(folder).seen(1000).pictures.movedim(1, 3).numpy()
    for pair in found.pairs:
        apart = np.abs(known.astype(int) - pair.sample).astype(float) ** 2
        assert np.array_equal(known[apart.sum((1, 2, 3)).argmin()], pair.training)
    again = look_closer(AuditRequest(model=card.id, seed=3), cache)
    assert np.array_equal(again.pairs[0].sample, found.pairs[0].sample)


def test_what_it_has_learnt_is_no_measure_where_nothing_was_held_out(cache, settings, folder):
    path = folder / "images.safetensors"
    arrays = {name: part[:0] if name.startswith("test") else part for name, part in load_file(path).items()}
    save_file(arrays, path)
    found = look_closer(AuditRequest(model="runs/painter", count=20), cache)
    assert found.count == 20 and found.copies_held_out is None


def test_it_stops_and_says_when_there_is_too_little(cache, folder):
    with pytest.raises(Stopped):
        look_closer(AuditRequest(model="runs/painter"), cache, stop=lambda: True)
    with pytest.raises(InputError, match="3 samples"):
        look_closer(AuditRequest(model="runs/painter", count=3), cache)
