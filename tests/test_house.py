"""The house rules: who imports whom, what a leaf rule may contain, a light start, a README that works.

The checkers read the syntax tree and run nothing; each is shown a made-up offender first.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "apigw_sim"

# Lowest first. A part imports from lower lines only, and from its own package.
LAYERS = (
    {"errors", "files", "units"},
    {"jit"},
    {"quotas", "rules", "records"},
    {"scenario"},
    {"plan", "draws"},
    {"engine", "metrics"},
    {"control"},
    {"warm"},
    {"choice"},
    {"compose"},
    {"advice", "explain", "logs", "report"},
    {"cost", "result"},
    {"experiment"},
    {"importers", "terminal"},
    {"cli", "__main__"},
)
LAYER = {part: number for number, parts in enumerate(LAYERS) for part in parts}
# Within a line, these alone, each one way: (importer, imported).
SIDEWAYS = {("units", "errors"), ("draws", "plan"), ("result", "cost"), ("__main__", "cli")}
# What the layers alone would allow, and is not: (importer, imported), by dotted prefix.
FORBIDDEN = {
    ("engine", "scenario"),  # the engine knows numbers, not words
    ("engine", "metrics"),  # it hands blocks to a sink
    ("engine.model", "engine.compiled"),  # two programs, one meaning
    ("engine.compiled", "engine.model"),
}
FRAMES_AND_PLOTS = {"pandas", "matplotlib"}
MAY_FRAME_AND_PLOT = {"result", "report", "experiment", "cli"}

HEAVY = {"numpy", "pandas", "matplotlib", "scipy", "numba", "pyarrow", "simpy"}

# Tables of data, read by both engines, that decide nothing.
NOT_LEAF_RULES = {"reason.py"}
RULE_IMPORTS = ("apigw_sim.rules", "typing", "collections.abc", "__future__")


def python_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def known_modules() -> set[str]:
    return {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in python_files(PACKAGE)}


# --- imports ----------------------------------------------------------------------------------------------


def imports(tree: ast.AST, module: str, is_package: bool, modules: set[str]) -> Iterator[tuple[int, str]]:
    """Every (line, dotted name) that a module imports, at any depth, relative names resolved."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            for alias in node.names:
                full = f"{stem}.{alias.name}"
                submodule = full in modules or f"{full}.__init__" in modules
                yield node.lineno, full if submodule else stem
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in {"importlib.import_module", "import_module", "__import__"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, str(node.args[0].value)


def within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def direction_problems(source: str, path: str, modules: set[str]) -> list[str]:
    """Imports in the wrong direction, each as `file:line: what`."""
    dotted = Path(path).with_suffix("").as_posix().replace("/", ".")
    is_package = dotted.endswith(".__init__")
    module = dotted.removesuffix(".__init__")
    if module == "apigw_sim":
        return []  # the public names, from everywhere
    own = module.removeprefix("apigw_sim.")
    part = own.split(".")[0]
    if part not in LAYER:
        return [f"{path}:1: {part} has no place among the layers"]
    problems = []
    for line, name in imports(ast.parse(source, path), module, is_package, modules):
        if name.split(".")[0] in FRAMES_AND_PLOTS and part not in MAY_FRAME_AND_PLOT:
            problems.append(f"{path}:{line}: {part} imports {name.split('.')[0]}")
        if not within(name, "apigw_sim"):
            continue
        target = name.removeprefix("apigw_sim").removeprefix(".")
        other = target.split(".")[0]
        if not target:
            problems.append(
                f"{path}:{line}: {part} imports the package's public names, not the part it needs"
            )
        elif other not in LAYER:
            problems.append(f"{path}:{line}: {part} imports {other}, which has no place among the layers")
        elif any(within(own, importer) and within(target, imported) for importer, imported in FORBIDDEN):
            problems.append(f"{path}:{line}: {own} imports {target}")
        elif other != part and (part, other) not in SIDEWAYS and LAYER[other] >= LAYER[part]:
            problems.append(f"{path}:{line}: {part} imports {other}, which is not below it")
    return problems


@pytest.mark.parametrize(
    ("path", "source", "problem"),
    [
        (
            "apigw_sim/engine/model/gate.py",
            "\nfrom apigw_sim.scenario import Stage\n",
            ":2: engine.model.gate imports",
        ),
        (
            "apigw_sim/engine/model/gate.py",
            "from ..compiled import step",
            ":1: engine.model.gate imports engine.comp",
        ),
        (
            "apigw_sim/engine/compiled/step.py",
            "from apigw_sim.engine import model",
            ":1: engine.compiled.step imports",
        ),
        (
            "apigw_sim/engine/order.py",
            "def f():\n    import apigw_sim.metrics",
            ":2: engine.order imports metrics",
        ),
        ("apigw_sim/engine/order.py", "def f():\n    import pandas as pd", ":2: engine imports pandas"),
        ("apigw_sim/metrics.py", "from matplotlib import pyplot", ":1: metrics imports matplotlib"),
        (
            "apigw_sim/rules/bucket.py",
            "from ..plan import tables",
            ":1: rules imports plan, which is not below",
        ),
        (
            "apigw_sim/rules/bucket.py",
            "from apigw_sim import load",
            ":1: rules imports the package's public names",
        ),
        ("apigw_sim/quotas.py", "from . import records", ":1: quotas imports records, which is not below"),
        (
            "apigw_sim/plan/build.py",
            "import importlib\nimportlib.import_module('apigw_sim.run')",
            ":2: plan imports",
        ),
        ("apigw_sim/errors.py", "from . import units", ":1: errors imports units, which is not below"),
        ("apigw_sim/helpers.py", "", ":1: helpers has no place among the layers"),
    ],
)
def test_an_import_in_the_wrong_direction_is_named_by_file_and_line(
    path: str, source: str, problem: str
) -> None:
    names = "metrics records plan.tables units engine.model.__init__ engine.compiled.__init__"
    found = direction_problems(source, path, {f"apigw_sim.{name}" for name in names.split()})
    assert len(found) == 1
    assert found[0].startswith(path + problem)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "apigw_sim/engine/model/gate.py",
            "from apigw_sim.engine.order import Rank\nfrom ...rules import bucket",
        ),
        ("apigw_sim/units.py", "from .errors import ScenarioError"),
        ("apigw_sim/result.py", "import pandas\nfrom . import cost"),
        ("apigw_sim/__init__.py", "from apigw_sim.cli import main"),
    ],
)
def test_an_import_in_the_right_direction_is_let_through(path: str, source: str) -> None:
    modules = {"apigw_sim.cost", "apigw_sim.rules.bucket", "apigw_sim.rules.__init__"}
    assert direction_problems(source, path, modules) == []


