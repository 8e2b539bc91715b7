"""Each parser: sound inputs go in, 500 spoilt ones are taken or refused in words, in no time."""

import pytest

from tests.hostile.fuzz import fuzz
from tests.hostile.parsers import PARSERS

COUNT = 500


@pytest.mark.parametrize("name", PARSERS)
def test_spoilt_inputs(name, tmp_path):
    parser = PARSERS[name]()
    for seed in parser.seeds(tmp_path):
        parser.read(seed, tmp_path)
    report = fuzz(name, COUNT)
    assert not report.findings, report.first
    assert report.taken, "what is nearly right is not to be refused always"
