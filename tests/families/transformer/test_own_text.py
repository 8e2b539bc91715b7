import json

import pytest
import torch

from aigc_demo.core.errors import InputError
from aigc_demo.families import transformer
from aigc_demo.families.transformer.evaluate import evaluate
from aigc_demo.families.transformer.saving import load_network
from aigc_demo.families.transformer.train import make_learner
from aigc_demo.language.corpus import PoemCorpus, ProseCorpus
from aigc_demo.language.open_corpus import fit_form, open_corpus, to_poems
from aigc_demo.language.tokenizer import load_tokenizer
from aigc_demo.training import TrainPlan, make_accelerator, train

PROSE = "The cat sat on the mat, and the dog sat on the log. "
QUATRAIN = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"


def write_collection(folder, texts, held_out=2):
    folder.mkdir()
    rows = [{"text": text, "held_out": index < held_out} for index, text in enumerate(texts)]
    (folder / "texts.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    return folder


def run(plan):
    learner = make_learner(plan, make_accelerator("cpu"))
    return learner, list(train(learner, plan))


@pytest.fixture(scope="module")
def starts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("starts")
    for language in ("zh", "en"):
        transformer.write_debug_model(folder / language, 0, language)
    return folder


@pytest.mark.training
def test_a_collection_in_english_trains_and_the_model_writes(tmp_path):
    data = write_collection(tmp_path / "data", [f"{i} {PROSE}" for i in range(40)], held_out=6)
    learner, progress = run(TrainPlan(data, tmp_path / "run", steps=16, save_every=16))
    assert learner.corpus.tokenizer.get_vocab_size() < 320
    assert progress[-1].figures["held_out"] < 0.8 * progress[0].figures["held_out"]
    assert len(learner.sample()) == 4
    model = transformer.load(tmp_path / "run", "cpu")
    assert (model.forms, model.language) == ((), "en")
    ids = model.encode_prompt("The dog")
    labels, weights = model.attentions(ids)
    assert len(labels) == len(ids) == weights.shape[-1]
    step = next(model.generate("The dog", max_new_tokens=3))
    assert 0 < step.tokens[0].probability <= 1
    figures = evaluate(tmp_path / "run", data, "cpu")
    assert 0 < figures["bits_per_character"] < 8 and 0 < figures["kneser_ney_3gram"] < 8
    assert 0 <= figures["copied_share"] <= 1


def test_chinese_text_is_read_by_characters_and_unknown_ones_are_named(tmp_path):
    data = write_collection(tmp_path / "data", [f"第{i}天，小猫坐在垫子上看着窗外的雨。" for i in range(80)])
    learner, _ = run(TrainPlan(data, tmp_path / "run", steps=2, save_every=2))
    assert learner.corpus.tokenizer.token_to_id("猫") is not None
    model = transformer.load(tmp_path / "run", "cpu")
    assert (model.forms, model.language) == ((), "zh")
    assert model.check_prompt("小猫") is None and "狗" in model.check_prompt("小狗").en
    assert len(model.encode_prompt("小狗")) == 2


def test_fine_tuning_keeps_tokenizer_and_frozen_layers(starts, tmp_path):
    text = tmp_path / "mine.txt"
    text.write_text(PROSE * 60)
    plan = TrainPlan(text, tmp_path / "run", start=starts / "en", steps=4, save_every=2, frozen_layers=1)
    run(plan)
    before, after = load_network(starts / "en").state_dict(), load_network(tmp_path / "run").state_dict()
    assert load_tokenizer(tmp_path / "run").to_str() == load_tokenizer(starts / "en").to_str()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved and not [name for name in moved if "embed" in name or ".layers.0." in name]
    with pytest.raises(InputError, match="frozen"):
        make_learner(
            TrainPlan(text, tmp_path / "x", start=starts / "en", frozen_layers=2), make_accelerator("cpu")
        )


def test_a_fine_tuned_run_goes_on_without_its_start(starts, tmp_path):
    text = tmp_path / "mine.txt"
    text.write_text(PROSE * 60)
    whole = TrainPlan(text, tmp_path / "whole", start=starts / "en", steps=4, save_every=4)
    run(whole)
    plan = TrainPlan(text, tmp_path / "parts", start=starts / "en", steps=4, save_every=2)
    loop = train(make_learner(plan, make_accelerator("cpu")), plan)
    while next(loop).step < 3:
        pass
    loop.close()
    run(TrainPlan(text, tmp_path / "parts", start=tmp_path / "gone", steps=4, save_every=2))
    whole, parts = (load_network(tmp_path / name).state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_own_verse_keeps_the_forms_and_other_chinese_becomes_running_text(starts, tmp_path):
    tokenizer = load_tokenizer(starts / "zh")
    verse = write_collection(tmp_path / "verse", [f"夜\n{QUATRAIN}", QUATRAIN] * 25)
    corpus = open_corpus(verse, 0, 0, 96, tokenizer)
    assert isinstance(corpus, PoemCorpus) and len(corpus.train) == 48
    plain = write_collection(tmp_path / "plain", [QUATRAIN[:9] * 3] * 50)
    corpus = open_corpus(plain, 0, 0, 96, tokenizer)
    assert isinstance(corpus, ProseCorpus) and corpus.forms == ()
    english = write_collection(tmp_path / "english", [PROSE] * 50)
    with pytest.raises(InputError, match="does not know"):
        open_corpus(english, 0, 0, 96, tokenizer)


def test_a_poem_is_known_by_its_shape():
    poem = fit_form(f"静夜思\n{QUATRAIN[:12]}\n{QUATRAIN[12:]}")
    assert (poem.form, poem.title, poem.text) == ("wujue", "静夜思", QUATRAIN)
    assert fit_form("床前明月光") is None
    assert [poem.form for poem in to_poems(f"{QUATRAIN}\n{QUATRAIN}\n杂记")] == ["wujue", "wujue", ""]
    assert all(len(poem.text) <= 93 for poem in to_poems("春眠不觉晓" * 50))


def test_short_or_broken_texts_are_a_sentence(tmp_path):
    short = write_collection(tmp_path / "short", ["hello"])
    with pytest.raises(InputError, match="at least 1000"):
        open_corpus(short, 100, 300, 96)
    (short / "texts.jsonl").write_text('{"text": 1}')
    with pytest.raises(InputError, match="import"):
        open_corpus(short, 100, 300, 96)
    with pytest.raises(InputError, match="neither"):
        open_corpus(tmp_path / "nothing", 100, 300, 96)
