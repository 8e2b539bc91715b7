"""Rules write what their facts allow, with exact odds, and what is unsound is refused in a sentence."""

import math
from collections import Counter
from pathlib import Path

import pytest

from aigc_demo.core.errors import InputError
from aigc_demo.families.templates.agreement import agree
from aigc_demo.families.templates.conditions import parse_condition
from aigc_demo.families.templates.model import RuleWriter
from aigc_demo.families.templates.rules import parse_rules
from aigc_demo.models.derivation import DerivingModel

WEIGHTS = Path(__file__).parents[3] / "weights"
SMALL = """
start: {en: start}
facts:
  n: {number: [0, 9]}
  sky: {one_of: {rain: [wet, 雨], sun: []}, optional: true}
once: [animal]
rules:
  start:
    - {text: "{n|plural day days} of {sky}, {animal|a}, {animal|a}", when: sky, weight: 3}
    - {text: "{n}", when: n > 5}
    - "none"
  animal: [owl, {text: cat, weight: 3}]
"""


def small(**changes):
    text = SMALL
    for old, new in changes.items():
        text = text.replace(*new) if old else text
    return RuleWriter(parse_rules(text))


def written(model, prompt, **settings):
    """The texts of a prompt, and the tokens of each."""
    steps = list(model.generate(prompt, **settings))
    rows = [[token for step in steps if (token := step.tokens[i])] for i in range(len(steps[0].tokens))]
    return ["".join(token.text for token in row) for row in rows], rows


def test_each_text_is_true_to_its_facts_and_stays_with_what_was_chosen_once():
    texts, _ = written(small(), "n=2, sky=雨", count=60)
    assert set(texts) == {"2 days of rain, a cat, a cat", "2 days of rain, an owl, an owl", "none"}
    assert written(small(), "n=1", count=20)[0] == ["none"] * 20  # the other two are not open
    assert set(written(small(), '{"n": 7}', count=40)[0]) == {"7", "none"}


def test_odds_are_the_weights_of_what_is_open_and_sum_to_one():
    model = small()
    texts, rows = written(model, "n=9, sky=rain", count=4000, seed=5)
    shares = {text: count / 4000 for text, count in Counter(texts).items()}
    for text, row in zip(texts[:200], rows, strict=False):
        odds = math.prod(token.probability for token in row)
        assert abs(shares[text] - odds) < 0.03
        assert all(sum(p for _, p in token.alternatives) == pytest.approx(1) for token in row)
    assert shares["9"] == pytest.approx(1 / 5, abs=0.03)


def test_a_seed_gives_the_same_text_and_sample_i_is_that_of_seed_i():
    model = small()
    three, _ = written(model, "n=9, sky=sun", count=3, seed=7)
    assert [written(model, "n=9, sky=sun", seed=7 + i)[0][0] for i in range(3)] == three
    assert len(set(written(model, "n=9, sky=sun", count=20, temperature=0.0)[0])) == 1


def test_it_goes_on_from_a_beginning_and_says_where_none_begins_so():
    model = small()
    texts, _ = written(model, "n=9, sky=sun", count=5, continue_from="9 days of sun, an")
    assert texts == ["9 days of sun, an owl, an owl"] * 5
    with pytest.raises(InputError, match="begins so"):
        list(model.generate("n=9", continue_from="snow"))


def test_the_derivation_is_that_of_the_text():
    model = RuleWriter.load(WEIGHTS / "templates-riddles")
    assert isinstance(model, DerivingModel)

    def text_of(branch):
        return "".join(part if isinstance(part, str) else text_of(part) for part in branch.parts)

    def shares(branch):
        inner = math.prod(shares(part) for part in branch.parts if not isinstance(part, str))
        return branch.share * inner

    for seed in range(5):
        [text], [row] = written(model, "", seed=seed)
        tree = model.derivation("", seed, 1.0)
        assert text_of(tree) == text
        assert shares(tree) == pytest.approx(math.prod(token.probability for token in row))


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("sky=rain", "n is missing"),
        ("n=3, moon=full", "moon is no fact"),
        ("n=12", "from 0 to 9, not 12"),
        ("n=3, sky=cheese", "one of rain (雨), sun"),
        ("three days", "gives no fact"),
        ("{n: 3}", "like JSON"),
    ],
)
def test_a_prompt_that_does_not_fit_is_told_what_would(prompt, words):
    with pytest.raises(InputError) as raised:
        small().check_prompt(prompt)
    assert words in raised.value.text.en and raised.value.text.zh != raised.value.text.en


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("animal: [owl", "animal: ['{animal}{animal}'", None),  # one way ends
        (
            "animal: [owl, {text: cat, weight: 3}]",
            "animal: ['{animal} and {animal}']",
            "never comes to an end",
        ),
        ("{animal|a}, {animal|a}", "{animal|a}, {cow}", "cow"),
        ("{animal|a}, {animal|a}", "{animal", "brace"),
        ("{animal|a}, {animal|a}", "{animal|eval x}", "modifiers are"),
        ("when: n > 5", "when: n > 5 or __import__('os')", "no condition"),
        ("when: n > 5", "when: m > 5", "no fact"),
        ("weight: 3}\n", "weight: -1}\n", "greater than 0"),
        ("once:", "twice:", "twice"),
        ("start: {en: start}", "start: {en: begin}", "no rule begin"),
        ("start: {en: start}", "start: &a {en: start}", "anchors"),
        ("start: {en: start}", "start: !!python/object:os.system {}", "tags"),
        ("rules:", "rules: [", "neither"),
        ("animal: [owl", "sky: [owl", "both a rule and a fact"),
    ],
)
def test_an_unsound_file_is_refused_and_says_why(old, new, words):
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    if words is None:
        parse_rules(text)
        return
    with pytest.raises(InputError, match="cannot be used") as raised:
        parse_rules(text)
    assert words in raised.value.text.en


