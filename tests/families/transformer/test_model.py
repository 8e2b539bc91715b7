import json

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families import transformer
from aigc_demo.language.forms import FORMS, check_form


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    for language in ("zh", "en"):
        transformer.write_debug_model(root / language, seed=0, language=language)
    return root


@pytest.fixture(scope="module")
def verse(folders):
    return transformer.load(folders / "zh", "cpu")


@pytest.fixture(scope="module")
def prose(folders):
    return transformer.load(folders / "en", "cpu")


def write(model, prompt, **settings):
    texts = [""] * settings.get("count", 1)
    for step in model.generate(prompt, **settings):
        texts = [text + (token.text if token else "") for text, token in zip(texts, step.tokens, strict=True)]
    return texts


def test_a_loaded_model_says_what_it_is(verse, prose):
    assert (verse.language, verse.forms, verse.context_length) == ("zh", tuple(FORMS), 96)
    assert (prose.language, prose.forms, prose.layers, prose.heads) == ("en", (), 2, 2)


def test_transformers_loads_the_folder_strictly_with_the_same_logits(folders, verse):
    from transformers import AutoModelForCausalLM

    theirs, report = AutoModelForCausalLM.from_pretrained(
        folders / "zh", dtype=torch.float32, output_loading_info=True
    )
    assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"]
    ids = torch.tensor([verse.encode_prompt("春望", "qijue")])
    with torch.no_grad():
        assert torch.allclose(theirs(ids).logits, verse.network(ids), atol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_an_acrostic_is_exact_whatever_the_model(verse, form):
    heads = "春夏秋冬" if FORMS[form].lines == 4 else "春夏秋冬风雨江山"
    for seed in range(0, 50, 10):
        for text in write(verse, "四季", form=form, heads=heads, count=10, seed=seed, max_new_tokens=90):
            assert check_form(text, form)
            lines = text.replace("。", "，").split("，")[:-1]
            assert "".join(line[0] for line in lines) == heads


def test_sample_i_of_a_seed_is_sample_0_of_seed_plus_i(verse):
    three = write(verse, "春望", form="wujue", count=3, seed=4, max_new_tokens=20)
    assert write(verse, "春望", form="wujue", count=3, seed=4, max_new_tokens=20) == three
    assert write(verse, "春望", form="wujue", count=1, seed=6, max_new_tokens=20) == three[2:]
    assert len(set(three)) == 3


def test_temperature_zero_is_greedy(verse):
    for step in verse.generate("春望", form="wujue", temperature=0.0, max_new_tokens=5):
        text, probability = step.tokens[0].alternatives[0]
        special = [name for name, _ in step.tokens[0].alternatives if name.startswith("<")]
        assert special or (step.tokens[0].text, step.tokens[0].probability) == (text, probability)


def test_each_token_comes_with_the_models_own_odds(verse):
    ids = verse.encode_prompt("春望", "wujue")
    step = next(verse.generate("春望", form="wujue", count=2, temperature=0.5, top_k=3))
    own = verse.network(torch.tensor([ids]))[0, -1].softmax(-1)
    for token in step.tokens:
        assert token.probability == pytest.approx(own[token.id].item(), rel=1e-3)
        assert [p for _, p in token.alternatives] == pytest.approx(own.topk(8).values.tolist(), rel=1e-3)


@pytest.mark.parametrize(("heads", "prompt_is"), [("", "title"), ("春夜", "title"), ("", "opening")])
def test_a_poem_goes_on_from_any_of_its_places_in_its_form(verse, heads, prompt_is):
    asked = {"form": "wujue", "heads": heads, "prompt_is": prompt_is, "seed": 5, "max_new_tokens": 30}
    given = "春" if prompt_is == "opening" else ""
    first = write(verse, "春", continue_from="" if heads else "夏秋冬风雨，"[len(given) :], **asked)[0]
    for place in (6, 9, 16):
        kept = first[:place]
        assert write(verse, "春", continue_from=kept, **asked)[0] == first
    other = first[:9] + ("江" if verse.tokenizer.token_to_id("江") and first[9] not in "，。" else first[9])
    text = write(verse, "春", continue_from=other, **asked)[0]
    assert text.startswith(other) and check_form(given + text, "wujue")


def test_a_beginning_that_breaks_the_form_or_fills_the_limit_is_a_sentence(verse, prose):
    for kept, said in (
        ("春，", "breaks the form"),
        ("春夏秋冬风雨", "breaks the form"),
        ("春🎈", "does not know"),
    ):
        with pytest.raises(InputError, match=said):
            next(verse.generate("春望", form="wujue", continue_from=kept))
    with pytest.raises(InputError, match="raise the length limit"):
        next(verse.generate("春望", form="wujue", continue_from="春夏", max_new_tokens=2))
    text = write(prose, "It is", continue_from=" a truth", max_new_tokens=12)[0]
    assert text.startswith(" a truth")


def test_stop_is_asked_at_every_token(verse):
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 3

    assert len(list(verse.generate("春望", form="qilu", stop=stop))) == 3


def test_prose_goes_on_past_its_context_and_is_valid_text(prose):
    texts = write(prose, "It is a truth", count=3, max_new_tokens=80)
    assert prose.context_length == 32
    for text in texts:
        text.encode()


def test_traditional_prompts_read_like_simplified_ones(verse):
    assert verse.encode_prompt("靜夜思", "wujue") == verse.encode_prompt("静夜思", "wujue")


def test_an_opening_begins_the_poem(verse):
    ids = verse.encode_prompt("床前明月光，", "wujue", "opening")
    assert verse.tokenizer.decode(ids, skip_special_tokens=False) == "<s><wujue><sep>床前明月光，"
    with pytest.raises(InputError):
        verse.encode_prompt("床前明月光，疑是地上霜。" * 2, "wujue", "opening")


def test_unknown_characters_are_named(verse):
    assert verse.check_prompt("春望") is None
    assert "🙂" in verse.check_prompt("春🙂望").en
    assert verse.encode_prompt("春🙂望", "wujue") == verse.encode_prompt("春望", "wujue")
    with pytest.raises(InputError, match="🙂"):
        verse.check_prompt("🙂")


@pytest.mark.parametrize(
    "wrong",
    [
        {"form": "haiku"},
        {"count": 0},
        {"count": 10**9},
        {"max_new_tokens": 0},
        {"temperature": float("nan")},
        {"heads": "🙂"},
        {"heads": "春" * 5},
        {"heads": "春", "prompt_is": "opening"},
        {"prompt_is": "colophon"},
    ],
)
def test_bad_requests_are_sentences(verse, wrong):
    with pytest.raises(InputError) as caught:
        next(verse.generate("春望", **{"form": "wujue", **wrong}))
    assert caught.value.text.en and caught.value.text.zh


def test_a_prompt_of_a_megabyte_is_refused_and_prose_has_no_heads(prose):
    with pytest.raises(InputError):
        next(prose.generate("a" * 10**6))
    with pytest.raises(InputError):
        next(prose.generate("It is", heads="春"))


def test_attention_labels_tokens_and_sums_to_one(verse):
    ids = verse.encode_prompt("春望", "wujue")
    labels, weights = verse.attentions(ids)
    assert labels == ["<s>", "<wujue>", "春", "望", "<sep>"]
    assert torch.allclose(weights.sum(-1), torch.ones(2, 2, 5), atol=1e-5)


def test_a_config_that_is_no_llama_is_refused(folders, tmp_path):
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_bytes((folders / "zh" / name).read_bytes())
    config = json.loads((folders / "zh" / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "gpt2"}))
    with pytest.raises(InputError):
        transformer.load(tmp_path, "cpu")
