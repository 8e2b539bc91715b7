"""What the version before the tables made (commit 2ef92b6) opens, restores its settings and is made again.

Written there by `train --steps 6 --seed 7` (families gan and transformer), and by image, walk and text, with these runs or
with a shipped model that is still the same.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aigc_demo import actions, provenance
from aigc_demo.actions.perform import perform
from aigc_demo.core.settings import ROOT, Settings
from aigc_demo.jobs import Jobs
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import as_code, task_of

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The shipped models and the earlier run."""
    own = tmp_path_factory.mktemp("own")
    folders = {
        "weights_dir": ROOT / "weights",
        "runs_dir": HERE / "runs",
        "data_dir": own,
        "outputs_dir": own,
    }
    return ModelCache(Settings(**folders, device="cpu", offline=True))


def made_again(name, cache, tmp_path):
    """The file that its own recipe makes now, beside the recipe."""
    recipe = provenance.read(HERE / name).recipe
    request = as_code.request_of(recipe.task, recipe.request)
    task = task_of(request)
    writer = getattr(actions, task.writer)
    path = writer(perform(task, request, cache), tmp_path, Path(name).suffix)
    made = provenance.read(path).recipe
    assert made.request.items() >= recipe.request.items()  # and what fields that are new since then stood for
    assert made == recipe.model_copy(update={"request": made.request})
    return path


def assert_same(a, b):
    """Equal, but for a level here and there: processors round differently."""
    apart = np.abs(a.astype(int) - b.astype(int))
    assert a.shape == b.shape and apart.max() <= 1 and (apart > 0).mean() < 0.001


@pytest.mark.parametrize("name", ["pictures.png", "drawn.png"])
def test_pictures_are_the_same_pixels(name, cache, tmp_path):
    path = made_again(name, cache, tmp_path)
    assert_same(np.asarray(Image.open(path)), np.asarray(Image.open(HERE / name)))


def frames(path):
    """Of an MP4, (F, H, W, 3)."""
    import av

    with av.open(str(path)) as film:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]).astype(int)


def test_a_film_has_the_same_frames(cache, tmp_path):
    now, then = frames(made_again("walk.mp4", cache, tmp_path)), frames(HERE / "walk.mp4")
    assert now.shape == then.shape and np.abs(now - then).mean() < 0.1


def test_a_text_has_the_same_words(cache, tmp_path):
    now = made_again("poem.txt", cache, tmp_path)
    assert now.read_text("utf-8").split("\n\n")[1] == (HERE / "poem.txt").read_text("utf-8").split("\n\n")[1]


def test_a_run_is_listed_with_its_log_and_its_card(cache):
    jobs = {job.name: job for job in Jobs(cache.settings).list()}
    assert jobs.keys() == {"gan-before", "gpt-before"}
    assert all((job.state, job.step, job.usable) == ("done", 6, True) for job in jobs.values())
    assert len(jobs["gan-before"].log()) == 6
    card = registry.find_card("runs/gan-before", cache.settings, "latent")
    assert card.family == "gan" and card.tasks == ("image", "latent")
