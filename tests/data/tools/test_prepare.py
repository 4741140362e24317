import hashlib
import json
import shutil
import sys

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from dg_keras.data import KNOWN, download, load, prepare, write_manifest
from dg_keras.data import prepare as prepare_module
from dg_keras.data.feeding.read_image import read_image
from dg_keras.data.tables.standard_names import standard_names
from tests.data.conftest import PER_CELL, cells, fill, write_lists


def content(path):
    return path.read_bytes()


def parquet(folder, root, known, shards=3, labels="numbers", names=True):
    """Writes a data set as it is on the hub: shards, class numbers, and their names beside."""
    table = load(known.name, root=root).table
    classes = list(known.classes)
    rows = [
        {
            "image": {"bytes": content(root / row.path), "path": row.path.split("/")[-1]},
            "domain": row.domain,
            "label": row.label if labels == "numbers" else row[3],
        }
        for row in table.itertuples()
    ]
    if not names:
        rows = [row | {"image": row["image"] | {"path": None}} for row in rows]
    schema = pyarrow.Table.from_pylist(rows).schema
    if labels == "numbers":
        features = {"label": {"names": classes, "_type": "ClassLabel"}}
        schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    (folder / "data").mkdir(parents=True)
    for shard in range(shards):
        part = pyarrow.Table.from_pylist(rows[shard::shards], schema=schema)
        path = folder / "data" / f"train-{shard:05}-of-{shards:05}.parquet"
        pyarrow.parquet.write_table(part, path)
    return folder


def archive(pacs, kind):
    return shutil.make_archive(str(pacs.parent / "download"), kind, pacs.parent, "PACS")


def test_standard_layout_and_manifest(pacs, tmp_path):
    known = KNOWN["pacs"]

    table = prepare("pacs", pacs, tmp_path / "out", size=(20, 24))

    assert list(table.columns) == ["path", "domain", "class", "sha256", "split"]
    assert table["path"].tolist() == sorted(cells(known, "{domain}/{label}/pic_{k:03}.png"))
    on_disk = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*")}
    files = {path for path in on_disk if "." in path}
    assert files == {*table["path"], "manifest.csv", "prepared.json"}
    for row in table.sample(20, random_state=0).itertuples():
        path = tmp_path / "out" / row.path
        assert row.path.split("/")[:2] == [row.domain, row[3]]
        assert hashlib.sha256(content(path)).hexdigest() == row.sha256
        np.testing.assert_array_equal(
            Image.open(path), read_image(pacs / "kfold" / row.path, (20, 24))
        )


def test_load_takes_the_manifest_and_agrees_with_the_source(pacs, prepared):
    raw = load("pacs", root=pacs, image_size=6)
    data = load("pacs", root=prepared, image_size=6, seed=1)

    assert data.table["split"].tolist() == raw.table["split"].tolist()
    rows = np.arange(len(data.table))
    np.testing.assert_array_equal(data.images.read(rows), raw.images.read(rows))


def test_the_seed_decides_the_split(pacs, prepared, tmp_path):
    other = prepare("pacs", pacs, tmp_path / "other", size=6, seed=1)

    assert other["split"].tolist() == load("pacs", root=pacs, seed=1).table["split"].tolist()
    assert other["split"].tolist() != load("pacs", root=prepared).table["split"].tolist()


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_archive(kind, pacs, prepared, tmp_path):
    prepare("pacs", archive(pacs, kind), tmp_path / "again", size=6)

    assert content(tmp_path / "again/manifest.csv") == content(prepared / "manifest.csv")
    assert not (tmp_path / "again" / ".unpacked").exists()


@pytest.mark.parametrize("labels", ["numbers", "names"])
def test_parquet(labels, pacs, prepared, tmp_path):
    hub = parquet(tmp_path / "hub", pacs, KNOWN["pacs"], labels=labels)

    prepare("pacs", hub, tmp_path / "again", size=6)

    assert content(tmp_path / "again/manifest.csv") == content(prepared / "manifest.csv")