def test_imports_go_down_only() -> None:
    modules = known_modules()
    problems = [
        problem
        for path in python_files(PACKAGE)
        for problem in direction_problems(
            path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix(), modules
        )
    ]
    assert not problems, "\n".join(problems)


# --- leaf rules -------------------------------------------------------------------------------------------


def conditions(tree: ast.AST) -> Iterator[ast.expr]:
    """Every expression that is only asked whether it holds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
            yield node.test
        elif isinstance(node, ast.comprehension):
            yield from node.ifs
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node.operand


def asked(expression: ast.expr) -> Iterator[ast.expr]:
    yield expression
    if isinstance(expression, ast.BoolOp):
        for value in expression.values:
            yield from asked(value)


def is_truth(node: ast.expr) -> bool:
    """Whether an expression gives True or False in either language."""
    if isinstance(node, ast.BoolOp):
        return all(is_truth(value) for value in node.values)
    return (
        isinstance(node, ast.Compare)
        or (isinstance(node, ast.Constant) and isinstance(node.value, bool))
        or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
    )


def shift(node: ast.expr) -> int:
    """How far a shift by a constant goes; 0 where that is not written."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else 0


def rule_problems(source: str, path: str) -> list[str]:
    """What means one thing in Python and another when compiled to 64-bit integers, each as `file:line: what`."""
    tree = ast.parse(source, path)
    in_condition = {id(part) for condition in conditions(tree) for part in asked(condition)}
    module = Path(path).with_suffix("").as_posix().replace("/", ".")
    problems: list[tuple[int, str]] = []

    def no(node: ast.AST, what: str) -> None:
        problems.append((getattr(node, "lineno", 1), what))

    for node in ast.walk(tree):
        if isinstance(node, ast.BoolOp) and not is_truth(node) and id(node) not in in_condition:
            no(node, "`and` or `or` as a value: Python gives an operand, compiled code a truth")
        elif isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            no(node, f"{node.value!r} is not an integer")
        elif isinstance(node, ast.Try | ast.TryStar):
            no(node, "try: a rule returns what it decided")
        elif isinstance(node, ast.BinOp | ast.AugAssign):
            right = node.right if isinstance(node, ast.BinOp) else node.value
            left = node.left if isinstance(node, ast.BinOp) else node.target
            if isinstance(node.op, ast.Pow):
                no(node, "`**` wraps silently or turns into a float")
            elif isinstance(node.op, ast.Div):
                no(node, "`/` gives a float; `//` is meant")
            elif isinstance(node.op, ast.LShift | ast.RShift) and shift(right) >= 63:
                no(node, f"a shift by {shift(right)} leaves a 64-bit integer")
            if is_truth(left) or is_truth(right):
                no(node, "arithmetic with a truth value")
    for line, name in imports(tree, module, path.endswith("__init__.py"), set()):
        if not any(within(name, allowed) for allowed in RULE_IMPORTS):
            problems.append((line, f"imports {name}"))
    return [f"{path}:{line}: {what}" for line, what in sorted(problems)]


