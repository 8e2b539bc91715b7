from dataclasses import replace

import pytest
import torch

from aigc_demo.families.transformer.decoding import FastDecoder
from aigc_demo.families.transformer.networks import Cache, Decoder, Shape, attend, rope_tables, rotate

SHAPE = Shape(vocab_size=40, hidden_size=32, layers=3, heads=4, intermediate_size=48, context_length=24)


@pytest.fixture(scope="module", params=[False, True], ids=["llama", "qwen3"])
def network(request) -> Decoder:
    torch.manual_seed(0)
    network = Decoder(replace(SHAPE, qk_norm=request.param)).eval().requires_grad_(False)
    for (
        weight
    ) in network.parameters():  # larger than at the start of training, so that attention is not uniform
        weight.copy_(
            1 + 0.3 * torch.randn_like(weight) if weight.ndim == 1 else 0.3 * torch.randn_like(weight)
        )
    return network


@pytest.fixture(scope="module")
def ids() -> torch.Tensor:
    return torch.randint(0, 40, (2, 20), generator=torch.Generator().manual_seed(1))


def test_a_later_token_changes_nothing_before_it(network, ids):
    changed = ids.clone()
    changed[:, 12] = (ids[:, 12] + 1) % 40
    before, after = network(ids), network(changed)
    assert torch.allclose(before[:, :12], after[:, :12], atol=1e-5)
    assert not torch.allclose(before[:, 12:], after[:, 12:], atol=1e-2)


def test_reading_in_pieces_with_a_cache_equals_reading_at_once(network, ids):
    cache = Cache(SHAPE, batch=2)
    pieces = [network(part, cache) for part in ids.split([5, 1, 9, 5], dim=1)]
    assert cache.length == 20
    assert torch.allclose(torch.cat(pieces, dim=1), network(ids), atol=1e-4)


def test_the_folded_decoder_gives_the_same_logits(network, ids):
    fast = FastDecoder(network)
    cache = fast.new_cache(2)
    rows = [fast.read(ids[:, :7], cache)] + [fast.read(ids[:, t : t + 1], cache) for t in range(7, 20)]
    assert torch.allclose(torch.stack(rows, dim=1), network(ids)[:, 6:], atol=1e-4)


def test_an_expanded_cache_goes_on_like_the_one_it_came_from(network, ids):
    fast = FastDecoder(network)
    cache = fast.new_cache(1)
    fast.read(ids[:1, :7], cache)
    many = fast.expand(cache, 3)
    assert torch.allclose(
        fast.read(ids[:1, 7:8].expand(3, -1), many), fast.read(ids[:1, 7:8], cache).expand(3, -1), atol=1e-5
    )


def test_rotary_scores_depend_on_the_distance_only():
    tables = rope_tables(SHAPE)
    q, k = torch.randn(2, 1, SHAPE.head_size, generator=torch.Generator().manual_seed(0))

    def score(s: int, t: int) -> float:
        return float(rotate(q, tables[:, s : s + 1]) @ rotate(k, tables[:, t : t + 1]).T)

    assert score(3, 1) == pytest.approx(score(20, 18), abs=1e-4)
    assert score(3, 1) != pytest.approx(score(3, 2), abs=1e-2)


def test_attention_rows_sum_to_one_and_look_back_only(network, ids):
    weights = network.attentions(ids)
    assert weights.shape == (2, 3, 4, 20, 20)
    assert torch.allclose(weights.sum(-1), torch.ones(2, 3, 4, 20), atol=1e-5)
    assert weights.triu(1).abs().max() == 0


def test_attention_in_half_precision_is_that_in_full_and_sees_nothing_later():
    q, k, v = (
        torch.randn(3, 2, 4, 20, 8, generator=torch.Generator().manual_seed(2)).requires_grad_().unbind()
    )
    whole, half = attend(q, k, v), attend(q.bfloat16(), k.bfloat16(), v.bfloat16())
    assert torch.allclose(half.float(), whole, atol=0.05)
    (slope,) = torch.autograd.grad(half[:, :, 7].float().sum(), v)
    assert slope[:, :, :8].abs().min() > 0 and not slope[:, :, 8:].any()


def test_the_network_is_that_of_transformers_parameter_by_parameter(network, ids):
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

    normed = network.shape.qk_norm
    config_of, model_of = (Qwen3Config, Qwen3ForCausalLM) if normed else (LlamaConfig, LlamaForCausalLM)
    config = config_of(
        vocab_size=40,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=8,
        max_position_embeddings=24,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
    )
    theirs = model_of(config).eval()
    missing, unexpected = theirs.load_state_dict(network.state_dict(), strict=False)
    assert (missing, unexpected) == (["lm_head.weight"], [])
    theirs.tie_weights()
    with torch.no_grad():
        assert torch.allclose(theirs(ids).logits, network(ids), atol=1e-4)
