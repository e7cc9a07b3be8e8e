"""The program as a whole: help, wrong input, interruptions, readers that go away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest
import yaml

from apigw_sim.cli import console
from apigw_sim.cli.options import again
from apigw_sim.cli.options import folder as checked_folder
from apigw_sim.result.folder import FolderError

COMMANDS = ("run", "capacity", "optimize", "check", "explain", "validate", "compile", "schema", "version")


def start(*arguments: str | bytes, **more) -> subprocess.Popen[str]:
    """The command as a process of its own, in the current folder."""
    return subprocess.Popen(
        [sys.executable, "-P", "-W", "error", "-m", "apigw_sim", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", **more,
    )  # fmt: skip


# --- help -------------------------------------------------------------------------------------------------


def test_the_program_alone_prints_its_help(command) -> None:
    alone, asked = command(), command("--help")
    assert (alone.exit_code, alone.stderr) == (0, "")
    assert alone.stdout == asked.stdout
    assert all(f"  {name} " in alone.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_within_80_columns(command, name: str) -> None:
    done = command(name, "--help")
    assert done.exit_code == 0
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "Usage: apigw-sim" in done.stdout
    if name != "version":
        assert f"  apigw-sim {name} " in done.stdout.split("\n", 1)[1], "an example"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("rnu", "There is no command 'rnu'. Did you mean 'run'?"),
        ("xyzzy", "There is no command 'xyzzy'.\n"),
        ("lab", "'lab' comes with a later version."),
    ],
)
def test_a_command_that_is_not_there(command, name: str, complaint: str) -> None:
    done = command(name, "tiny.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_the_module_is_the_same_command(command) -> None:
    done = start("version")
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, "")
    assert out == command("version").stdout
    assert out.startswith("apigw-sim 0.")


# --- schema -----------------------------------------------------------------------------------------------


def test_the_schema_is_json_and_accepts_a_scenario(command, folder: Path) -> None:
    schema = json.loads(command("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load((folder / "tiny.yaml").read_text(encoding="utf-8")), schema)


def test_assumptions_are_listed_with_their_defaults(command) -> None:
    lines = command("schema", "--assumptions").stdout.splitlines()
    assert "  rest_overhead              {p50: 8 ms, p99: 30 ms}: what a REST API adds to a request" in lines
    assert len(lines) > 12


# --- wrong input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", "check", "explain"])
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere.yaml"], "nowhere.yaml: there is no such file; check the path"),
        (["tiny.yml"], "tiny.yml: there is no such file; did you mean 'tiny.yaml'?"),
        (["."], ".: this is a directory; name a scenario file in it"),
        (["/dev/null"], "/dev/null: this is not a regular file"),
        (["tiny.yaml", "--set", "account.lambda_concurency=5"], "did you mean 'account.lambda_concurrency'?"),
        (["tiny.yaml", "--set", "account.lambda_concurrency"], "is no override; write PATH=VALUE"),
        (["tiny.yaml", "--set", "run.duration=10"], "override run.duration: 10 has no unit"),
        (["tiny.yaml", "--set", "=5"], "override: the path is empty"),
        (["tiny.yaml", "--set", "run={duration: [}"], "override run"),
        ([b"tiny\xff.yaml"], "tiny\\udcff.yaml: this file name is not UTF-8; rename the file"),
    ],
)
def test_wrong_input_is_told_without_a_traceback(command, folder: Path, name, arguments, complaint) -> None:
    words = [os.fsdecode(word) for word in arguments]
    done = command(name, *words, *(["--out", "out"] if name == "run" else []))
    assert (done.exit_code, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert done.stderr.splitlines()[-1] == "1 problem"
    assert [path.name for path in folder.iterdir()] == ["tiny.yaml"]


@pytest.mark.parametrize("seed", ["-1", "1.5", "x", str(2**63), "9" * 50, ""])
def test_a_wrong_seed_is_a_usage_error(command, seed: str) -> None:
    done = command("run", "tiny.yaml", "--seed", seed)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for '--seed'" in done.stderr


def test_the_largest_seed_works(command) -> None:
    assert command("run", "tiny.yaml", "--seed", 2**63 - 1).exit_code == 0


@pytest.mark.parametrize(
    ("out", "complaint"),
    [
        ("tiny.yaml", "tiny.yaml: is not a folder; name another one"),
        ("tiny.yaml/deep", "is not a folder; name another one"),
        (".", ".: holds other files and no summary.json; name a new or empty folder"),
        ("x" * 300, "cannot be written"),
        ("tiny.yaml/\x1b[31m\n", "tiny.yaml/\\x1b[31m\\n: "),
    ],
)
def test_a_folder_that_cannot_be_written_is_refused_before_the_run(
    command, folder, monkeypatch, out, complaint
) -> None:
    monkeypatch.setattr("apigw_sim.result.run", lambda *_, **__: pytest.fail("it was run"))
    done = command("run", "tiny.yaml", "--out", out)
    assert (done.exit_code, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["tiny.yaml"]


def test_a_folder_in_one_that_may_not_be_written_to_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FolderError, match="cannot be written to"):
        checked_folder(None, None, "out")  # type: ignore[arg-type]


def test_an_earlier_run_is_replaced(command, folder: Path) -> None:
    for _ in range(2):
        assert command("run", "tiny.yaml", "--out", "out").exit_code == 0


# --- the other ends of the pipes --------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("run", "tiny.yaml"), ("check", "--paths", "tiny.yaml"), ("schema",)])
def test_a_reader_that_goes_away_is_no_error(folder: Path, arguments: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-m", "apigw_sim", *arguments],
        stdout=write, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("name", ["schema", "version"])
def test_a_full_disk_behind_the_output_is_told(folder: Path, name: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "apigw_sim", name],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "the output cannot be written: No space left on device\n"


def test_an_encoding_that_lacks_a_letter_gets_an_escape(folder: Path) -> None:
    named = "extends: tiny.yaml\nname: Schlußverkauf \N{SNOWMAN}\n"
    (folder / "sale.yaml").write_text(named, encoding="utf-8")
    done = start("run", "sale.yaml", env=os.environ | {"PYTHONIOENCODING": "latin-1"})
    assert done.stdout is not None
    line = done.stdout.buffer.readline()
    done.communicate(timeout=120)
    assert line == "Schlußverkauf \\u2603, seed 1  engine simpy\n".encode("latin-1")


RUNNING = """
from apigw_sim import compose
simulate = compose.simulate