COMPILED = (
    "events",
    "levels",
    "answers",
    "drawing",
    "aliases",
    "callers",
    "caching",
    "checks",
    "gateway",
    "authorizing",
    "backends",
    "kernel",
)
"""What the compiled engine consists of, and runs as plain Python as well."""


@pytest.mark.parametrize("name", COMPILED)
def test_the_compiled_engines_source_means_the_same_in_either_language(name: str) -> None:
    path = PACKAGE / "engine" / "compiled" / f"{name}.py"
    problems = rule_problems(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    assert [problem for problem in problems if " imports " not in problem] == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("return a or b", "`and` or `or` as a value"),
        ("c = a and b\n    return c", "`and` or `or` as a value"),
        ("return a > 0 and b", "`and` or `or` as a value"),
        ("return max(a, b or 1)", "`and` or `or` as a value"),
        ("return a if (b or a) > 1 else b", "`and` or `or` as a value"),
        ("return a ** 2", "`**` wraps"),
        ("a **= 2", "`**` wraps"),
        ("return a * 0.5", "0.5 is not an integer"),
        ("return a / b", "`/` gives a float"),
        ("a /= b", "`/` gives a float"),
        ("return a << 63", "a shift by 63"),
        ("a >>= 64", "a shift by 64"),
        ("return (a > b) + 1", "arithmetic with a truth value"),
        ("return True + a", "arithmetic with a truth value"),
        (
            "try:\n        return a // b\n    except ZeroDivisionError:\n        return 0",
            "try: a rule returns",
        ),
        ("import math\n    return math.isqrt(a)", "imports math"),
        ("from apigw_sim.units import NS\n    return NS", "imports apigw_sim.units"),
        ("from ..records import Attempt\n    return Attempt", "imports apigw_sim.records"),
    ],
)
def test_a_bad_leaf_rule_is_named_by_file_and_line(body: str, problem: str) -> None:
    found = rule_problems(f"def take(a, b):\n    {body}\n", "apigw_sim/rules/bad.py")
    assert len(found) == 1
    assert found[0].startswith(f"apigw_sim/rules/bad.py:2: {problem}")


def test_a_good_leaf_rule_is_let_through() -> None:
    source = """
from .bucket import ONE
from typing import Final

def take(a, b):
    if a > 0 and (b > 0 or not (a > 1 and b > 1)):
        return (a << 62) // b
    while a or b:
        a -= 1
    fits = a < 0 or not b
    return a if a > b and b else -1
"""
    assert rule_problems(source, "apigw_sim/rules/good.py") == []


def test_leaf_rules_mean_the_same_plain_and_compiled() -> None:
    problems = [
        problem
        for path in python_files(PACKAGE / "rules")
        if path.name not in NOT_LEAF_RULES
        for problem in rule_problems(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    ]
    assert not problems, "\n".join(problems)


# --- a light start ----------------------------------------------------------------------------------------


def modules_after(code: str) -> set[str]:
    """The names of sys.modules after `code` in a fresh interpreter."""
    code = f"import sys\ntry:\n    {code}\nexcept SystemExit: pass\nprint('\\n' + '\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "sys.argv = ['apigw-sim', '--help']; import apigw_sim.cli; apigw_sim.cli.main()",
        "sys.argv = ['apigw-sim', 'run', '--help']; import apigw_sim.cli; apigw_sim.cli.main()",
        "sys.argv = ['apigw-sim', 'capacity', '--help']; import apigw_sim.cli; apigw_sim.cli.main()",
        "import apigw_sim",
        "import apigw_sim, apigw_sim.jit as jit; jit.is_warm(); jit.unusable(); jit.compile_times()",
    ],
    ids=["--help", "run --help", "capacity --help", "import", "jit"],
)
def test_the_help_imports_nothing_heavy(code: str) -> None:
    loaded = modules_after(code)
    assert "apigw_sim" in loaded
    assert not loaded & HEAVY


def test_a_heavy_import_would_be_seen() -> None:
    assert "numpy" in modules_after("import numpy")


# --- what lies in the repository --------------------------------------------------------------------------

