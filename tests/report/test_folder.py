"""The folder of a run: never half there, never at the cost of something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from apigw_sim.errors import ApigwSimError
from apigw_sim.result import check_folder
from apigw_sim.result.folder import MARK, replace


def fill(text: str = "new"):
    return lambda into: (into / MARK).write_text(text)


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    replace(tmp_path / "a" / "b", fill())
    assert (tmp_path / "a" / "b" / MARK).read_text() == "new"


def test_an_empty_folder_and_an_earlier_run_are_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    replace(out, fill("first"))
    (out / "requests.parquet").write_text("old")
    replace(out, fill("second"))
    assert [path.name for path in out.iterdir()] == [MARK]
    assert (out / MARK).read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_anything_else_is_left_alone(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "thesis"
    if kind == "folder":
        out.mkdir()
        (out / "chapter1.tex").write_text("years of work")
    else:
        out.write_text("years of work")
    for act in (lambda: check_folder(out), lambda: replace(out, fill())):
        with pytest.raises(ApigwSimError, match="name a") as caught:
            act()
        assert caught.value.exit_status == 2
    assert "years of work" in ((out / "chapter1.tex").read_text() if kind == "folder" else out.read_text())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_a_failure_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    replace(out, fill("first"))

    def fail(into: Path) -> None:
        (into / "metrics.csv").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ApigwSimError, match="No space left on device"):
        replace(out, fail)
    assert (out / MARK).read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_interruption_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(into: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace(tmp_path / "out", interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_rename_that_fails_puts_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    replace(out, fill("first"))
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if ".new-" in self.name:
            raise OSError(16, "Device or resource busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(ApigwSimError, match="busy"):
        replace(out, fill("second"))
    assert (out / MARK).read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    replace(link, fill())
    assert link.is_symlink()
    assert (real / MARK).read_text() == "new"


def test_a_parent_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ApigwSimError, match="cannot be written"):
        replace(tmp_path / "file" / "out", fill())
