"""Pretrained encoder-decoders: the same tokens as transformers writes, long texts in parts, where they look."""

import numpy as np
import pytest
import torch

from aigc_demo import actions
from aigc_demo.core.errors import InputError
from aigc_demo.families.seq2seq import load_pretrained
from aigc_demo.families.seq2seq.losses import IGNORED, shift_right, teacher_forced_loss
from aigc_demo.language.sentences import cut
from aigc_demo.models.placement import Placement
from aigc_demo.schemas import RewriteRequest, check
from tests.checkpoints import keep_card
from tests.checkpoints.language import CORPUS, write_marian, write_t5

MARIAN, T5 = "test/opus-mt-en-zh", "test/t5"


@pytest.fixture
def cards(settings, tmp_path):
    marian = keep_card(
        settings, write_marian(tmp_path / "marian"), MARIAN, "seq2seq", "seq2seq", ("rewrite",)
    )
    t5 = keep_card(settings, write_t5(tmp_path / "t5"), T5, "seq2seq", "seq2seq", ("rewrite",), language="en")
    return {MARIAN: marian, T5: t5}


def ask(model, text, **more):
    return check(RewriteRequest, {"model": model, "text": text, "max_new_tokens": 20, **more})


def run(request, cache):
    *_, result = actions.rewrite(request, cache)
    return result


@pytest.mark.parametrize(("model_id", "task"), [(MARIAN, "translate"), (T5, "summarise")])
@pytest.mark.parametrize("beams", [1, 3])
def test_the_tokens_are_those_of_transformers_generate(cards, model_id, task, beams):
    model = load_pretrained(cards[model_id], Placement())
    [part] = model.cut(CORPUS[0], task)
    theirs = model.network.generate(
        torch.tensor([part.ids]),
        num_beams=beams,
        do_sample=False,
        max_new_tokens=20 + (beams == 1),  # Marian's own last token is forced to be the end
    )[0, 1:].tolist()
    ours = list(model.write(part, 20, beams, lambda: False))
    padding = model.network.config.pad_token_id
    assert [token.id for token in ours] == [t for t in theirs if t not in model.pieces.ends and t != padding][
        :20
    ]
    assert all(0 < token.probability <= 1 and len(token.alternatives) == 8 for token in ours)


def test_a_translation_grows_token_by_token_and_shows_where_it_looks(cards, cache):
    lengths = [len(result.tokens) for result in actions.rewrite(ask(MARIAN, CORPUS[0]), cache)]
    result = run(ask(MARIAN, CORPUS[0]), cache)
    assert lengths[:3] == [1, 2, 3] and lengths[-1] == len(result.tokens)
    assert result.text == "".join(token.text for token in result.tokens).strip()
    assert "".join(result.source[:-1]).strip() == CORPUS[0]
    assert result.attention.shape == (len(result.tokens), len(result.source))
    assert np.allclose(result.attention.sum(1), 1, atol=1e-5) and result.note is None


def test_a_long_text_is_read_in_parts_each_looking_at_itself(cards, cache):
    text = "\n".join([CORPUS[0], CORPUS[1], CORPUS[2]])
    result = run(ask(MARIAN, text, max_new_tokens=6), cache)
    assert "3 parts" in result.note.en
    assert result.text.count("\n") == 2
    assert np.allclose(result.attention.sum(1), 1, atol=1e-5)
    assert result.attention[0, -5:].max() == 0 and result.attention[-1, :5].max() == 0


def test_the_odds_of_greedy_and_of_a_second_look_agree(cards):
    model = load_pretrained(cards[MARIAN], Placement())
    [part] = model.cut(CORPUS[1], "translate")
    tokens = list(model.write(part, 10, 1, lambda: False))
    logits, _ = model._read(part, [token.id for token in tokens])
    again = logits.softmax(-1)[range(len(tokens)), [token.id for token in tokens]]
    assert again.tolist() == pytest.approx([token.probability for token in tokens], abs=1e-4)


@pytest.mark.parametrize("beams", [1, 2])
def test_stop_ends_within_a_token(cards, cache, beams):
    asked = []

    def stop():
        asked.append(1)
        return len(asked) > 4

    *_, result = actions.rewrite(ask(MARIAN, CORPUS[0], num_beams=beams), cache, stop)
    assert len(result.tokens) <= 5


def test_a_task_that_the_model_lacks_is_a_sentence(cards, cache):
    with pytest.raises(InputError, match="does not summarise"):
        run(ask(MARIAN, "Hello.", task="summarise"), cache)
    with pytest.raises(InputError, match="does not translate"):
        run(ask(T5, "Hello.", task="translate"), cache)


def test_prefixes_are_the_cards(settings, tmp_path, cache):
    prefixes = {"prefix_translate": "translate English to German: ", "prefix_summarise": "summarize: "}
    folder = write_t5(tmp_path / "t5")
    card = keep_card(settings, folder, T5, "seq2seq", "seq2seq", ("rewrite",), defaults=prefixes)
    [part] = load_pretrained(card, Placement()).cut("The bank", "translate")
    assert "".join(part.source).startswith(" translate ")


def test_cutting_keeps_the_text_and_breaks_between_sentences():
    text = "Pi is 3.14, she said. Is it? “Yes.” 今天很好。我们走吧！\n\nA new paragraph without an end"
    parts = cut(text, len, 24)
    assert "".join(parts) == text and max(map(len, parts)) <= 24
    assert parts[0] == "Pi is 3.14, she said. "
    assert any(part.endswith("\n\n") for part in parts)
    assert cut(text, len, 1000) == [text[: text.index("A new")], "A new paragraph without an end"]
    assert "".join(cut("x" * 100, len, 7)) == "x" * 100


def test_the_loss_is_transformers_own(cards):
    network = load_pretrained(cards[T5], Placement()).network
    targets = torch.tensor([[5, 6, 7, 1], [8, 1, IGNORED, IGNORED]])
    with torch.inference_mode():
        read = network(torch.tensor([[3, 4], [5, 6]]), labels=targets)
        start = network.config.decoder_start_token_id
        logits = network(
            torch.tensor([[3, 4], [5, 6]]), decoder_input_ids=shift_right(targets, start, start)
        ).logits
    assert teacher_forced_loss(logits, targets).item() == pytest.approx(read.loss.item(), abs=1e-5)