def test_parquet_file_without_names(pacs, prepared, tmp_path):
    hub = parquet(tmp_path / "hub", pacs, KNOWN["pacs"], shards=1, names=False)

    table = prepare("pacs", hub / "data/train-00000-of-00001.parquet", tmp_path / "again", size=6)

    assert table["path"][0] == "art_painting/dog/000000.png"
    expected = pd.read_csv(prepared / "manifest.csv")
    assert sorted(table["sha256"]) == sorted(expected["sha256"])


def test_parquet_of_other_columns(tmp_path):
    pyarrow.parquet.write_table(
        pyarrow.table({"img": [1], "domain": ["a"]}), tmp_path / "a.parquet"
    )

    with pytest.raises(ValueError, match=r"columns image, domain and label. .* with img, domain"):
        prepare("pacs", tmp_path / "a.parquet", tmp_path / "out")


def test_parquet_without_pyarrow(pacs, tmp_path, monkeypatch):
    hub = parquet(tmp_path / "hub", pacs, KNOWN["pacs"])
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(ImportError, match=r"Parquet needs pyarrow; `pip install dg_keras\[hub\]`"):
        prepare("pacs", hub, tmp_path / "out")


def test_download(pacs, prepared, tmp_path, monkeypatch):
    hub = parquet(tmp_path / "hub", pacs, KNOWN["pacs"])

    def snapshot_download(repo_id, *, repo_type, allow_patterns):
        assert (repo_id, repo_type, allow_patterns) == ("flwrlabs/pacs", "dataset", "*.parquet")
        return str(hub)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    download("pacs", tmp_path / "again", size=6)

    assert content(tmp_path / "again/manifest.csv") == content(prepared / "manifest.csv")
    with pytest.raises(ValueError, match="`name` must be one of 'pacs', 'office_home'"):
        download("vlcs", tmp_path / "vlcs")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"Downloading needs huggingface_hub; `pip install dg_"):
        download("pacs", tmp_path / "more")


def test_jpeg_of_a_stated_quality(pacs, tmp_path):
    sizes = {}
    for quality in (50, 95):
        out = tmp_path / f"q{quality}"
        table = prepare("pacs", pacs, out, size=(40, 48), format="jpeg", quality=quality)
        assert table["path"][0] == "art_painting/dog/pic_000.jpg"
        with Image.open(out / table["path"][0]) as image:
            assert (image.format, image.size) == ("JPEG", (48, 40))
            assert all(layer[1:3] == (1, 1) for layer in image.layer)  # colour at full resolution
            sizes[quality] = len(content(out / table["path"][0]))
        assert json.loads(content(out / "prepared.json"))["quality"] == quality

    assert sizes[50] < sizes[95]


def test_goes_on_where_it_was_interrupted(pacs, prepared, tmp_path, monkeypatch):
    stored = []
    write_atomically = prepare_module.__globals__["write_atomically"]

    def count(path, content):
        if len(stored) == 100:
            raise KeyboardInterrupt
        stored.append(path)
        write_atomically(path, content)

    monkeypatch.setitem(prepare_module.__globals__, "write_atomically", count)
    with pytest.raises(KeyboardInterrupt):
        prepare("pacs", pacs, tmp_path / "again", size=6)
    assert not (tmp_path / "again" / "manifest.csv").exists()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "again").rglob("*.png")}
    monkeypatch.setitem(prepare_module.__globals__, "write_atomically", write_atomically)

    prepare("pacs", pacs, tmp_path / "again", size=6)

    assert 90 <= len(before) < 280
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert content(tmp_path / "again/manifest.csv") == content(prepared / "manifest.csv")


@pytest.mark.parametrize("changed", [{"size": 9}, {"format": "jpeg"}])
def test_is_never_made_in_two_ways(changed, pacs, prepared):
    with pytest.raises(ValueError, match=r"`to` must be gone on with as it was begun, .*json"):
        prepare("pacs", pacs, prepared, **{"size": 6} | changed)


