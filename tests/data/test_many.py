"""Random tables and conversations, as other programs write them; `python -m tests.data.many 10000` for more."""

from tests.data.many import FEWEST, many


def test_the_same_rows_and_every_turn_come_out():
    report = many(200)
    assert not report.findings, report.words()
    assert report.read > FEWEST * 200, "what is sound is not to be refused"