LOCK_FILES = {
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pylock.toml",
    "package-lock.json",
    "yarn.lock",
}
LEFT_BY_TOOLS = re.compile(
    r"\.git|\.venv.*|out|build|dist|\..*_cache|__pycache__|\.hypothesis|\.ipynb_checkpoints"
)


def repository_files() -> list[Path]:
    """What is or would be committed; all but the tools' leavings where git cannot say."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if shutil.which("git") and (ROOT / ".git").exists():
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    return [
        Path(folder) / name
        for folder, folders, names in os.walk(ROOT)
        if not folders.__setitem__(slice(None), [f for f in folders if not LEFT_BY_TOOLS.fullmatch(f)])
        for name in names
    ]


def machine_paths() -> set[str]:
    """Beginnings of paths that exist on the machine where the project was written, or on this one."""
    here = {f"{path}/" for path in (ROOT, Path.home()) if len(path.parts) > 2}
    return here | {f"/{name}/" for name in ("work", "root")}


def lines_with(text: str, needles: Iterable[str]) -> Iterator[int]:
    found = re.compile("|".join(rf"(?<![\w.}}-]){re.escape(needle)}" for needle in needles))
    return (number for number, line in enumerate(text.splitlines(), 1) if found.search(line))


def test_a_path_of_this_machine_would_be_seen() -> None:
    root = "/" + "work/"
    assert list(lines_with(f"a\nopen('{root}x')", [root])) == [2]
    assert list(lines_with(f"https://example.com{root}", [root])) == []


def test_no_file_names_a_path_of_this_machine() -> None:
    needles = machine_paths()
    found = []
    for path in repository_files():
        data = path.read_bytes()
        if b"\0" not in data:
            text = data.decode("utf-8", errors="replace")
            found += [f"{path.relative_to(ROOT)}:{number}" for number in lines_with(text, needles)]
    assert not found, "\n".join(found)


def test_no_lock_file_is_kept() -> None:
    assert not [path for path in repository_files() if path.name in LOCK_FILES]


# --- the README -------------------------------------------------------------------------------------------


def fenced(text: str, language: str) -> list[str]:
    """The bodies of the code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[str]:
    """The lines of a shell block, continuations joined, comments left out."""
    lines = block.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL_BLOCKS = [commands(block) for block in fenced(README, "sh")]
OURS = [
    lines for block in SHELL_BLOCKS if (lines := [line for line in block if line.startswith("apigw-sim")])
]
OURS = [lines for number, lines in enumerate(OURS) if lines not in OURS[:number]]


@pytest.fixture
def users_folder(tmp_path: Path) -> Path:
    """A folder that holds the scenarios and nothing else of the project."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    return tmp_path


def shown(text: str) -> list[tuple[str, str]]:
    """Each shell command that is followed by what it prints, and that."""
    blocks = re.findall(r"^```sh\n(.*?)^```\n\n```text\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [(commands(block)[-1], printed) for block, printed in blocks]


def as_a_user(command: list[str], folder: Path) -> str:
    """Run a command in a folder with this environment's programs first on the path; gives what it printed."""
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{command} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_commands_are_read_as_a_shell_reads_them() -> None:
    text = "```sh\n# a note\napigw-sim run \\\n  a.yaml\nmake test\n```\n\n```text\napigw-sim no\n```\n"
    assert [commands(block) for block in fenced(text, "sh")] == [["apigw-sim run    a.yaml", "make test"]]


@pytest.mark.parametrize("block", OURS, ids=lambda block: block[0])
def test_every_command_of_the_readme_runs_and_prints_what_is_shown(
    block: list[str], users_folder: Path
) -> None:
    for line in block:
        printed = as_a_user(["sh", "-c", line], users_folder)
        for command, text in shown(README):
            assert command != line or text in printed, f"{line} prints\n{printed}"


@pytest.mark.parametrize("block", fenced(README, "python"))
def test_every_python_block_of_the_readme_runs(block: str, users_folder: Path) -> None:
    as_a_user([sys.executable, "-W", "error", "-c", block], users_folder)


def test_the_readme_gives_the_two_commands_that_do_everything() -> None:
    assert SHELL_BLOCKS[0] == ["make demo", "make test"]
    assert OURS, "the README shows no command of apigw-sim"


def test_every_target_that_the_readme_names_exists() -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    named = set(re.findall(r"\bmake ([a-z-]+)", " ".join(re.findall(r"`[^`]+`", README, flags=re.DOTALL))))
    assert {"demo", "test"} <= named <= targets


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", README)]
    missing = [link for link in links if link and "://" not in link and not (ROOT / link).exists()]
    assert not missing