def test_published_split_is_kept(pacs, tmp_path):
    write_lists(pacs, KNOWN["pacs"])

    table = prepare("pacs", pacs, tmp_path / "out", size=6)
    data = load("pacs", root=tmp_path / "out", split="official")

    assert list(table.columns) == ["path", "domain", "class", "sha256", "split", "official"]
    raw = load("pacs", root=pacs, split="official").table
    assert data.table["split"].tolist() == raw["split"].tolist()
    assert load("pacs", root=tmp_path / "out").table["split"].tolist() == table["split"].tolist()


def test_images_of_one_name_are_both_kept(small, tmp_path):
    known = small("vlcs")
    for part in ("train", "test"):
        fill(
            tmp_path / "VLCS", cells(known, "{domain}/" + part + "/{number}/{k}.jpg", PER_CELL // 2)
        )

    table = prepare("vlcs", tmp_path / "VLCS", tmp_path / "out", size=4)

    assert len(table) == 200
    assert set(table["path"].str.split("/").str[-1]) == {
        f"{k}{number}.png" for k in range(5) for number in ("", "-2")
    }
    assert set(table["official"][table["path"].str.endswith("-2.png")]) == {"train"}


def test_the_spoiled_image_is_left_out_only_if_it_is_spoiled(pacs, tmp_path):
    spoiled = pacs / "kfold/sketch/dog/n02103406_4068-1.png"
    spoiled.write_bytes(b"no image")
    without = prepare("pacs", pacs, tmp_path / "without", size=4)
    shutil.copy(pacs / "kfold/sketch/dog/pic_000.png", spoiled)
    whole = prepare("pacs", pacs, tmp_path / "whole", size=4)

    assert set(whole["path"]) - set(without["path"]) == {"sketch/dog/n02103406_4068-1.png"}
    assert len(load("pacs", root=tmp_path / "without").table) == 280


def test_a_broken_image_is_named(pacs, tmp_path):
    (pacs / "kfold/photo/dog/pic_003.png").write_bytes(b"")

    with pytest.raises(ValueError, match=r"`path` .*doctor.*photo/dog/pic_003.png' \(it is empty"):
        prepare("pacs", pacs, tmp_path / "out", size=6)


def test_counts_are_checked_before_the_work(pacs, tmp_path):
    shutil.rmtree(pacs / "kfold/photo")

    with pytest.raises(ValueError, match=r"must have the images .* photo 70, .*Received: "):
        prepare("pacs", pacs, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.png"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "pacz"}, "`name` must be one of .*near to 'pacs'"),
        ({"format": "gif"}, "`format` must be one of 'jpeg', 'png'"),
        ({"quality": 0}, r"`quality` must be in 1\.\.100\. Received: quality=0"),
        ({"size": 0}, "`image_size` must be"),
        ({"to": "{pacs}"}, r"`to` must be an empty or new folder, .* Received: to='.*PACS'"),
        ({"source": "{pacs}/none"}, r"`source` must be .*none', and nothing is there"),
        ({"source": __file__}, r"`source` must be a folder, .*\.zip.*test_prepare\.py"),
    ],
)
def test_faulty_arguments(arguments, message, pacs, tmp_path):
    arguments = {
        key: value.format(pacs=pacs) if isinstance(value, str) else value
        for key, value in arguments.items()
    }
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        prepare(**{"name": "pacs", "source": pacs, "to": tmp_path / "out"} | arguments)


def test_a_manifest_of_the_source_is_kept(pacs, tmp_path):
    source = load("pacs", root=pacs).table
    source["concept"] = [f"concept {row % 100}" for row in range(len(source))]
    source["split"] = np.resize(["train", "test", "validation"], len(source))
    write_manifest(source, pacs / "manifest.csv")

    table = prepare("pacs", pacs, tmp_path / "out", size=4)

    assert standard_names(table) == standard_names(source)
    assert table[["concept", "split"]].equals(source[["concept", "split"]])


def test_sizes_are_those_of_the_paper_by_default(small, tmp_path):
    known = small("pacs", per_cell=1)
    fill(tmp_path / "PACS", cells(known, "{domain}/{label}/{k}.png", 1), size=(2, 2))

    table = prepare("pacs", tmp_path / "PACS", tmp_path / "out")

    with Image.open(tmp_path / "out" / table["path"][0]) as image:
        assert image.size == (227, 227)
