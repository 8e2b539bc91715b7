import pytest

from aigc_demo.metrics.words import invented_share, vocabulary, words_of


def test_words_are_letters_with_inner_apostrophes():
    assert words_of("It’s 1813; Mr. Darcy's “well-bred” _horse_, naïve!") == [
        "it's", "mr", "darcy's", "well", "bred", "horse", "naïve",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("The horse’s cat", 0),
        ("the horsely cat", 1 / 3),
        ("", 0),
        ("12 34", 0),
        ("Cats", 1),
        ("Anne ANNE", 0),
    ],
)
def test_a_word_is_invented_that_nobody_wrote(text, share):
    assert invented_share([text], vocabulary(["The cat's horse.", "Anne"])) == pytest.approx(share)
