import io
import os
import shutil

import numpy as np
import pandas as pd
import pytest
import rich.console
from PIL import Image

from dg_keras.data import KNOWN, doctor, load, write_manifest
from dg_keras.data.__main__ import main
from tests.data.conftest import write_lists

NOBODY = 65534


@pytest.fixture
def root(prepared):
    """PACS, prepared, and with the official lists beside."""
    write_lists(prepared, KNOWN["pacs"])
    return prepared


def part_of(root, split):
    """A painting of a house that is in a part of the split."""
    table = pd.read_csv(root / "manifest.csv")
    chosen = table[(table["domain"] == "art_painting") & (table["class"] == "house")]
    return chosen["path"][chosen["split"] == split].iloc[0]


# Each plants one fault and returns its kind, where it should be seen and what should be said.


def corrupt_file(root):
    path = "cartoon/dog/pic_001.png"
    (root / path).write_bytes((root / path).read_bytes()[:60])
    return "unreadable", path, "bytes are damaged or cut off"


def empty_file(root):
    path = "cartoon/dog/pic_002.png"
    (root / path).write_bytes(b"")
    return "unreadable", path, "it is empty"


def text_as_image(root):
    (root / "cartoon/dog/pic_011.jpg").write_text("a dog")
    return "unreadable", "cartoon/dog/pic_011.jpg", "its 5 bytes are no image"


def unreadable_permission(root):
    path = "cartoon/dog/pic_003.png"
    (root / path).chmod(0)
    return "unreadable", path, "it can't be read: Permission denied"


def missing_class(root):
    shutil.rmtree(root / "cartoon" / "horse")
    return "missing class", "cartoon", "no image of 'horse'"


def duplicate_across_domains(root):
    shutil.copy(root / "sketch/dog/pic_004.png", root / "art_painting/dog/pic_004.png")
    return "duplicate across domains", "art_painting/dog/pic_004.png", "sketch/dog/pic_004.png"


def duplicate_across_splits(root):
    first, second = sorted([part_of(root, "train"), part_of(root, "test")])
    # Another format and another file, but the same pixels.
    Image.open(root / first).save(root / second, compress_level=0)
    return "duplicate across splits", first, second


def wrong_count(root):
    (root / "sketch/person/pic_007.png").unlink()
    return "wrong count", "sketch", "69 images, 71 were published"


def wrong_domain_name(root):
    (root / "photo").rename(root / "photos")
    return "wrong domain", "photos", "'photos' is no domain of pacs, but near to 'photo'"


def label_that_disagrees(root):
    path = root / "sketch_train_kfold.txt"
    path.write_text(path.read_text().replace("pic_000.png 2", "pic_000.png 5"))
    return (
        "label list",
        "sketch_train_kfold.txt:10",
        "label 5, but its folder 'elephant' is label 2",
    )


FAULTS = [
    corrupt_file,
    empty_file,
    text_as_image,
    missing_class,
    duplicate_across_domains,
    duplicate_across_splits,
    wrong_count,
    wrong_domain_name,
    unreadable_permission,
    label_that_disagrees,
]


@pytest.fixture
def as_nobody(root):
    """No file is closed to the superuser: the doctor is called as somebody else."""
    if os.geteuid() != 0:
        yield
        return
    # Modules that are imported when they are first used: nobody may not read a private environment.
    doctor(root).show(rich.console.Console(file=io.StringIO()))
    closed = [folder for folder in root.parents if folder.stat().st_mode & 0o011 != 0o011]
    for folder in closed:
        folder.chmod(folder.stat().st_mode | 0o011)  # may be passed through
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


def is_found(fault, report):
    kind, where, what = fault
    return any(
        (found.kind, found.where) == (kind, where) and what in found.what for found in report.faults
    )


def test_all_is_well(root):
    report = doctor(root)

    assert report.faults == ()
    assert report.name == "pacs"
    assert report.table.loc["sketch"].to_dict() == {
        "images": 70,
        "published": 71,
        "classes": 7,
        "unreadable": 0,
    }


@pytest.mark.parametrize("plant", FAULTS)
def test_fault(plant, root, request):
    fault = plant(root)
    if plant is unreadable_permission:
        request.getfixturevalue("as_nobody")

    report = doctor(root)

    assert is_found(fault, report), report.faults


