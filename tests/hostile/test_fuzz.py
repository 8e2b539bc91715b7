"""Each parser: sound inputs go in, 100 spoilt ones are taken or refused in words, in no time; --fuzz 500 for more."""

import pytest

from tests.hostile.fuzz import fuzz
from tests.hostile.parsers import PARSERS

FEW_ARE_TAKEN = 500  # of some formats: inputs after which one must have been


@pytest.mark.parametrize("name", PARSERS)
def test_spoilt_inputs(name, tmp_path, pytestconfig):
    parser = PARSERS[name]()
    for seed in parser.seeds(tmp_path):
        parser.read(seed, tmp_path)
    count = pytestconfig.getoption("fuzz")
    for start in range(0, FEW_ARE_TAKEN, count):
        report = fuzz(name, count, start)
        assert not report.findings, report.first
        if report.taken:
            return
    pytest.fail("what is nearly right is not to be refused always")
