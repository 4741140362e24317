"""The layouts that PACS, VLCS and Office-Home circulate in."""

import pytest

from dg_keras.data import KNOWN, load, write_manifest
from dg_keras.data.tables.standard_names import standard_names
from tests.data.conftest import cells, fill, write_lists

OLD_VLCS = {"Caltech101": "CALTECH", "LabelMe": "LABELME", "SUN09": "SUN", "VOC2007": "PASCAL"}


def splits(data):
    return dict(zip(standard_names(data.table), data.table["split"], strict=True))


@pytest.mark.parametrize(
    "layout",
    [
        "PACS/kfold/{domain}/{label}/{k}.png",
        "PACS/{domain}/{label}/{k}.png",
        "pacs/images/{domain}/{label}/{k}.png",
        "pacs_data/images/kfold/{domain}/{label}/{k}.jpg",
    ],
)
def test_pacs(layout, small, tmp_path):
    known = small("pacs")
    fill(tmp_path, cells(known, layout))
    (tmp_path / "OfficeHome").mkdir()

    fill(tmp_path / "again", cells(known, "{domain}/{label}/{k}.png"))

    holder = load("pacs", root=tmp_path, target="sketch")
    own = load("pacs", root=tmp_path / layout.split("/")[0], target="sketch")

    assert own.domains == known.domains
    assert own.classes == known.classes
    assert own.table.equals(holder.table)
    assert all(
        path.parts[-3:-1] == (row.domain, row[3])
        for path, row in zip(own.images.paths, own.table.itertuples(), strict=True)
    )
    assert splits(own) == splits(load("pacs", root=tmp_path / "again"))


@pytest.mark.parametrize("split", ["", "full/"])
@pytest.mark.parametrize("label", ["{label}", "{number}"])
def test_vlcs_in_its_old_names_does_not_swap_sun_and_voc(split, label, small, tmp_path):
    known = small("vlcs")
    fill(tmp_path, cells(known, f"VLCS/{{domain}}/{split}{label}/{{k}}.png", domains=OLD_VLCS))

    data = load("vlcs", root=tmp_path)

    assert data.classes == known.classes
    for row in data.table.itertuples():
        parts = row.path.split("/")
        assert parts[0] == OLD_VLCS[row.domain]
        assert parts[-2] in (row[3], str(row.label))


def test_vlcs_in_its_new_names(small, tmp_path):
    known = small("vlcs")
    fill(tmp_path / "VLCS", cells(known, "{domain}/{label}/{k}.png"))

    table = load("vlcs", root=tmp_path / "VLCS").table

    assert [path.split("/")[0] for path in table["path"]] == table["domain"].tolist()


def test_vlcs_with_split_folders_that_repeat_names(small, tmp_path):
    known = small("vlcs", per_cell=10)
    for part, count in (("train", 6), ("crossval", 1), ("test", 3)):
        paths = cells(known, "{domain}/" + part + "/{number}/imgs_{k}.jpg", count, OLD_VLCS)
        fill(tmp_path, paths)

    data = load("vlcs", root=tmp_path)
    official = load("vlcs", root=tmp_path, target="SUN09", split="official")

    assert len(set(standard_names(data.table))) == len(data.table) == 200
    for row in official.table.itertuples():
        part = row.path.split("/")[1]
        assert row.split == {"crossval": "validation"}.get(part, part)
    assert len(official.part("VOC2007", "train")) == 30
    assert sum(len(labels) for _, labels in official.test) == 15


def test_full_folder_is_the_whole_and_its_parts_are_not_counted_twice(small, tmp_path):
    known = small("vlcs")
    fill(tmp_path, cells(known, "{domain}/full/{number}/{k}.jpg", domains=OLD_VLCS))
    fill(tmp_path, cells(known, "{domain}/test/{number}/{k}.jpg", 3, OLD_VLCS))

    table = load("vlcs", root=tmp_path).table

    assert len(table) == 200
    assert all("/full/" in path for path in table["path"])


@pytest.mark.parametrize("real", ["Real World", "Real", "RealWorld", "real_world"])
def test_office_home(real, small, tmp_path):
    known = small("office_home", per_cell=1)
    names = {domain: domain for domain in known.domains} | {"Real World": real}
    layout = "OfficeHomeDataset_10072016/{domain}/{label}/0000{k}.jpg"
    fill(tmp_path, cells(known, layout, 1, names), size=(2, 2))

    data = load("office_home", root=tmp_path)

    assert data.domains == ("Art", "Clipart", "Product", "Real World")
    assert data.classes == known.classes


def test_a_folder_of_data_sets_is_no_data_set(small, tmp_path):
    """Its SUN is another data set, not a domain of VLCS."""
    known = small("vlcs")
    fill(tmp_path / "VLCS", cells(known, "{domain}/{label}/{k}.png"))
    fill(tmp_path, ["SUN/abbey/0.png"])

    assert len(load("vlcs", root=tmp_path).table) == 200


def test_what_is_prepared_goes_first(pacs, prepared):
    """Both are there, under names of PACS."""
    prepared.rename(pacs.parent / "pacs")

    assert load("pacs", root=pacs.parent).images.paths[0].is_relative_to(pacs.parent / "pacs")


@pytest.mark.parametrize("place", ["", "splits", "kfold"])
def test_official_lists_of_pacs(place, pacs):
    (pacs / place).mkdir(exist_ok=True)
    write_lists(pacs / place, KNOWN["pacs"])

    data = load("pacs", root=pacs, target="sketch", split="official", test="whole")

    for row in data.table.itertuples():
        assert row.split == ("validation" if "pic_009" in row.path else "train")
    assert len(data.train["photo"]) == 63
    assert sum(len(labels) for _, labels in data.test) == 70
    with pytest.raises(ValueError, match=r"`test` must be 'whole' where .* 'sketch'. Received"):
        load("pacs", root=pacs, target="sketch", split="official")


def test_official_lists_may_have_the_spoiled_image_that_is_not_there(pacs):
    write_lists(pacs, KNOWN["pacs"])
    for part in ("train", "test"):
        with (pacs / f"sketch_{part}_kfold.txt").open("a") as file:
            file.write("sketch/dog/n02103406_4068-1.png 1\n")

    assert len(load("pacs", root=pacs, split="official").table) == 279 + 1


def test_official_split_from_a_shared_manifest(pacs, tmp_path):
    write_lists(pacs, KNOWN["pacs"])
    official = load("pacs", root=pacs, split="official")
    write_manifest(official.table.assign(official=official.table["split"]), tmp_path / "split.csv")
    for path in pacs.glob("*.txt"):
        path.unlink()

    again = load("pacs", root=pacs, split="official", manifest=tmp_path / "split.csv")

    assert splits(again) == splits(official)


def test_no_known_domains(tmp_path):
    fill(tmp_path, ["day/cat/0.png"])

    with pytest.raises(FileNotFoundError, match=r"'pacs' must hold art_painting, .* with day"):
        load("pacs", root=tmp_path)
