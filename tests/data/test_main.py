import runpy
import sys
import zipfile

import pytest

from dg_keras.data import KNOWN
from dg_keras.data.__main__ import main


def command(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["dg_keras.data", *map(str, arguments)])
    return main()


def test_prepare(pacs, tmp_path, monkeypatch, capsys):
    options = ("--size", 8, "--format", "jpeg", "--quality", 80)
    out = tmp_path / "out"

    assert command(monkeypatch, "prepare", "pacs", "--from", pacs, "--to", out, *options) == 0

    assert f"280 images in {out}: art_painting 70, cartoon 70," in capsys.readouterr().out
    assert len(list(out.rglob("*.jpg"))) == 280


def test_faults_are_one_sentence(pacs, tmp_path, monkeypatch, capsys):
    assert command(monkeypatch, "prepare", "pacs", "--from", "nowhere", "--to", tmp_path / "a") == 2
    assert command(monkeypatch, "doctor", "nowhere") == 2
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert command(monkeypatch, "download", "pacs", "--to", tmp_path / "b") == 2

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("dg_keras.data: ") for line in lines)


def test_the_largest_size_is_in_gibibytes(pacs, tmp_path, monkeypatch, capsys):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", b"")
        file.getinfo("a").file_size = 3 * 2**30  # as its header tells
    options = ("--from", tmp_path / "bomb.zip", "--to", tmp_path / "out", "--max-size", 2)

    assert command(monkeypatch, "prepare", "pacs", *options) == 2

    assert capsys.readouterr().err == (
        "dg_keras.data: `source` must unpack to at most 2 GiB, which `max_size` says. Received: "
        f"'{tmp_path / 'bomb.zip'}', which has more\n"
    )


def test_download_knows_what_the_hub_has(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        command(monkeypatch, "download", "vlcs", "--to", "somewhere")
    assert "choose from" in capsys.readouterr().err
    assert [name for name in KNOWN if KNOWN[name].hub] == ["pacs", "office_home"]


def test_module_is_a_command(folder, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "dg_keras.data.__main__")
    monkeypatch.setattr("sys.argv", ["dg_keras.data", "doctor", str(folder)])

    with pytest.raises(SystemExit, match="1"):
        runpy.run_module("dg_keras.data", run_name="__main__")

    assert "duplicate across domains" in capsys.readouterr().out
