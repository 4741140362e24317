import dataclasses
import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from dg_keras.data import KNOWN, doctor, download, load, prepare, write_manifest
from dg_keras.data.feeding.read_image import read_image
from dg_keras.data.tables.hub_copy import HubCopy
from dg_keras.data.tables.standard_names import standard_names
from dg_keras.data.tools import made_images
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
    files = {path for path in on_disk if "." in path and not path.startswith(".")}
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


def test_parquet_without_pyarrow(pacs, tmp_path, monkeypatch):
    hub = parquet(tmp_path / "hub", pacs, KNOWN["pacs"])
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(ImportError, match=r"Parquet needs pyarrow; `pip install dg_keras\[hub\]`"):
        prepare("pacs", hub, tmp_path / "out")


@pytest.fixture
def hub(pacs, tmp_path, monkeypatch):
    """The hub, which has PACS as it should be, in a version of its own."""
    folder = parquet(tmp_path / "hub", pacs, KNOWN["pacs"])
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.parquet")}
    digests = {name: hashlib.sha256(content(path)).hexdigest() for name, path in files.items()}
    copy = HubCopy("flwrlabs/pacs", "a" * 40, digests)
    monkeypatch.setitem(KNOWN, "pacs", dataclasses.replace(KNOWN["pacs"], hub=copy))

    def snapshot_download(repo_id, *, repo_type, revision, allow_patterns):
        asked = (repo_id, repo_type, revision, allow_patterns)
        assert asked == ("flwrlabs/pacs", "dataset", "a" * 40, "*.parquet")
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    return folder


def test_download(hub, prepared, tmp_path, monkeypatch):
    download("pacs", tmp_path / "again", size=6)

    assert content(tmp_path / "again/manifest.csv") == content(prepared / "manifest.csv")
    with pytest.raises(ValueError, match="`name` must be one of 'pacs', 'office_home'"):
        download("vlcs", tmp_path / "vlcs")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"Downloading needs huggingface_hub; `pip install dg_"):
        download("pacs", tmp_path / "more")


def test_a_download_that_is_another_is_refused(hub, tmp_path):
    shard = sorted((hub / "data").iterdir())[1]
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=rf"^data/{shard.name} of flwrlabs/pacs must have sha256 "):
        download("pacs", tmp_path / "out")
    shard.unlink()
    with pytest.raises(ValueError, match=r"^flwrlabs/pacs must have the files data/train-00000-of"):
        download("pacs", tmp_path / "out")
    assert not (tmp_path / "out").exists()


class HTTPError(Exception):
    """As the hub's library for HTTP has one."""


class ProxyError(HTTPError):
    pass


@pytest.mark.parametrize(
    "error",
    [FileNotFoundError("Got: ConnectError\nAn error happened"), ProxyError("no way out")],
    ids=["no connection", "a proxy"],
)
def test_without_the_hub_one_sentence_says_what_to_do(tmp_path, monkeypatch, error):
    def snapshot_download(*args, **kwargs):
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(ConnectionError) as caught:
        download("pacs", tmp_path / "out")
    assert str(caught.value) == (
        "flwrlabs/pacs could not be fetched from the Hugging Face hub "
        f"({type(error).__name__}); fetch "
        "its parquet files by other means, and give them to `prepare`"
    )


def test_a_disk_that_is_full_is_not_taken_for_the_hub(tmp_path, monkeypatch):
    def snapshot_download(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "cache"))

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(OSError, match="No space left on device") as caught:
        download("pacs", tmp_path / "out")
    assert not isinstance(caught.value, ConnectionError)


def test_pacs_of_the_hub_is_one_commit():
    hub = KNOWN["pacs"].hub
    assert re.fullmatch("[0-9a-f]{40}", hub.revision)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in hub.sha256.values())


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
    write_whole = made_images.write_whole

    def count(path, content, **more):
        if len(stored) == 100:
            raise KeyboardInterrupt
        stored.append(path)
        write_whole(path, content, **more)

    monkeypatch.setattr(made_images, "write_whole", count)
    with pytest.raises(KeyboardInterrupt):
        prepare("pacs", pacs, tmp_path / "again", size=6)
    assert not (tmp_path / "again" / "manifest.csv").exists()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "again").rglob("*.png")}
    monkeypatch.setattr(made_images, "write_whole", write_whole)
    half = next(iter(before)).with_name(".half.png.0-1.partial")  # as if it had been killed
    half.touch()

    prepare("pacs", pacs, tmp_path / "again", size=6)

    assert not half.exists()
    assert 90 <= len(before) < 280
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert content(tmp_path / "again/manifest.csv") == content(prepared / "manifest.csv")


@pytest.mark.parametrize("spoil", [b"", b"something else", None])
def test_what_was_spoiled_is_made_again_and_nothing_else(spoil, pacs, prepared):
    path = prepared / "photo/dog/pic_003.png"
    before = {p: p.stat().st_mtime_ns for p in prepared.rglob("*.png") if p != path}
    whole, manifest = content(path), content(prepared / "manifest.csv")
    path.unlink() if spoil is None else path.write_bytes(spoil)

    prepare("pacs", pacs, prepared, size=6)

    assert content(path) == whole
    assert content(prepared / "manifest.csv") == manifest
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_what_was_spoiled_after_an_interruption_is_not_sealed(pacs, prepared, tmp_path):
    """The notes of an interrupted call end in half a line, and one image was emptied since."""
    lines = [
        f"{hashlib.sha256(content(path)).hexdigest()}  {path.relative_to(prepared).as_posix()}"
        for path in sorted(prepared.rglob("*.png"))
    ]
    (prepared / ".prepared.sha256").write_text("\n".join(lines)[:-90])
    manifest = content(prepared / "manifest.csv")
    (prepared / "manifest.csv").unlink()
    (prepared / "cartoon/dog/pic_000.png").write_bytes(b"")

    prepare("pacs", pacs, prepared, size=6)

    assert content(prepared / "manifest.csv") == manifest
    assert not (prepared / ".prepared.sha256").exists()
    assert doctor(prepared).faults == ()


HOLDER = """
import sys, time
from pathlib import Path
from dg_keras.data.tools.sole_writer import sole_writer
with sole_writer(Path(sys.argv[1])):
    print("holds", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process, in which a folder is being made."""
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


@pytest.mark.slow
def test_the_second_waits_for_the_first_and_takes_over_when_it_dies(
    holder, pacs, prepared, tmp_path, caplog
):
    with ThreadPoolExecutor() as pool:
        second = pool.submit(prepare, "pacs", pacs, tmp_path / "out", size=6)
        deadline = time.monotonic() + 60
        while not caplog.messages and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not second.done()
        holder.kill()
        second.result()

    (message,) = caplog.messages
    assert message.startswith(f"{tmp_path / 'out'} is being made by process {holder.pid} on ")
    assert message.endswith(": waiting until it ends.")
    assert content(tmp_path / "out/manifest.csv") == content(prepared / "manifest.csv")


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


def test_counts_are_checked_before_the_work(pacs, tmp_path):
    shutil.rmtree(pacs / "kfold/photo")

    with pytest.raises(ValueError, match=r"must have the images .* photo 70, .*Received: "):
        prepare("pacs", pacs, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.png"))


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