def test_a_file_that_is_too_long_is_refused():
    with pytest.raises(InputError, match="200000 bytes"):
        parse_rules(SMALL + "# " + "x" * 200_000)


def test_recursion_comes_to_an_end_however_likely_it_is():
    rules = parse_rules("start: {en: a}\nrules:\n  a: [{text: 'x{a}', weight: 1000}, y]\n")
    texts, _ = written(RuleWriter(rules), "", count=20)
    assert all(text.endswith("y") and len(text) < 100 for text in texts)
    bush = parse_rules("start: {en: a}\nrules:\n  a: [{text: '{a}{a}{a}', weight: 1000}, y]\n")
    with pytest.raises(InputError, match="pieces"):
        list(RuleWriter(bush).generate(""))


@pytest.mark.parametrize(
    ("text", "modifier", "words", "expected"),
    [
        ("owl", "a", (), "an owl"), ("unicorn", "a", (), "a unicorn"), ("hour", "a", (), "an hour"), ("house", "a", (), "a house"),
        ("1", "plural", ("day", "days"), "1 day"), ("0", "plural", ("day", "days"), "0 days"),
        ("猫", "measure", (), "一只猫"), ("2", "measure", ("猫",), "两只猫"), ("3", "measure", ("云",), "三个云"),
    ],
)  # fmt: skip
def test_words_agree(text, modifier, words, expected):
    assert agree(text, modifier, words, {"猫": "只"}) == expected


def test_conditions_compare_numbers_as_numbers_and_facts_with_facts():
    facts = {"low": 9.0, "high": 10.0, "sky": "rain"}
    held = {"low < high": True, "high = 10": True, "high > 9 and sky = rain": True, "not wind": True, "wind": False,
            "wind < 3": False, "sky != rain": False, "low >= high": False}  # fmt: skip
    assert {text: parse_condition(text).holds(facts) for text in held} == held


SKIES = {
    "clear": ("clear", "blue", "bright", "sun"),
    "rain": ("rain",),
    "snow": ("snow",),
    "fog": ("fog",),
    "storm": ("thunder",),
}


@pytest.mark.parametrize("sky", SKIES)
def test_a_shipped_forecast_says_its_facts_and_no_other(sky):
    model = RuleWriter.load(WEIGHTS / "templates-weather")
    texts, _ = written(model, f"city=Oslo, sky={sky}, high=3, low=-2, wind=60", count=40)
    for text in texts:
        assert "Oslo" in text and "3 degrees" in text and "-2" in text and "60 km/h" in text
        assert any(word in text for word in SKIES[sky])
        others = {word for other, words in SKIES.items() if other != sky for word in words} - {"rain"}
        assert not any(word in text.lower() for word in others - {"sun", "clear"})
    chinese, _ = written(model, "城市=上海，天气=雨，最高=20", count=20)
    assert all("上海" in text and "雨" in text and "20度" in text for text in chinese)


def test_each_shipped_riddle_keeps_to_its_thing():
    model = RuleWriter.load(WEIGHTS / "templates-riddles")
    for prompt in ("", "语言=中文"):
        texts, _ = written(model, prompt, count=60, seed=1)
        clues = {}
        for text in texts:
            lines = text.splitlines()
            assert len(lines) == 5
            clues.setdefault(lines[2], set()).add(
                lines[4].strip("—").removeprefix("It is").removeprefix("当然是").split(",")[0].strip()
            )
        bare = {clue: {answer[-2:] for answer in answers} for clue, answers in clues.items()}
        assert all(len(answers) <= 2 for answers in bare.values()) and len(clues) >= 8
