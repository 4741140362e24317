import re

import pandas as pd
import pytest

from dg_keras.data import KNOWN

PUBLISHED = {"pacs": (9991, 7), "vlcs": (10729, 5), "office_home": (15588, 65)}


@pytest.mark.parametrize("name", KNOWN)
def test_a_grid_can_be_planned_without_data(name):
    known = KNOWN[name]

    assert known.domains == tuple(sorted(known.counts))
    assert len(known.domains) == 4
    # `load` numbers the classes it finds in sorted order.
    assert known.classes == tuple(sorted(set(known.classes)))
    if name in PUBLISHED:
        assert (sum(known.counts.values()), len(known.classes)) == PUBLISHED[name]


def test_styleshift_is_as_it_ships(styleshift):
    assert styleshift.domains == KNOWN["styleshift"].domains
    assert styleshift.classes == KNOWN["styleshift"].classes


@pytest.mark.parametrize(
    ("name", "folder", "domain"),
    [
        ("pacs", "art_painting", "art_painting"),
        ("pacs", "Art Painting", "art_painting"),
        ("pacs", "art", "art_painting"),
        ("pacs", "photos", None),
        ("vlcs", "SUN", "SUN09"),
        ("vlcs", "sun09", "SUN09"),
        ("vlcs", "PASCAL", "VOC2007"),
        ("vlcs", "VOC2007", "VOC2007"),
        ("vlcs", "CALTECH", "Caltech101"),
        ("vlcs", "LABELME", "LabelMe"),
        ("office_home", "Real World", "Real World"),
        ("office_home", "RealWorld", "Real World"),
        ("office_home", "real_world", "Real World"),
        ("office_home", "Real", "Real World"),
        ("office_home", "Photo", None),
    ],
)
def test_domains_are_told_by_name(name, folder, domain):
    assert KNOWN[name].find_domain(folder) == domain


@pytest.mark.parametrize(
    ("name", "folder", "label"),
    [
        ("vlcs", "0", "bird"),
        ("vlcs", "4", "person"),
        ("vlcs", "5", None),
        ("pacs", "Dog", "dog"),
        ("pacs", "cat", None),
        ("office_home", "Alarm Clock", "Alarm_Clock"),
        ("office_home", "TV", "TV"),
    ],
)
def test_classes_are_told_by_name_or_number(name, folder, label):
    assert KNOWN[name].find_class(folder) == label


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("pacs", "PACS"),
        ("vlcs", "VLCS"),
        ("office_home", "OfficeHomeDataset_10072016"),
        ("office_home", "office_home"),
        ("office_home", "Office-Home"),
    ],
)
def test_usual_folder_names(name, folder):
    assert [known.name for known in KNOWN.values() if known.is_name_of(folder)] == [name]


def sketches(known, without):
    """A table of PACS' size with all its classes, that lacks some images."""
    rows = [
        (f"{domain}/{known.classes[k % 7]}/{k}.png", domain, known.classes[k % 7])
        for domain, count in known.counts.items()
        for k in range(count - (domain == "sketch"))
    ]
    rows.append(("sketch/dog/n02103406_4068-1.png", "sketch", "dog"))
    table = pd.DataFrame(rows, columns=["path", "domain", "class"])
    return table[~table["path"].isin(without)]


def test_only_the_spoiled_image_of_pacs_may_be_absent():
    known = KNOWN["pacs"]
    spoiled = "sketch/dog/n02103406_4068-1.png"

    known.check(sketches(known, without=[]))
    known.check(sketches(known, without=[spoiled]))
    for without in (["sketch/dog/0.png"], [spoiled, "sketch/dog/0.png"]):
        count = 3929 - len(without)
        message = f"'pacs' must have .* sketch 3929. Received: .* sketch {count}; .*doctor"
        with pytest.raises(ValueError, match=message):
            known.check(sketches(known, without))


def test_classes_are_checked():
    known = KNOWN["pacs"]
    table = sketches(known, without=[]).replace({"class": {"horse": "zebra"}})

    with pytest.raises(ValueError, match=re.escape("Received: a difference in horse, zebra")):
        known.check(table)