def test_all_ten_faults_at_once(root, request, monkeypatch, capsys):
    faults = [plant(root) for plant in FAULTS]
    request.getfixturevalue("as_nobody")
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr("sys.argv", ["dg_keras.data", "doctor", str(root)])

    report = doctor(root)

    assert len(faults) == 10
    assert [fault for fault in faults if not is_found(fault, report)] == []
    assert main() == 1
    printed = capsys.readouterr().out
    assert f"{len(report.faults)} faults" in printed
    for _, where, what in faults:
        assert any(where in line and what in line for line in printed.splitlines())
    assert report.table["unreadable"].to_dict() == {
        "art_painting": 0,
        "cartoon": 4,
        "photo": 0,
        "photos": 0,
        "sketch": 0,
    }


def test_command_without_faults(root, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["dg_keras.data", "doctor", str(root), "--name", "pacs"])

    assert main() == 0
    assert "No faults." in capsys.readouterr().out


def test_names_that_look_like_markup(folder, capsys):
    """Rich would swallow what is in brackets."""
    path = folder / "day" / "cat" / "[red]a.png"
    path.write_bytes(b"")

    doctor(folder).show(rich.console.Console(width=200))

    assert "day/cat/[red]a.png" in capsys.readouterr().out


def test_the_published_folder(pacs):
    (pacs / "kfold/sketch/dog/n02103406_4068-1.png").write_bytes(b"damaged")

    report = doctor(pacs)

    assert [fault[:2] for fault in report.faults] == [
        ("unreadable", "kfold/sketch/dog/n02103406_4068-1.png")
    ]
    (pacs / report.faults[0].where).unlink()
    assert doctor(pacs).faults == ()


def test_a_folder_of_ones_own(folder):
    (folder / "dusk" / "cat").mkdir(parents=True)
    shutil.copy(folder / "day/cat/1.png", folder / "dusk/cat/1.png")

    report = doctor(folder)

    assert report.name is None
    assert report.table["images"].to_dict() == {"day": 20, "dusk": 1, "night": 8}
    found = {(fault.kind, fault.where) for fault in report.faults}
    # Image k of any cell of this folder has the same pixels.
    assert {("duplicate across domains", f"day/cat/{k}.png") for k in range(4)} < found
    assert ("missing class", "dusk") in found


def test_duplicate_with_two_labels_in_one_part(root):
    table = pd.read_csv(root / "manifest.csv")
    chosen = table[(table["domain"] == "photo") & (table["split"] == "train")]
    dog, cat = (chosen["path"][chosen["class"] == label].iloc[0] for label in ("dog", "house"))
    shutil.copy(root / dog, root / cat)

    assert is_found(("duplicate across classes", dog, cat), doctor(root))


def test_manifest_that_disagrees_with_the_folder(root):
    os.remove(root / "photo/dog/pic_000.png")
    shutil.rmtree(root / "photo/horse")
    shutil.copy(root / "photo/dog/pic_001.png", root / "photo/dog/new.png")
    Image.new("RGB", (6, 6)).save(root / "photo/dog/pic_002.png")
    (root / "photo/dog/pic_003.png").rename(root / "photo/house/pic_103.png")

    report = doctor(root)

    for fault in (
        ("absent", "photo/dog", "2 images are in the manifest, but not there, the first is photo"),
        ("absent", "photo/horse", "10 images are in the manifest, but not there"),
        ("unlisted", "photo/dog/new.png", "it is not in the manifest"),
        ("unlisted", "photo/house/pic_103.png", "it is not in the manifest"),
        ("changed", "photo/dog/pic_002.png", "it is not the file that the manifest lists"),
    ):
        assert is_found(fault, report), fault


def test_manifest_that_puts_an_image_elsewhere(root):
    table = pd.read_csv(root / "manifest.csv").replace({"class": {"horse": "zebra"}})
    write_manifest(table, root / "manifest.csv")

    report = doctor(root)

    assert is_found(("changed", "photo/horse", "10 images are in another domain or"), report)
    assert is_found(
        ("wrong class", "photo/horse/pic_000.png", "'zebra' is no class of pacs"), report
    )
    assert is_found(("missing class", "photo", "no image of 'horse'"), report)


def test_missing_domain(root):
    shutil.rmtree(root / "photo")

    assert is_found(("missing domain", "photo", "70 images were published"), doctor(root))


