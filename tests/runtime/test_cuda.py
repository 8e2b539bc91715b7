"""What only a GPU can show: offloaded models, half precision, and memory that really runs out. Skipped without one."""

import gc

import pytest
import torch

from aigc_demo import actions
from aigc_demo.core.errors import InputError
from aigc_demo.models.placement import Placement
from aigc_demo.runtime import registry
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.schemas import ChatRequest, DrawRequest, Message
from tests.checkpoints import diffusion, keep_card, language

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
GPU = Placement("cuda", "bfloat16")
TASKS = ("draw", "redraw", "inpaint", "latent")


@pytest.fixture
def settings(settings, tmp_path):
    settings = settings.model_copy(update={"device": "cuda"})
    keep_card(
        settings,
        language.write_llama(tmp_path / "llama"),
        "llama",
        "transformer",
        "causal_lm",
        ("text", "chat"),
    )
    keep_card(settings, diffusion.write_sd(tmp_path / "sd"), "sd", "diffusion", "text_to_image", TASKS)
    return settings


def drawn(cache, **changes):
    request = DrawRequest(model="sd", prompt="a fox", num_inference_steps=3, **changes)
    return list(actions.draw(request, cache))[-1].pictures


def answered(cache):
    asked = [Message(role="user", content="Hello")]
    request = ChatRequest(model="llama", messages=asked, temperature=0, max_new_tokens=8)
    return list(actions.chat(request, cache))[-1].text


@pytest.mark.parametrize("offload", ["model", "layers"])
@pytest.mark.parametrize("sliced", [False, True])
def test_offloaded_models_give_the_same(settings, monkeypatch, offload, sliced):
    plain = ModelCache(settings)
    picture, text = drawn(plain), answered(plain)
    placement = Placement("cuda", "bfloat16", offload, sliced)
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda card, _: load(card, placement))
    small = ModelCache(settings)
    assert answered(small) == text
    assert abs(drawn(small).astype(int) - picture.astype(int)).max() <= 8


def test_where_memory_really_runs_out_a_smaller_way_or_a_sentence_helps_and_the_next_request_succeeds(
    settings,
):
    cache = ModelCache(settings)
    drawn(cache)
    gc.collect()
    before = torch.cuda.memory_allocated()
    torch.cuda.empty_cache()
    free, total = torch.cuda.mem_get_info()
    torch.cuda.set_per_process_memory_fraction((total - free + (64 << 20)) / total)
    try:
        assert drawn(cache, width=2048, height=2048).shape == (1, 2048, 2048, 3)
    except InputError as error:
        assert "Memory ran out" in error.text.en
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert drawn(cache).shape == (1, 32, 32, 3)
    gc.collect()
    assert torch.cuda.memory_allocated() <= before * 1.05
