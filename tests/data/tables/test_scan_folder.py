import pytest
from PIL import Image

from dg_keras.data import load
from dg_keras.data.tables.read_table import read_table
from dg_keras.data.tables.scan_folder import scan_folder


def test_lists_images_with_domain_and_class(folder):
    table = scan_folder(folder)

    assert list(table.columns) == ["path", "domain", "class"]
    assert len(table) == 28
    assert table.iloc[0].tolist() == ["day/cat/0.png", "day", "cat"]
    assert table.groupby(["domain", "class"]).size().tolist() == [10, 10, 4, 4]


def test_leaves_out_what_is_hidden_or_no_image(folder):
    expected = scan_folder(folder)
    (folder / ".cache" / "cat").mkdir(parents=True)
    (folder / ".cache" / "cat" / "0.png").touch()
    (folder / "day" / "cat" / "._0.png").touch()
    (folder / "day" / "cat" / "Thumbs.db").touch()
    (folder / "day" / "notes.txt").touch()
    (folder / "readme.png").touch()

    assert scan_folder(folder).equals(expected)


def test_suffixes_in_capitals_and_a_class_missing_in_a_domain(folder):
    (folder / "day" / "fox").mkdir()
    (folder / "day" / "fox" / "0.JPEG").touch()

    table = scan_folder(folder)

    assert table[table["class"] == "fox"]["path"].tolist() == ["day/fox/0.JPEG"]


def test_leaves_out_folders_in_which_no_image_is_to_be_seen(folder):
    expected = scan_folder(folder)
    for path in (
        *("notes/2024/plan.txt", "empty/", "__MACOSX/day/cat/._0.png", "licences/.old/0.png"),
        *("day/empty/", "day/notes/more/plan.txt", "night/cat/old/0.png", "night/loose.png"),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).mkdir() if path.endswith("/") else (folder / path).touch()

    assert scan_folder(folder).equals(expected)


def test_a_linked_domain_is_read_and_told_if_its_images_are_elsewhere(folder, tmp_path):
    (tmp_path / "dusk" / "train" / "cat").mkdir(parents=True)
    (tmp_path / "dusk" / "train" / "cat" / "0.png").touch()
    (folder / "dusk").symlink_to(tmp_path / "dusk" / "train")
    assert "dusk/cat/0.png" in scan_folder(folder)["path"].tolist()

    (folder / "dusk").unlink()
    (folder / "dusk").symlink_to(tmp_path / "dusk")
    with pytest.raises(ValueError, match=r"folder 'dusk' has none .* but 'dusk/train/cat/0\.png'"):
        scan_folder(folder)


def test_jfif_is_jpeg(folder):
    path = folder / "day" / "cat" / "scan.JFIF"
    Image.new("RGB", (2, 2)).save(path, "jpeg")

    assert "day/cat/scan.JFIF" in scan_folder(folder)["path"].tolist()
    assert load(folder, image_size=2, on_bad_image="skip").skipped == {}


def test_what_lies_beside_the_classes_is_none_of_them(folder):
    """Masks, figures and volumes, in no class' place."""
    for name in ("masks/day.npy", "day/overlay.svg", "figures/plot.tiff"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    assert set(scan_folder(folder)["domain"]) == {"day", "night"}


def test_classes_that_a_domain_tells_apart_may_differ_in_capitals(tmp_path):
    for place in ("a/A/0.png", "a/a/0.png", "b/a/0.png"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).touch()
    assert set(read_table(tmp_path, seed=0)["class"]) == {"A", "a"}
