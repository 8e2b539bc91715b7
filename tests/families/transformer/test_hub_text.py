"""Pretrained language models: the same tokens as transformers writes, alone or together, with and without adapters."""

import pytest
import torch

from aigc_demo.core.errors import InputError, Stopped
from aigc_demo.core.words import Text
from aigc_demo.families.transformer import load_pretrained
from aigc_demo.families.transformer.continuous_batching import GenerationRequest
from aigc_demo.families.transformer.rewriting import SUMMARISE
from aigc_demo.language.sampling import Settings
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.placement import Placement
from aigc_demo.schemas import TextRequest
from tests.checkpoints.language import CORPUS, write_llama

GREEDY = Settings(temperature=0.0)
HELLO = [{"role": "user", "content": "你好！请写一首诗。"}]


def card_of(folder):
    words = Text(en="Random", zh="随机")
    return ModelCard(
        id="test/llama", folder=folder, family="transformer", kind="causal_lm", tasks=("text", "chat"),
        title=words, summary=words, parameters=40_000, licence="mit", data="",
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def model(folder):
    return load_pretrained(card_of(folder), Placement())


def ids_of(steps, sample=0):
    return [step.tokens[sample].id for step in steps if step.tokens[sample]]


def test_a_model_whose_layers_come_to_the_device_by_turns_writes_the_same(model, folder):
    turns = load_pretrained(card_of(folder), Placement(offload="layers"))
    assert turns.network.device.type == "meta"
    for name in ("text", "attention"):
        ours, theirs = (
            ids_of(one.generate("The bank", temperature=0.0, max_new_tokens=20))
            if name == "text"
            else one.attentions(one.encode_prompt("The bank"))[1].tolist()
            for one in (turns, model)
        )
        assert ours == theirs


@pytest.mark.parametrize("prompt", ["The bank", CORPUS[3], ""])
def test_greedy_text_is_that_of_transformers_generate(model, prompt):
    ids = model.encode_prompt(prompt)
    asked = torch.tensor([ids])
    theirs = model.network.generate(
        asked, attention_mask=torch.ones_like(asked), do_sample=False, max_new_tokens=120
    )[0, len(ids) :].tolist()
    ours = ids_of(model.generate(prompt, temperature=0.0, max_new_tokens=120))
    assert ours == [token for token in theirs if token not in model.pieces.ends]


def test_greedy_answer_is_that_of_transformers_generate(model):
    read = model.converse(HELLO, "Be brief.", 50)
    text = model.tokenizer.decode(read.ids)
    assert text.startswith("<|im_start|>system\nBe brief.") and text.endswith("<|im_start|>assistant\n")
    theirs = model.network.generate(torch.tensor([read.ids]), do_sample=False, max_new_tokens=50)
    ours = [token.id for token in model.chat(HELLO, "Be brief.", temperature=0.0, max_new_tokens=50)]
    assert ours == [token for token in theirs[0, len(read.ids) :].tolist() if token not in model.pieces.ends]


def test_texts_written_together_are_those_written_alone(model):
    """Three readers come one after another, two leave early; nobody's text depends on the others."""
    requests = [
        GenerationRequest(model.encode_prompt(text), Settings(0.8, 20, 0.9, 1.1), length, seed, count)
        for text, length, seed, count in ((CORPUS[0], 40, 1, 1), ("你", 12, 2, 3), (CORPUS[4], 25, 3, 1))
    ]
    alone = []
    for request in requests:
        batch = model.batch()
        batch.add(request)
        alone.append([step.tokens for step in steps_of(batch)])
    batch, together = model.batch(), {}
    for request in requests:
        group = batch.add(request)
        together[group.request.seed] = []
        for _ in range(5):
            note_steps(batch, together)
    while batch.running:
        note_steps(batch, together)
    for request, tokens in zip(requests, alone, strict=True):
        for mine, theirs in zip(tokens, together[request.seed], strict=True):
            assert [token and token.id for token in mine] == [token and token.id for token in theirs]
            assert mine[0] is None or mine[0].probability == pytest.approx(theirs[0].probability, abs=1e-4)


def steps_of(batch):
    while batch.running:
        for _, step in batch.step():
            if step:
                yield step


def note_steps(batch, found):
    for group, step in batch.step():
        if step:
            found[group.request.seed].append(step.tokens)


def test_sample_i_is_the_first_of_seed_plus_i(model):
    many = list(model.generate("The", count=3, seed=4, max_new_tokens=20))
    one = list(model.generate("The", count=1, seed=6, max_new_tokens=20))
    assert ids_of(many, 2) == ids_of(one)


def test_text_is_what_the_tokens_say_and_never_half_a_character(model):
    steps = list(model.generate(CORPUS[5], seed=3, max_new_tokens=60))
    written = "".join(step.tokens[0].text for step in steps)
    whole = model.tokenizer.decode(ids_of(steps), skip_special_tokens=True)
    assert whole.startswith(written) and len(whole) - len(written) <= 3
    write = model.pieces.writer()
    told = [write(token) for token in model.tokenizer(CORPUS[3]).input_ids]
    assert "".join(told) == CORPUS[3] and "�" not in "".join(told)


def test_a_text_goes_on_from_a_beginning_by_the_same_numbers(model):
    asked = {"seed": 3, "max_new_tokens": 40, "top_k": 5}
    kept = " by the river"
    first = list(model.generate("The bank", continue_from=kept, **asked))
    told = "".join(step.tokens[0].text for step in first)
    assert told.startswith(kept) and len(first) > len(model._behind("The bank", kept))
    assert model.tokenizer.decode(ids_of(first)[: len(model._behind("The bank", kept))]) == kept
    again = list(model.generate("The bank", continue_from=" by the", **asked))
    assert ids_of(again)[: len(model._behind("The bank", " by the"))] == model._behind("The bank", " by the")
    asked, _ = model.chat_request(
        [{"role": "user", "content": "Hi"}], "", 30, 5, lambda: False, continue_from="The bank by"
    )
    batch = model.batch()
    batch.add(asked)
    said = "".join(step.tokens[0].text for step in steps_of(batch))
    assert said.startswith("The bank by") and len(said) > len("The bank by")
    with pytest.raises(InputError, match="kept beginning"):
        model.chat_request(
            [{"role": "user", "content": "Hi"}], "", 3, 5, lambda: False, continue_from="The bank by"
        )


def test_odds_are_the_models_own(model):
    step = next(model.generate("The bank", temperature=0.0))
    ids = torch.tensor([model.encode_prompt("The bank")])
    with torch.inference_mode():
        odds = model.network(ids).logits[0, -1].softmax(-1)
    token = step.tokens[0]
    assert token.probability == pytest.approx(odds.max().item(), abs=1e-5)
    assert [p for _, p in token.alternatives] == pytest.approx(odds.topk(8).values.tolist(), abs=1e-5)


def test_attention_of_all_heads(model):
    labels, weights = model.attentions(model.encode_prompt("The bank by the river"))
    assert "".join(labels) == "The bank by the river"
    assert weights.shape == (2, 4, len(labels), len(labels))
    assert torch.allclose(weights.sum(-1), torch.ones(2, 4, len(labels)), atol=1e-5)
    assert weights.triu(1).abs().max() == 0
    assert model.network.config._attn_implementation == "sdpa"


def test_of_a_long_text_the_attention_of_its_end_is_shown(model):
    labels, weights = model.attentions([*range(10, 200), *range(10, 200)])
    assert weights.shape == (2, 4, 256, 256) and labels[-1] == model.pieces.label(199)


def test_stop_ends_within_a_token_also_while_a_prompt_is_read(model):
    said = []
    for step in model.generate("The", max_new_tokens=100, stop=lambda: len(said) >= 3):
        said.append(step)
    assert len(said) <= 3
    with pytest.raises(Stopped):
        model.batch().add(GenerationRequest([1, 2, 3], GREEDY, 5, stop=lambda: True))


def test_a_long_prompt_is_cut_and_said_so(model):
    long = "春" * 400
    assert len(model.encode_prompt(long)) == 192
    note = model.check_prompt(long)
    assert "192" in note.en and "192" in note.zh
    assert model.check_prompt("short") is None
    assert len(list(model.generate(long, max_new_tokens=500, temperature=0.0))) <= 64


def test_a_long_conversation_loses_its_oldest_turns(model):
    turns = [{"role": role, "content": "春眠不觉晓，处处闻啼鸟。"} for role in ("user", "assistant") * 4][:-1]
    read = model.converse(turns, "", 60)
    assert read.messages < len(turns) and read.messages % 2 == 1
    assert len(read.ids) <= 256 - 60
    with pytest.raises(InputError, match="shorten"):
        model.converse([{"role": "user", "content": "春" * 300}], "", 60)
    with pytest.raises(InputError, match="user"):
        model.converse(turns[:2], "", 60)


def test_a_model_without_a_template_does_not_chat(tmp_path):
    plain = load_pretrained(card_of(write_llama(tmp_path, chat=False)), Placement())
    with pytest.raises(InputError, match="conversations"):
        plain.converse(HELLO, "", 10)


def test_settings_are_those_of_the_request(model):
    request = TextRequest(model="test/llama", prompt="The", max_new_tokens=5)
    asked = request.model_dump(exclude={"model", "prompt", "adapter", "adapter_weight"})
    assert 0 < len(list(model.generate("The", stop=lambda: False, **asked))) <= 5


def write_adapter(folder, target, seed, scale=0.5):
    """A LoRA of random weights as peft writes it, for the Llama in `folder`."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    adapted = get_peft_model(
        AutoModelForCausalLM.from_pretrained(folder),
        LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"),
    )
    generator = torch.Generator().manual_seed(seed)
    for name, weight in adapted.named_parameters():
        if "lora_" in name:
            weight.data = scale * torch.randn(weight.shape, generator=generator)
    adapted.save_pretrained(target)
    return adapted


@torch.inference_mode()
def logits(network):
    return network(torch.arange(12)[None]).logits


def test_adapters_switch_and_off_is_the_base_exactly(folder, tmp_path):
    model = load_pretrained(card_of(folder), Placement())
    base = logits(model.network)
    adapted = [write_adapter(folder, tmp_path / name, seed) for seed, name in enumerate("ab")]
    for name, peft_model in zip("ab", adapted, strict=True):
        model.set_adapter(tmp_path / name, 1.0)
        assert torch.allclose(logits(model.network), logits(peft_model), atol=1e-5)
        assert not torch.allclose(logits(model.network), base, atol=1e-2)
    model.set_adapter(tmp_path / "a", 0.5)
    half = logits(model.network)
    model.set_adapter(None, 0.0)
    assert torch.equal(logits(model.network), base)
    model.set_adapter(tmp_path / "a", 0.5)
    assert torch.equal(logits(model.network), half)
    model.set_adapter(tmp_path / "a", 0.0)
    assert torch.allclose(logits(model.network), base, atol=1e-6)


def test_an_adapter_that_was_trained_on_is_read_again(folder, tmp_path):
    model = load_pretrained(card_of(folder), Placement())
    write_adapter(folder, tmp_path, 1)
    model.set_adapter(tmp_path, 1.0)
    before = logits(model.network)
    write_adapter(folder, tmp_path, 2)
    model.set_adapter(tmp_path, 1.0)
    assert not torch.allclose(logits(model.network), before, atol=1e-2)


def test_an_adapter_of_another_model_is_refused_and_changes_nothing(folder, tmp_path):
    other = write_llama(tmp_path / "other", hidden_size=16)
    write_adapter(other, tmp_path / "lora", 1)
    model = load_pretrained(card_of(folder), Placement())
    base = logits(model.network)
    for path in (tmp_path / "lora", tmp_path / "missing"):
        with pytest.raises(InputError, match="does not fit"):
            model.set_adapter(path, 1.0)
    model.set_adapter(None, 0.0)
    assert torch.equal(logits(model.network), base)


def test_a_chat_model_sums_up_and_shows_where_it_looked(model):
    """As the chat tab would have it answer the same conversation greedily; the map's rows are shares of the source."""
    [part] = model.cut("The bank by the river was closed.", "summarise")
    written = list(model.write(part, 12, 1, lambda: False))
    asked = model.converse([{"role": "user", "content": "The bank by the river was closed."}], SUMMARISE, 1)
    assert part.ids == asked.ids
    theirs = model.network.generate(torch.tensor([part.ids]), do_sample=False, max_new_tokens=12)
    assert [token.id for token in written] == theirs[0, len(part.ids) :].tolist()[: len(written)]
    seen = model.look([part], [written], len(part.source))
    assert seen.shape == (len(written), len(part.source))
    torch.testing.assert_close(torch.tensor(seen).sum(1), torch.ones(len(written)))
    with pytest.raises(InputError, match="Beams"):
        next(model.write(part, 12, 2, lambda: False))


def test_a_long_text_is_summed_up_in_parts_that_fit(model):
    text = "\n\n".join(CORPUS[:3] * 6)
    parts = model.cut(text, "summarise")
    assert len(parts) > 1 and all(len(part.ids) < model.context_length for part in parts)
    assert parts[0].behind.startswith("\n") or parts[0].behind == " "


def test_only_a_model_of_both_languages_translates(model):
    with pytest.raises(InputError, match="does not translate"):
        model.cut("Good morning.", "translate")
    model.language = "en, zh"
    try:
        assert model.cut("Good morning.", "translate") and model.cut("早上好。", "translate")
    finally:
        model.language = ""
