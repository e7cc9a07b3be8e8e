"""`--allow-code`: a user's own backend on the command line."""

from __future__ import annotations

from pathlib import Path

MINE = """\
class Mine:
    def __init__(self, env):
        self.env = env

    def serve(self, request):
        yield self.env.timeout(1_000_000)
        return 200 if request.call else 1 // {divisor}
"""


def prepared(folder: Path, divisor: int) -> None:
    """tiny.yaml with a server of one's own in the function's place, which fails in the first call or does not."""
    text = (folder / "tiny.yaml").read_text(encoding="utf-8")
    text = (
        text.replace("lambda_proxy: f", "http_proxy: mine") + 'backends: {mine: {python: "tiny_mine:Mine"}}\n'
    )
    (folder / "own.yaml").write_text(text, encoding="utf-8")
    (folder / "tiny_mine.py").write_text(MINE.format(divisor=divisor), encoding="utf-8")


def test_it_runs_only_with_the_option(command, folder) -> None:
    prepared(folder, divisor=0)
    assert command("check", "own.yaml").exit_code == 0
    for name in ("run", "explain"):
        done = command(name, "own.yaml")
        assert done.exit_code == 2
        assert done.stderr.endswith("or allow_code=True\n")
        assert done.stderr.startswith("own.yaml:23:27 backends.mine.python: tiny_mine:Mine is Python code")


def test_its_error_is_one_line_and_no_crash(command, folder) -> None:
    prepared(folder, divisor=0)
    done = command("run", "own.yaml", "--allow-code")
    assert done.exit_code == 2
    where = Path.cwd() / "tiny_mine.py"
    assert f"tiny_mine:Mine: ZeroDivisionError: integer division or modulo by zero (line 7 of {where})" in (
        done.stderr.replace("./", "")
    )
    assert "Traceback" not in done.stderr
