"""Files that are no scenarios: each is an error, and none is read whole."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from apigw_sim.errors import ScenarioError
from apigw_sim.scenario import load


def said(path: object) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(path)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_directory(tmp_path: Path) -> None:
    assert said(tmp_path) == f"{tmp_path}: this is a directory; name a scenario file in it"


def test_a_missing_file_has_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "flash_sale.yaml").write_text("name: x\n")
    missing = tmp_path / "flash-sale.yaml"
    assert (
        said(missing) == f"{missing}: there is no such file; did you mean '{tmp_path / 'flash_sale.yaml'}'?"
    )
    assert said(tmp_path / "no" / "x.yaml").endswith("there is no such file; check the path")


def test_a_file_of_100_mb_is_refused_by_its_size(tmp_path: Path) -> None:
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(100_000_000)
    fix = "keep data such as traces in files of their own"
    assert said(huge) == f"{huge}: the file has 100.0 MB, and a scenario 1 MB at most; {fix}"


def test_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: x\n# Größe\n".encode("latin-1"))
    assert said(latin) == f"{latin}: the file is not UTF-8: byte 0xf6 on line 2; save it as UTF-8"


def test_byte_order_marks(tmp_path: Path) -> None:
    marked = tmp_path / "marked.yaml"
    marked.write_bytes(b"\xef\xbb\xbfname: x\n")
    assert said(marked) == f"{marked}: the file begins with a byte order mark; save it as UTF-8 without one"
    marked.write_text("name: x\n", encoding="utf-16")
    assert said(marked) == f"{marked}: the file is in UTF-16; save it as UTF-8 without a byte order mark"


def test_a_control_character(tmp_path: Path) -> None:
    odd = tmp_path / "odd.yaml"
    odd.write_bytes(b"name: a\nrun: \x07\n")
    what = "a character that YAML does not allow (a control character?)"
    assert said(odd) == f"{odd}:2:6: {what}; remove it"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of Unix")
def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    assert "not a regular file" in said(tmp_path / "pipe.yaml")
    assert "not a regular file" in said("/dev/zero")


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000, "\ud800"])
def test_names_that_no_file_can_have(name: str) -> None:
    assert "check the path" in said(name) or "write the path of a scenario file" in said(name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    closed = tmp_path / "closed.yaml"
    closed.write_text("name: x\n")
    closed.chmod(0)
    assert (
        said(closed)
        == f"{closed}: the file cannot be read: Permission denied; check the path and its permissions"
    )


def test_windows_line_ends_are_fine(flash_sale: Path, tmp_path: Path) -> None:
    text = flash_sale.read_text(encoding="utf-8").replace(
        "partner_requests.csv", str(flash_sale.parent / "partner_requests.csv")
    )
    copy = tmp_path / "copy.yaml"
    copy.write_bytes(text.replace("\n", "\r\n").encode())
    assert load(copy).name == "flash-sale"
