"""Each parser: sound inputs go in, 100 spoilt ones are taken or refused in words, in no time; --fuzz 500 for more."""

import pytest

from tests.hostile.fuzz import fuzz
from tests.hostile.parsers import PARSERS


@pytest.mark.parametrize("name", PARSERS)
def test_spoilt_inputs(name, tmp_path, pytestconfig):
    parser = PARSERS[name]()
    for seed in parser.seeds(tmp_path):
        parser.read(seed, tmp_path)
    report = fuzz(name, pytestconfig.getoption("fuzz"))
    assert not report.findings, report.first
    assert report.taken, "what is nearly right is not to be refused always"
