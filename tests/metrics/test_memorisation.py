from aigc_demo.language.samples import opening_of, passages, repetition
from aigc_demo.metrics.memorisation import KnownText, copied_windows, longest_copy

TEXT = "It is a truth universally acknowledged, that a single man in possession of a good fortune"


def test_the_longest_run_is_what_a_search_finds():
    known = KnownText([TEXT], 10_000)
    for text in ("we find a truth universally known", "truth universal", "single", "xyz" * 9, ""):
        runs = [
            len(text[i:j]) for i in range(len(text)) for j in range(i + 8, len(text) + 1) if text[i:j] in TEXT
        ]
        assert known.longest_run(text) == max(runs, default=0)
    assert longest_copy([TEXT[3:40], "nothing of it"], known) == 37


def test_windows_are_counted_as_copied_when_they_stand_in_the_text():
    known = KnownText([TEXT], 10_000)
    assert copied_windows([TEXT[5:65]], known) == 1.0
    assert copied_windows([TEXT[5:65].upper(), "short"], known) == 0.0
    assert len(KnownText(["abc"] * 100, 30).text) <= 30


def test_repetition_tells_looping_text():
    assert repetition([[1, 2, 3] * 30]) > 0.9
    assert repetition([list(range(50)), [1, 2]]) == 0.0
    assert repetition([[]]) == 0.0


def test_openings_and_passages_come_from_the_text():
    assert opening_of([TEXT]) == TEXT[: len(opening_of([TEXT]))] and opening_of([]) == ""
    assert all(passage in TEXT for passage in passages([TEXT]))
