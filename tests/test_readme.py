"""README is true: its map and table are those of the disk, its commands exist, its pictures and links are there."""

import re

import pytest

from aigc_demo.__main__ import main
from tests.readme import ROOT, rendered

README = (ROOT / "README.md").read_text("utf-8")


def test_generated_parts_are_those_of_the_disk():
    assert rendered(README) == README, "run: python -m tests.readme"


def test_every_linked_file_is_there():
    links = re.findall(r"\]\((?!http)([^)]+)\)", README)
    assert len(links) > 6
    assert not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.parametrize("command", sorted(set(re.findall(r"python -m aigc_demo ([a-z]+)", README))))
def test_every_command_has_a_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0 and command in capsys.readouterr().out
