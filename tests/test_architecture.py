"""DESIGN: who may import what, how large things may grow, what must never be written. Read off the source with ast."""

import ast
import re
from pathlib import Path

import pytest

from aigc_demo.models.family import families

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "aigc_demo"
SOURCES = {
    path.relative_to(ROOT).as_posix(): path for path in [ROOT / "app.py", *sorted(PACKAGE.rglob("*.py"))]
}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in SOURCES.items()}
# From the ground up: a file imports from floors below its own, and from its own. Three exceptions are plugins, found
# by name at run time: the families, the modules of commands, and the parts of the bench.
FLOORS = (
    "core",
    "metrics",
    "provenance",
    "media",
    "models",
    "schemas",
    "training",
    "data",
    "pretrained",
    "hub",
    "language",
    "families",
    "runtime",
    "safety",
    "actions",
    "jobs",
    "server",
    "publish",
    "docs",
    "ui",
    "cli",
    "bench",
)
ROOMS = 22  # at most, files and folders at the package's root
UI_ARROWS = 20  # at most, between the folders of ui/
HEAVY = {"transformers", "diffusers", "peft", "accelerate", "av", "opencc", "pyarrow", "tokenizers"}
# The page is up before torch is imported, and the command line prints its help without it.
TORCHLESS = ("app.py", "aigc_demo/ui/", "aigc_demo/cli/", "aigc_demo/media/", "aigc_demo/provenance/")
NEVER = {
    "pickle": r"\bimport (c?[pP]ickle|marshal|shelve|dill|joblib)\b|\bfrom (c?[pP]ickle|marshal|shelve|dill|joblib)\b",
    "torch.load": r"\btorch\.load\b|from torch import .*\bload\b",
    "weights_only=False": r"weights_only\s*=\s*False",
    "trust_remote_code=True": r"trust_remote_code\s*=\s*True",
    "allow_pickle=True": r"allow_pickle\s*=\s*True",
    "eval or exec": r"(?<![\w.])(eval|exec)\(",
    "shell=True": r"shell\s*=\s*True",
    "yaml without a safe loader": r"\byaml\.(unsafe_load|full_load|load\((?!.*SafeLoader))",
}


