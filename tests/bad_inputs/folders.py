"""Folders, manifests and lists that make no data set."""

import os

import pytest

from dg_keras.data import KNOWN, doctor, load
from tests.bad_inputs.bad_input import BadInput
from tests.bad_inputs.images import animals
from tests.data.conftest import cells, fill, shrunk, write_lists


def folder_of(wrong, files, says, error=ValueError, **arguments):
    """A data set's folder that holds these files, images in name alone."""

    def give(folder):
        root = folder / "animals"
        root.mkdir()
        for file in files:
            path = root / os.fsdecode(file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        load(root, **arguments)

    return BadInput(wrong, give, says.replace("{root}", "{folder}/animals"), error)


def given(wrong, says, error=ValueError, **arguments):
    """Arguments that don't fit a data set of two domains and classes."""

    def give(folder):
        root = animals(folder)
        load(**{"name": root} | arguments | ({"root": root} if "root" in arguments else {}))

    return BadInput(wrong, give, says, error)


def manifest(wrong, content, says, error=ValueError):
    """A manifest of this content in the data set's folder."""

    def give(folder):
        root = animals(folder)
        content_ = content if isinstance(content, bytes) else content.encode()
        (root / "manifest.csv").write_bytes(content_)
        load(root)

    return BadInput(wrong, give, says.replace("{path}", "{folder}/animals/manifest.csv"), error)


def pacs(wrong, spoil, says, error=ValueError, **arguments):
    """PACS, two images a cell, with its lists, after `spoil`."""

    def give(folder):
        root = folder / "PACS"
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(KNOWN, "pacs", shrunk("pacs", 2))
            fill(root, cells(KNOWN["pacs"], "{domain}/{label}/pic_{k:03}.png", 2), size=(1, 1))
            write_lists(root, KNOWN["pacs"], 2)
            spoil(root)
            load("pacs", root=root, **arguments)

    return BadInput(wrong, give, says.replace("{root}", "{folder}/PACS"), error)


def lists(wrong, spoil, says):
    return pacs(wrong, spoil, says, split="official")


def add(line, name="cartoon_train_kfold.txt"):
    """Adds a line to one of the lists."""

    def spoil(root):
        with (root / name).open("ab") as file:
            file.write(line)

    return spoil


def without_an_image(root):
    for path in root.glob("photo_*.txt"):
        path.write_text(path.read_text().replace("photo/dog/pic_000.png 1\n", ""))


def without_lists(root):
    for path in root.glob("*.txt"):
        path.unlink()


HEAD = "path,domain,class\n"
LAYOUT = "`root` must hold images as <domain>/<class>/<image>. Received: '{root}' with "
ELSEWHERE = (
    "`root` must hold images as <domain>/<class>/<image>, or in folders whose name begins with a "
    "dot. Received: '{{root}}', whose folder {!r} has none in their place, but {!r}"
)
SPELLING = (
    "A {} in '{{root}}' must have one spelling. Received: {}, which differ in capitals, spaces "
    "around them or Unicode alone"
)
CAFE = "'cafe\\u0301' and 'caf\\xe9'"
FORMATS = (
    "`root` must hold images that are .jpg, .jpeg, .jpe, .jfif, .png, .bmp, .gif, .webp by their "
    "name, or in folders whose name begins with a dot. Received: '{{root}}', whose folder {!r} has "
    "none, but {!r}"
)
COLUMNS = (
    "Manifest '{path}' must have the columns path, domain, class, in small letters and with commas "
    "between them. Received: no "
)
LABELS = (
    "Column 'label' of manifest '{path}' must number the classes from 0 in the order of their "
    "names, or have another name. Received: "
)
INSIDE = (
    "Manifest '{path}' must have paths that are relative to the data set's folder and stay in it, "
    "without `.` and `..`. Received: "
)
CSV = "Manifest '{path}' must be CSV in UTF-8. Received: "
FAULTS = "The lists of 'pacs' must agree with its folders. Received: 1 faults, the first is in "

FOLDERS = [
    folder_of("an empty folder", [], LAYOUT + "nothing in it", FileNotFoundError),
    folder_of("images without a domain", ["0.png"], LAYOUT + "0.png", FileNotFoundError),
    folder_of("images without a class", ["a/0.png", "b/0.png"], LAYOUT + "a, b", FileNotFoundError),
    folder_of("classes without images", ["a/cat/0.txt"], LAYOUT + "a", FileNotFoundError),
    folder_of("hidden domains alone", [".a/cat/0.png"], LAYOUT + ".a", FileNotFoundError),
    folder_of("images too deep", ["a/b/c/0.png"], LAYOUT + "a", FileNotFoundError),
    folder_of(
        "a domain in folders of its split",
        ["a/cat/0.png", "b/train/cat/0.png"],
        ELSEWHERE.format("b", "b/train/cat/0.png"),
    ),
    folder_of(
        "a domain without classes",
        ["a/cat/0.png", "b/0.png"],
        ELSEWHERE.format("b", "b/0.png"),
    ),
    folder_of(
        "a class in folders of its own",
        ["a/cat/0.png", "a/dog/old/pug/0.png", "b/dog/0.png"],
        ELSEWHERE.format("a/dog", "a/dog/old/pug/0.png"),
    ),
    *[
        folder_of(wrong, files, SPELLING.format(what, names))
        for wrong, what, files, names in [
            (
                "two spellings of one class",
                "class",
                ["a/cafe\u0301/0.png", "b/caf\u00e9/0.png"],
                CAFE,
            ),
            (
                "two spellings of one domain",
                "domain",
                ["caf\u00e9/a/0.png", "cafe\u0301/b/0.png"],
                CAFE,
            ),
            ("a class with a capital", "class", ["a/Cat/0.png", "b/cat/0.png"], "'Cat' and 'cat'"),
            ("a space behind a domain", "domain", ["a/cat/0.png", "a /dog/0.png"], "'a' and 'a '"),
        ]
    ],
    folder_of(
        "a domain of DICOM files",
        ["a/cat/0.png", "b/cat/0.dcm", "b/cat/notes.txt"],
        FORMATS.format("b/cat", "b/cat/0.dcm"),
    ),
    folder_of(
        "a class of TIFF files in one domain",
        ["a/cat/0.png", "a/dog/0.png", "b/cat/0.png", "b/dog/0.TIF"],
        FORMATS.format("b/dog", "b/dog/0.TIF"),
    ),
    folder_of(
        "volumes alone",
        ["a/cat/0.nii.gz", "b/cat/0.nii.gz"],
        FORMATS.format("a/cat", "a/cat/0.nii.gz"),
    ),
    folder_of(
        "a name that is not UTF-8",
        [b"a/cat/\xff.png"],
        "The names of folders and images in '{root}' must be UTF-8. Received: b'a/cat/\\xff.png'",
    ),
    folder_of(
        "one domain, which is left out",
        ["a/cat/0.png"],
        "`target` must leave a domain to train on. Received: target='a', and '{root}' has no other "
        "domain",
        target="a",
    ),
    BadInput(
        "a file for a folder",
        lambda folder: load("animals", root=animals(folder) / "day/cat/0.png"),
        "Data set 'animals' must be in the folder {folder}/animals/day/cat/0.png, or where `root` "
        "says. Received: root='{folder}/animals/day/cat/0.png', and no such folder",
        FileNotFoundError,
    ),
    BadInput(
        "a folder that is not there",
        lambda folder: load("animals", root=str(folder / "nowhere")),
        "Data set 'animals' must be in the folder {folder}/nowhere, or where `root` says. "
        "Received: root='{folder}/nowhere', and no such folder",
        FileNotFoundError,
    ),
    given(
        "a data set's name with a mistake",
        "`name` must be a folder, any name with `root`, or one of 'office_home', 'pacs', "
        "'styleshift', 'vlcs'. Received: name='stileshift', which is near to 'styleshift'",
        name="stileshift",
    ),
    given(
        "a target's name with a mistake",
        "`target` must be one of None, 'day', 'night'. Received: target='nihgt', which is near to "
        "'night'",
        target="nihgt",
    ),
    given(
        "the whole of no target",
        "`test` must be one of 'part'. Received: test='whole'",
        test="whole",
    ),
    given(
        "an unknown word for test",
        "`test` must be one of 'part', 'whole'. Received: test='all'",
        target="day",
        test="all",
    ),
    given(
        "an unknown word for split",
        "`split` must be one of 'seed', 'official'. Received: split='offical', which is near to "
        "'official'",
        split="offical",
    ),
    given(
        "a manifest that is named and not there",
        "A manifest must be a CSV file. Received: no file 'nowhere.csv'",
        FileNotFoundError,
        manifest="nowhere.csv",
    ),
    given(
        "StyleShift without its manifest",
        "A manifest must be a CSV file. Received: no file '{folder}/animals/manifest.csv'",
        FileNotFoundError,
        name="styleshift",
        root=...,
    ),
    pacs(
        "PACS of which an image is missing",
        lambda root: (root / "photo/dog/pic_000.png").unlink(),
        "Data set 'pacs' must have the images art_painting 14, cartoon 14, photo 14, sketch 15. "
        "Received: art_painting 14, cartoon 14, photo 13, sketch 14; `python -m dg_keras.data "
        "doctor` tells more",
    ),
    pacs(
        "PACS with a class of another name",
        lambda root: [path.rename(path.with_name("cow")) for path in root.glob("*/horse")],
        "Data set 'pacs' must have the classes dog, elephant, giraffe, guitar, horse, house, "
        "person. Received: a difference in cow, horse",
    ),
]


def changed_settings(folder):
    root = animals(folder)
    (root / "prepared.json").write_text("{")
    doctor(root)


DOCTOR = [
    BadInput(
        "a folder that is not there is examined",
        lambda folder: doctor(folder / "nowhere"),
        "`root` must be a folder. Received: '{folder}/nowhere'",
        FileNotFoundError,
    ),
    BadInput(
        "an unknown data set is examined",
        lambda folder: doctor(animals(folder), "pascs"),
        "`name` must be one of None, 'office_home', 'pacs', 'styleshift', 'vlcs'. Received: "
        "name='pascs', which is near to 'pacs'",
    ),
    BadInput(
        "what prepare noted was changed",
        changed_settings,
        "'{folder}/animals/prepared.json' must be as `prepare` wrote it. Received: a file that is "
        "changed",
    ),
]

MANIFESTS = [
    manifest("an empty manifest", "", CSV + "it is empty"),
    manifest(
        "a manifest that is not UTF-8", HEAD.encode() + b"\xe9,a,b\n", CSV + "byte 18 is not UTF-8"
    ),
    manifest("a manifest that is an image", b"\x89PNG\r\n\x1a\n\0\0", CSV + "byte 0 is not UTF-8"),
    manifest(
        "a manifest of bytes that are no text",
        bytes(100),
        COLUMNS + "path, domain, class in '" + r"\x00" * 6 + r"\x0...\x00" + r"\x00" * 6 + "'",
    ),
    manifest(
        "a manifest without classes",
        "path,domain\na,b\n",
        COLUMNS + "class in 'path,domain'",
    ),
    *[
        manifest(
            f"a manifest with {what}",
            header,
            COLUMNS + f"path, domain, class in {header.strip()!r}",
        )
        for what, header in (
            ("semicolons", "path;domain;class\n"),
            ("tabs", "path\tdomain\tclass\n"),
            ("capitals in its header", "Path,Domain,Class\n"),
        )
    ],
    manifest(
        "a manifest that spells a class in two ways",
        HEAD + "day/cat/0.png,a,b\nday/cat/1.png,a, B\n",
        SPELLING.replace("{{root}}", "{{path}}").format("class", "' B' and 'b'"),
    ),
    manifest(
        "a manifest with numbers of classes that are others",
        "path,domain,class,label\na,b,cat,1\nb,b,dog,0\n",
        LABELS + "'1' for class 'cat', which is 0",
    ),
    manifest(
        "paths as Windows writes them",
        HEAD + "day\\cat\\0.png,a,b\n",
        "All 1 images of the data set must be there. Received: 1 are absent, the first is "
        r"'{folder}/animals/day\\cat\\0.png', where a manifest must have `/` between folders",
        FileNotFoundError,
    ),
    manifest(
        "a manifest with a column twice",
        "path,domain,class,class\na,b,c,d\n",
        "Manifest '{path}' must have each column once. Received: several 'class'",
    ),
    manifest(
        "a manifest without rows",
        HEAD,
        "Manifest '{path}' must have a row per image. Received: no rows",
    ),
    manifest(
        "a row with a cell too many",
        HEAD + "a,b,c,d\n",
        CSV + "line 2 has 4 cells, where the header has 3",
    ),
    manifest(
        "a row with a cell too few",
        HEAD + "a,b,c\n\nd,e\n",
        CSV + "line 4 has 2 cells, where the header has 3",
    ),
    manifest("a quote that does not end", HEAD + 'a,b,"c\n', CSV + "line 2 is no CSV"),
    manifest(
        "an image twice",
        HEAD + "a,b,c\na,b,d\n",
        "Manifest '{path}' must name a file once. Received: 'a'",
    ),
    manifest("a path that leaves the folder", HEAD + "../a.png,b,c\n", INSIDE + "'../a.png'"),
    manifest("a path that leaves it deep inside", HEAD + "b/../../a,b,c\n", INSIDE + "'b/../../a'"),
    manifest("a path from the root", HEAD + "/etc/passwd,b,c\n", INSIDE + "'/etc/passwd'"),
    manifest("a path written in a second way", HEAD + "./a.png,b,c\n", INSIDE + "'./a.png'"),
    manifest("a row without a path", HEAD + ",b,c\n", INSIDE + "''"),
    manifest(
        "a row without a domain",
        HEAD + "a.png,,c\n",
        "Manifest '{path}' must name the domain of each image. Received: none for 'a.png'",
    ),
    manifest(
        "a row without a class",
        HEAD + "a.png,b,\n",
        "Manifest '{path}' must name the class of each image. Received: none for 'a.png'",
    ),
    manifest(
        "an unknown part of the split",
        "path,domain,class,split\na,b,c,exam\n",
        "Column 'split' of manifest '{path}' must be one of train, validation, test. Received: "
        "'exam'",
    ),
    manifest(
        "an unknown part of the published split",
        "path,domain,class,official\na,b,c,crossval\n",
        "Column 'official' of manifest '{path}' must be one of train, validation, test. Received: "
        "'crossval'",
    ),
    manifest(
        "images that are not there",
        HEAD + "day/cat/0.png,a,b\nday/cat/8.png,a,b\nday/cat/9.png,a,b\n",
        "All 3 images of the data set must be there. Received: 2 are absent, the first is "
        "'{folder}/animals/day/cat/8.png'",
        FileNotFoundError,
    ),
    manifest(
        "a folder for an image",
        HEAD + "day/cat,a,b\n",
        "All 1 images of the data set must be there. Received: 1 are absent, the first is "
        "'{folder}/animals/day/cat'",
        FileNotFoundError,
    ),
    manifest(
        "a name that no file can have",
        HEAD + "x" * 300 + ",a,b\n",
        "All 1 images of the data set must be there. Received: 1 are absent, the first is "
        "'{folder}/animals/" + "x" * 300 + "'",
        FileNotFoundError,
    ),
]

LISTS = [
    lists(
        "a list whose label is another class's",
        add(b"cartoon/dog/pic_000.png 2\n"),
        FAULTS + "cartoon_train_kfold.txt:8: cartoon/dog/pic_000.png has label 2, but its folder "
        "'dog' is label 1",
    ),
    lists(
        "a list of an image that is not there",
        add(b"cartoon/dog/pic_777.png 1\n"),
        FAULTS + "cartoon_train_kfold.txt:8: cartoon/dog/pic_777.png is listed, but is not there",
    ),
    lists(
        "a list of names without folders",
        add(b"pic_000.png 1\n"),
        FAULTS + "cartoon_train_kfold.txt:8: 'pic_000.png 1' is no <domain>/<class>/<image> and "
        "label",
    ),
    lists(
        "a list without labels",
        add(b"cartoon/dog/pic_000.png\n"),
        FAULTS + "cartoon_train_kfold.txt:8: 'cartoon/dog/pic_000.png' is no "
        "<domain>/<class>/<image> and label",
    ),
    lists(
        "a list that is not UTF-8",
        add(b"\xff\xfe"),
        FAULTS + "cartoon_train_kfold.txt: byte 201 is not UTF-8",
    ),
    lists(
        "a list of an unknown part",
        add(b"cartoon/dog/pic_000.png 1\n", "cartoon_exam_kfold.txt"),
        FAULTS + "cartoon_exam_kfold.txt:1: the list is of 'exam', which is none of train, "
        "crossval, test",
    ),
    lists(
        "an image that is listed for training and for validation",
        add(b"cartoon/dog/pic_001.png 1\n"),
        "The lists of 'pacs' must have an image either in train or in crossval. Received: 1 in "
        "both, the first is 'cartoon/dog/pic_001' in cartoon_crossval_kfold.txt:1 and "
        "cartoon_train_kfold.txt:8",
    ),
    lists(
        "lists that lack an image",
        without_an_image,
        "The lists or folders of the official split of 'pacs' must have all images. Received: 1 "
        "are in none, the first is 'photo/dog/pic_000'",
    ),
    lists(
        "no lists",
        without_lists,
        "`split` may be 'official' where lists, folders or a manifest tell one. Received: "
        "split='official', and '{root}' has none",
    ),
]

ROWS = [*FOLDERS, *DOCTOR, *MANIFESTS, *LISTS]
