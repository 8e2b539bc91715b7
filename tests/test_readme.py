"""README and the handbook are true: generated parts are those of the disk, what they name is there, README stays short."""

import re
from importlib.util import find_spec

import pytest

from aigc_demo.core.settings import Settings
from aigc_demo.models.cards import front_matter
from aigc_demo.publish.check import check_files
from tests.api_guide import GUIDE
from tests.command_guide import flags, parsers
from tests.readme import HANDBOOK, PACKAGE, README, ROOT, rendered, written

LONGEST = 13_500  # bytes of README
PAGES = [*written(), GUIDE]
PARSERS = parsers()


def named(path):
    return path.relative_to(ROOT).as_posix()


def prose(path):
    """A page with its line breaks as spaces inside `code`, so that a command is in one piece; code blocks as they are."""
    parts = re.split(r"(```.*?```)", path.read_text("utf-8"), flags=re.S)
    return "".join(
        re.sub(r"`[^`]+`", lambda m: m[0].replace("\n", " "), part) if i % 2 == 0 else part
        for i, part in enumerate(parts)
    )


@pytest.mark.parametrize("path", written(), ids=named)
def test_generated_parts_are_those_of_the_disk(path):
    assert rendered(path) == path.read_text("utf-8"), "run: python -m tests.readme"


def test_readme_is_short_and_begins_with_the_front_matter_of_a_space():
    assert len(README.read_bytes()) <= LONGEST
    check_files(ROOT)
    assert front_matter(README.read_text("utf-8"))["title"] == "AIGC Demo"


def test_the_test_command_is_where_the_checks_look_for_it():
    block = re.search(r"^<!-- test -->\n```bash\n(.*?)\n```$", README.read_text("utf-8"), re.M | re.S)[1]
    assert block.startswith("python -m venv") and "\n" not in block


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_linked_file_is_there(path):
    links = re.findall(r"\]\((?!http|#)([^)#\s]+)(?:#[^)]*)?\)", prose(path))
    assert not [link for link in links if not (path.parent / link).exists()]


def test_readme_leads_to_every_page_of_the_handbook():
    linked = set(re.findall(r"\(aigc_demo/docs/([a-z-]+\.md)\)", README.read_text("utf-8")))
    assert linked == {path.name for path in HANDBOOK.glob("*.md")}


def test_every_named_file_is_there():
    """`aigc_demo/...`, `tests/...`, or a place inside the package, in running text."""
    rooms = "|".join(sorted(path.name for path in PACKAGE.iterdir() if path.is_dir()))
    pattern = re.compile(rf"`((?:aigc_demo|tests|weights|\.ci|{rooms})/[^`\s<>*]*)`")
    found = {(named(path), name) for path in written() for name in pattern.findall(prose(path))}
    assert len(found) > 10
    gone = {
        (page, name) for page, name in found if not (ROOT / name).exists() and not (PACKAGE / name).exists()
    }
    assert not gone


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_command_exists_and_takes_the_flags_that_are_named(path):
    for line in re.findall(r"-m (?:-- )?aigc_demo ((?![|`])[^`\n#]+)", prose(path)):
        words = line.split()
        name = next((name for name in (" ".join(words[:2]), words[0]) if name in PARSERS), None)
        assert name or words[0] == "COMMAND", line
        unknown = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", line)) - flags(PARSERS[name or "models"])
        assert not unknown, f"{line}: {unknown}"


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_module_and_setting_that_is_named_exists(path):
    modules = set(re.findall(r"python -m ((?:aigc_demo|tests)(?:\.\w+)*)", prose(path)))
    assert not [module for module in modules if find_spec(module) is None]
    settings = {f"--{name.replace('_', '-')}" for name in Settings.model_fields} | {"--help"}
    asked = re.findall(r"python app\.py((?: --[a-z-]+(?: [a-z0-9]+)?)+)", prose(path))
    assert {flag for flags in asked for flag in re.findall(r"--[a-z-]+", flags)} <= settings


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_every_command_has_a_help(name):
    assert PARSERS[name].description in PARSERS[name].format_help()