def test_what_is_not_read_is_counted_with_an_example(folder, capsys):
    for path in (
        *("day/cat/10.tif", "day/dog/10.tif", "day/cat/10.heic", "day/cat/notes.txt"),
        *("day/notes.txt", "readme.txt", "cover.png", "day/loose.png", "night/cat/more/1.png"),
        *("day/cat/._0.png", "day/cat/.DS_Store", ".cache/cat/0.png", "day/cat/folder.png/a.txt"),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    (folder / "night" / "fox").mkdir()

    report = doctor(folder)

    assert set(report.skipped) == {
        ("images in a format that is not read, .tif", 2, "day/cat/10.tif"),
        ("images in a format that is not read, .heic", 1, "day/cat/10.heic"),
        ("files that are no images by their name", 2, "day/notes.txt"),
        ("images beside the folders of classes, or too deep in them", 3, "cover.png"),
        ("hidden images", 1, "day/cat/._0.png"),
        ("hidden folders", 1, ".cache"),
        ("folders called like images", 1, "day/cat/folder.png"),
        ("empty folders", 1, "night/fox"),
    }
    assert "absent" not in {fault.kind for fault in report.faults}
    report.show(rich.console.Console(width=200))
    assert "not read" in (printed := capsys.readouterr().out)
    assert any("not read, .tif" in row and "day/cat/10.tif" in row for row in printed.splitlines())


def test_files_of_no_known_kind_where_a_class_has_no_image(folder):
    """As DICOM files without a suffix are."""
    (folder / "night" / "fox").mkdir()
    for name in ("IM0001", "IM0002"):
        (folder / "night" / "fox" / name).touch()

    assert doctor(folder).skipped == (
        ("files that are no images by their name", 2, "night/fox/IM0001"),
    )


def test_scans_of_12_bits_in_files_of_16(folder):
    scan = np.linspace(0, 4095, 48).reshape(6, 8).astype(np.uint16)
    for name, pixels in (("a", scan), ("b", scan // 2), ("c", scan * 16), ("d", scan * 0)):
        Image.fromarray(pixels).save(folder / "day" / "cat" / f"{name}.png")

    (fault,) = [fault for fault in doctor(folder).faults if fault.kind == "nearly black"]

    assert fault == (
        "nearly black",
        "day/cat",
        "2 images are of 16 bits without a value above 4095, which makes nearly black images: "
        "scans of 12 bits are to be multiplied by 16, the first is day/cat/a.png",
    )


def test_a_concept_in_several_parts_of_the_split(folder):
    table = load(folder).table.assign(concept="")
    train, test = (table.index[table["split"] == part][0] for part in ("train", "test"))
    table.loc[[train, test], "concept"] = ["patient-1", "patient-1 "]
    write_manifest(table, folder / "manifest.csv")

    first = table["path"][min(train, test)]
    fault = ("concept across splits", first, "'patient-1' is in test and train")
    assert fault in doctor(folder).faults


def test_columns_of_any_name(folder):
    table = load(folder).table.assign(pixels="8", digest="none", fault="none", is_dark="no")
    table.to_csv(folder / "manifest.csv", index=False)
    report = doctor(folder)
    (folder / "manifest.csv").unlink()

    assert report.faults == doctor(folder).faults


def test_a_manifest_of_which_nothing_is_there(folder):
    table = load(folder).table
    table["path"] = table["path"].str.replace("/", "\\")
    write_manifest(table, folder / "manifest.csv")

    assert {fault.kind for fault in doctor(folder).faults} == {"absent"}


@pytest.mark.parametrize("name", ["pacs-makers", "VLCS of cats", "StyleShift 2"])
@pytest.mark.parametrize("is_listed", [False, True])
def test_a_folder_of_ones_own_that_is_called_like_a_known_one(name, is_listed, folder):
    table = load(folder).table
    own = folder.rename(folder.with_name(name))
    if is_listed:
        write_manifest(table, own / "manifest.csv")

    report = doctor(own)

    assert report.name is None
    assert len(report.table) == 2


def test_a_known_data_set_in_a_folder_of_a_longer_name(pacs, prepared):
    assert doctor(pacs.rename(pacs.with_name("pacs_v2"))).name == "pacs"
    (prepared / "prepared.json").unlink()
    assert doctor(prepared.rename(prepared.with_name("pacs 227"))).name == "pacs"


def test_images_that_a_manifest_of_ones_own_does_not_list(folder):
    write_manifest(load(folder).table.iloc[2:], folder / "manifest.csv")

    assert doctor(folder).skipped == (
        ("images that the manifest does not list", 2, "day/cat/0.png"),
    )


def test_nothing_is_skipped_in_a_prepared_folder(root):
    assert doctor(root).skipped == ()