def telling(*given, progress, **named):
    def moved(at):
        if not said:
            print("runs", flush=True)
            said.append(at)
        progress(at)

    said = []
    return simulate(*given, progress=moved, **named)

compose.simulate = telling
from apigw_sim.cli import main
main()
"""
"""The program, which says when its run has taken a step: everything is imported then."""


def test_an_interruption_is_told_and_leaves_nothing(folder: Path) -> None:
    arguments = [
        "run", "tiny.yaml", "--set", "run={duration: 10 h, period: 1 s}", "--set", "clients.web.arrivals.rate=500/s",
        "--engine", "simpy", "--out", "out",
    ]  # fmt: skip
    done = subprocess.Popen(
        [sys.executable, "-P", "-W", "error", "-c", RUNNING, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert done.stdout is not None
    assert done.stdout.readline() == "runs\n"
    done.send_signal(signal.SIGINT)
    out, err = done.communicate(timeout=60)
    assert (done.returncode, out) == (130, "")
    assert err.startswith("interrupted")
    assert err.endswith("nothing was written\n")
    assert [path.name for path in folder.iterdir()] == ["tiny.yaml"]


def test_an_interrupted_run_says_how_far_it_had_come(command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_, progress, **__):
        progress(3_500_000_000)
        raise KeyboardInterrupt

    monkeypatch.setattr("apigw_sim.result.run", interrupted)
    done = command("run", "tiny.yaml")
    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr == "interrupted after 3.5 s of 10 s of simulated time; nothing was written\n"


def test_an_interruption_that_an_import_swallows_ends_the_run_all_the_same(
    command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deaf(*_, progress, **__):
        with suppress(KeyboardInterrupt):  # as an extension module does while it is imported
            signal.raise_signal(signal.SIGINT)
        for at in range(1, 4):
            progress(at * 1_000_000_000)
        pytest.fail("the run goes on")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        monkeypatch.setattr("apigw_sim.result.run", deaf)
        done = command("run", "tiny.yaml")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr == "interrupted after 0 s of 10 s of simulated time; nothing was written\n"


def test_an_interruption_before_the_run_is_told_too(command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("apigw_sim.scenario.load", interrupted)
    for name in ("run", "check", "explain"):
        done = command(name, "tiny.yaml")
        assert (done.exit_code, done.stdout) == (130, "")
        assert done.stderr == "interrupted; nothing was written\n"


def test_a_mistake_of_the_program_itself_is_not_hidden(command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apigw_sim.result.run", lambda *_, **__: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        command("run", "tiny.yaml")


# --- small parts ------------------------------------------------------------------------------------------


def test_what_no_terminal_should_be_sent_is_escaped() -> None:
    assert console.printable("a\x1b[31m\nb\udcff é") == "a\\x1b[31m\\nb\\udcff é"


def test_a_command_to_be_typed_again_is_quoted_for_the_shell() -> None:
    assert again("my sale.yaml", ['a["b c"]=1'], 3) == "'my sale.yaml' --seed 3 --set 'a[\"b c\"]=1'"


# --- engines ----------------------------------------------------------------------------------------------


def test_an_engine_can_be_asked_for(command) -> None:
    assert command("run", "tiny.yaml", "--engine", "simpy").stdout.startswith("tiny, seed 1  engine simpy\n")


def test_an_unknown_engine_is_refused(command) -> None:
    done = command("run", "tiny.yaml", "--engine", "warp")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'warp' is not one of 'auto', 'simpy', 'compiled'" in done.stderr


@pytest.mark.parametrize(
    ("engine", "ran", "why"),
    [
        ("auto", "simpy", "auto: about 40 calls, below 30,000"),
        ("simpy", "simpy", "asked for"),
        ("compiled", "compiled", "asked for"),
    ],
)
def test_a_run_says_which_engine_it_was_and_why(
    command, folder: Path, engine: str, ran: str, why: str
) -> None:
    assert command("run", "tiny.yaml", "--engine", engine, "--out", "out").exit_code == 0
    summary = json.loads((folder / "out" / "summary.json").read_text())
    assert (summary["engine"], summary["engine_reason"]) == (ran, why)


def test_where_nothing_can_be_compiled_the_other_engine_runs_and_a_line_says_so(
    command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> bool:
        raise RuntimeError("no such instruction\nat line 7 of 9")

    monkeypatch.setattr("apigw_sim.choice.warm", broken)
    monkeypatch.setattr("apigw_sim.jit.is_warm", lambda: False)
    done = command("run", "tiny.yaml", "--engine", "compiled", "--out", "out")
    assert done.exit_code == 0
    said = "compiling failed: RuntimeError: no such instruction"
    assert done.stderr == f"warning: the simpy engine runs instead of the compiled one: {said}\n"
    summary = json.loads((folder / "out" / "summary.json").read_text())
    assert (summary["engine"], summary["engine_reason"]) == ("simpy", said)
