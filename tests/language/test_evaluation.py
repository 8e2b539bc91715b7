import math

import pytest
import torch

from aigc_demo.data.poems import Poem
from aigc_demo.families import transformer
from aigc_demo.language.corpus import HeldOut
from aigc_demo.language.debug import PROSE
from aigc_demo.language.evaluation import copied_share, ngram_bits, poem_figures, sample_prose
from aigc_demo.language.likelihood import held_out_bits

LINES = ("国破山河在", "城春草木深", "感时花溅泪", "恨别鸟惊心", "床前明月光", "疑是地上霜")


@pytest.fixture(scope="module")
def verse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verse")
    transformer.write_debug_model(folder)
    return transformer.load(folder, "cpu")


def test_held_out_bits_are_the_mean_over_characters_of_rows_of_any_length(verse):
    rows = [
        HeldOut([1, 4, 3, 9, 8, 2], 3, 3),
        HeldOut([1, 4, 10, 3, 9, 2], 4, 2),
        HeldOut([1, 4, 3, 8, 2], 3, 2),
    ]
    nats = 0.0
    for row in rows:
        logits = verse.network(torch.tensor([row.ids]))[0].log_softmax(-1)
        nats -= sum(logits[place - 1, row.ids[place]].item() for place in range(row.start, len(row.ids)))
    assert held_out_bits(verse, rows) == pytest.approx(nats / 7 / math.log(2), rel=1e-4)


def test_the_ngram_is_scored_on_the_same_places():
    rows = [[0, 1, 2, 1, 2, 1, 2]] * 4
    whole = ngram_bits(rows, [HeldOut(rows[0], 1, 6)], 3, 2)
    last = ngram_bits(rows, [HeldOut(rows[0], 5, 2)], 3, 2)
    assert 0 < last < whole < 1


def test_only_lines_of_seven_characters_count_as_copied():
    known = {"月落乌啼霜满天", "床前明月光"}
    assert copied_share(["月落乌啼霜满天，江枫渔火对愁眠。", "床前明月光，"], known) == 0.5
    assert copied_share(["床前明月光，"], known) == 0.0


def test_all_figures_of_a_random_model(verse):
    poems = [
        Poem("tang", "wujue", "春望", f"{LINES[i]}，{LINES[j]}。{LINES[k]}，{LINES[5 - i]}。")
        for i in range(6)
        for j in range(6)
        for k in range(6)
    ]
    figures = poem_figures(verse, poems, samples=20)
    assert figures["held_out_poems"] + figures["training_poems"] == len(poems)
    assert figures["bits_per_character"] == pytest.approx(
        math.log2(verse.tokenizer.get_vocab_size()), abs=0.3
    )
    assert figures["kneser_ney_3gram"] < 2
    assert figures["form_kept"] == 0


def test_passages_go_on_from_each_part_of_a_text_and_keep_whole_words_alone(tmp_path):
    transformer.write_debug_model(tmp_path, language="en")
    paragraph = f"{PROSE} {PROSE}"
    texts = [f"CHAPTER I\n\n{paragraph}\n\n{paragraph[8:]}", paragraph[20:]]
    written = sample_prose(transformer.load(tmp_path, "cpu"), texts, 3)
    assert len(set(written)) == 3 == len(sample_prose(transformer.load(tmp_path, "cpu"), texts, 9))
    assert not [text for text in written if text[:1].isalpha() or text[-1:].isalpha()]