def bare_code(tree):
    """The code without comments and with its strings emptied: a docstring may name what the code must not do."""
    copy = ast.parse(ast.unparse(tree))
    for node in ast.walk(copy):
        if isinstance(node, ast.JoinedStr):
            node.values = [value for value in node.values if isinstance(value, ast.FormattedValue)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.unparse(copy)


CODE = {name: bare_code(tree) for name, tree in TREES.items()}


def is_type_checking(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(tree, top_only=False):
    """Dotted names that are imported when the module is (top_only), or ever; type-checking blocks do not count."""
    for node in ast.iter_child_nodes(tree):
        if is_type_checking(node) or (top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from imports(node, top_only)


def parts(name):
    """ "aigc_demo/ui/page/theme.py" -> ("ui", "theme"), "app.py" -> ("app",)."""
    return tuple(name.removeprefix("aigc_demo/").removesuffix(".py").removesuffix("/__init__").split("/"))


def ours(name):
    """What a module imports from this package, as ("gan", "losses", ...)."""
    return {tuple(found.split(".")[1:]) for found in imports(TREES[name]) if found.startswith("aigc_demo.")}


def floor(name):
    """The room of a file: its folder at the package's root; "app" and "__main__" stand above all floors."""
    return parts(name)[0]


def arrows(name):
    """The rooms, other than its own, that a file imports from."""
    return {found[0] for found in ours(name)} - {floor(name), "__version__"}


def test_imports_run_down():
    """An ordered list has no circle: each arrow ends on a lower floor."""
    up = {}
    for name in TREES:
        height = FLOORS.index(floor(name)) if floor(name) in FLOORS else len(FLOORS)
        if found := {room for room in arrows(name) if room not in FLOORS[:height]}:
            up[name] = found
    assert not up


def test_every_room_has_a_floor_and_there_are_few():
    found = {path.name for path in PACKAGE.iterdir() if not path.name.startswith("__py")}
    rooms = {name for name in found if not name.endswith(".py")}
    assert rooms == set(FLOORS) and len(found - {"__init__.py", "__main__.py"}) <= ROOMS


def test_a_family_imports_shared_rooms_and_itself():
    for name in TREES:
        own = parts(name)[:2]
        for found in ours(name):
            if found[0] == "families":
                assert own[0] == "families" and found[1] == own[1], (
                    f"{name} imports {found}; ask registry.family_module"
                )


def naming(tree):
    """The lines that name a family, in a string (docstrings aside) or as an attribute."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        words = getattr(node, "value", "") if isinstance(node, ast.Constant) and id(node) not in said else ""
        words = re.split(r"[./:]", words) if isinstance(words, str) else []
        if set(words) & set(families()) or (isinstance(node, ast.Attribute) and node.attr in families()):
            yield node.lineno


def test_nobody_but_a_family_names_it():
    """Those that are left: a kind that is called as its family, two parts of the bench, and a key of the words."""
    found = {(name, line) for name in TREES if floor(name) != "families" for line in naming(TREES[name])}
    assert len(found) <= 8, sorted(found)


def test_the_mathematics_needs_torch_and_its_own_folder_only():
    standard = {"math", "dataclasses", "collections", "typing", "functools", "itertools", "enum"}
    for name in [name for name in TREES if parts(name)[-1] in ("networks", "losses")]:
        roots = {found.split(".")[0] for found in imports(TREES[name])}
        assert roots <= {"torch", "aigc_demo"} | standard, name
        assert {found[: len(parts(name)) - 1] for found in ours(name)} <= {parts(name)[:-1]}, name


def test_the_folders_of_the_page_are_few_arrows_apart():
    found = {
        (parts(name)[1] if len(parts(name)) > 1 else "", target[1])
        for name in TREES
        if floor(name) == "ui"
        for target in ours(name)
        if target[0] == "ui" and len(target) > 1
    }
    assert len({(a, b) for a, b in found if a != b}) <= UI_ARROWS


def test_gradio_is_imported_by_the_page_and_app_alone():
    users = {
        name for name, tree in TREES.items() for found in imports(tree) if found.split(".")[0] == "gradio"
    }
    assert users
    assert all(parts(name)[0] in ("ui", "app") for name in users), users


def test_heavy_packages_are_imported_inside_functions():
    for name, tree in TREES.items():
        roots = {found.split(".")[0] for found in imports(tree, top_only=True)}
        assert not roots & HEAVY, name
        assert "torch" not in roots or not name.startswith(TORCHLESS), name


def test_the_page_is_built_without_torch():
    """What import rules cannot show: nothing on the way to the first page pulls torch in."""
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from aigc_demo.core.settings import Settings\n"
        "from aigc_demo.ui import build_app\n"
        "build_app(Settings(offline=True))\n"
        "assert not {'torch', 'transformers', 'diffusers', 'av'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_files_and_functions_stay_small():
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in SOURCES.items()}
    assert {name: count for name, count in lines.items() if count > 400} == {}
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno - node.lineno < 80, f"{name}: {node.name}"


def test_app_stays_a_door():
    assert len(SOURCES["app.py"].read_text("utf-8").splitlines()) <= 60


def test_no_drawer_for_leftovers():
    assert not [name for name in TREES if parts(name)[-1] in ("utils", "util", "helpers", "common", "misc")]


MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MAKERS = {"list", "dict", "set", "defaultdict", "OrderedDict", "Counter", "deque", "Lock", "Queue", "local"}


def mutable_names(tree):
    """Module-level names bound to something that can change; in capitals they are tables that nobody changes."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            value = node.value
            made = (
                isinstance(value, ast.Call)
                and getattr(value.func, "id", getattr(value.func, "attr", "")) in MAKERS
            )
            if isinstance(value, MUTABLE) or made:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                yield from (target.id for target in targets if isinstance(target, ast.Name))


def changed_names(tree):
    """Names that a function of the module writes to: NAME[...] =, del NAME[...], NAME.append(...), global NAME."""
    changers = {
        "append",
        "add",
        "update",
        "pop",
        "clear",
        "setdefault",
        "extend",
        "insert",
        "remove",
        "popitem",
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            yield getattr(node.value, "id", "")
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in changers
        ):
            yield getattr(node.func.value, "id", "")


def test_no_module_holds_state():
    for name, tree in TREES.items():
        names = set(mutable_names(tree)) - {"__all__"}
        assert not [found for found in names if not found.isupper()], name
        assert not names & set(changed_names(tree)), name
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)], name


@pytest.mark.parametrize("what", list(NEVER))
def test_nothing_untrusted_runs(what):
    assert not [name for name, code in CODE.items() if re.search(NEVER[what], code)]


def test_public_functions_have_types_and_docstrings():
    for name, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{name}: {node.name}"
                assert node.returns is not None, f"{name}: {node.name}"


def test_files_that_a_package_lists_are_there():
    for name in [name for name in TREES if name.endswith("/__init__.py")]:
        listed = re.findall(r"^ *([\w/]+\.py)\b", ast.get_docstring(TREES[name]) or "", re.MULTILINE)
        assert not [path for path in listed if not (SOURCES[name].parent / path).exists()], name
