"""Manifests and lists of any content end in a table, or in a sentence that names the file."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dg_keras.data.tables.csv_text import format_csv, parse_csv
from dg_keras.data.tables.manifest import read_manifest, write_manifest
from tests import any_file

settings.register_profile("any content", derandomize=True, deadline=None, database=None)
ANY = settings.get_profile("any content")

# What makes CSV, more often than by chance.
CELLS = st.text(st.sampled_from('ab./\\,"\r\n\t \0é') | st.characters(codec="utf-8"), max_size=8)
NAMES = st.sampled_from(["path", "domain", "class", "concept", "split", "official", "sha256", "x"])
LINES = st.lists(st.lists(NAMES | CELLS | st.sampled_from(["train", "test"]), max_size=6))
TEXTS = LINES.map(lambda lines: "\n".join(",".join(cells) for cells in lines).encode())
PIECES = st.sampled_from(
    [
        "photo",
        "Photo",
        "dog",
        "horse",
        "pic_000.png",
        "/",
        " ",
        "\n",
        "1",
        "5",
        "0" * 5000,
        "\u0661",
    ]
)
LISTS = st.lists(PIECES | CELLS).map(lambda pieces: "".join(pieces).encode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("any")


@settings(ANY, max_examples=300)
@given(content=st.binary() | TEXTS | TEXTS.map(lambda text: b"path,domain,class\n" + text))
def test_any_manifest(content, folder):
    any_file.manifest(content, folder)


@st.composite
def tables(draw):
    part = CELLS.filter(lambda name: name not in ("", ".", "..") and not {"/", "\0"} & set(name))
    paths = st.lists(part, min_size=1, max_size=3).map("/".join)
    rows = draw(
        st.lists(
            st.tuples(
                paths,
                *[CELLS.filter(bool)] * 2,
                CELLS,
                st.sampled_from(["train", "validation", "test"]),
            ),
            min_size=1,
            max_size=5,
            unique_by=lambda row: row[0],
        )
    )
    return pd.DataFrame(rows, columns=["path", "domain", "class", "concept", "split"], dtype=str)


@settings(ANY, max_examples=200)
@given(table=tables())
def test_a_manifest_reads_back_as_it_was_written(table, folder):
    write_manifest(table, folder / "written.csv")
    assert read_manifest(folder / "written.csv").to_dict() == table.to_dict()


@settings(ANY, max_examples=200)
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1))
def test_csv_reads_back_as_it_was_written(rows):
    header, *cells = [list(row) for row in rows]
    if header[0].startswith("\ufeff"):
        header[0] = "a"  # a byte-order mark is none of the text
    assert parse_csv(format_csv(header, cells)) == (header, cells)


@settings(ANY, max_examples=300)
@given(content=st.binary() | LISTS)
def test_any_list(content, folder):
    any_file.label_list(content, folder)
