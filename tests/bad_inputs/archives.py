"""What `prepare` can't make a data set of."""

import io
import json
import tarfile
import zipfile

import pyarrow
import pyarrow.parquet
import pytest

from dg_keras.data import KNOWN, prepare
from tests.bad_inputs.bad_input import BadInput
from tests.bad_inputs.images import encoded
from tests.data.conftest import cells, fill, shrunk


def source(wrong, make, says, error=ValueError, **arguments):
    """A source made in a folder by `make`, which returns its path."""

    def give(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(KNOWN, "pacs", shrunk("pacs", 1))
            prepare("pacs", make(folder), folder / "out", **{"size": 2} | arguments)

    return BadInput(wrong, give, says, error)


def archive(wrong, name, content, says, error=ValueError, **arguments):
    """A source file of this content."""

    def make(folder):
        (folder / name).write_bytes(content)
        return folder / name

    return source(wrong, make, says.replace("{file}", "{folder}/" + name), error, **arguments)


def zipped(*members, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


def tarred(*members, mode="w"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as file:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                file.addfile(info)
    return buffer.getvalue()


def zip_link(name, target):
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info, target


def encrypted(content):
    """The same zip file, of which every member is told to be encrypted."""
    content = bytearray(content)
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(magic)
        while start >= 0:
            content[start + place] |= 1
            start = content.find(magic, start + 4)
    return bytes(content)


def compressed_otherwise(content):
    content = bytearray(content)
    content[8] = content[content.find(b"PK\x01\x02") + 10] = 97
    return bytes(content)


def changed(content, place):
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


def table(columns, names=None):
    """Parquet of these columns, with the hub's metadata."""
    made = pyarrow.table(columns)
    if names is not None:
        made = made.replace_schema_metadata({"huggingface": names})
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(made, buffer)
    return buffer.getvalue()


def rows(label=0, domain="photo", image=..., names=None):
    image = {"bytes": encoded("PNG"), "path": "0.png"} if image is ... else image
    kind = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    columns = {
        "image": pyarrow.array([image], kind),
        "domain": pyarrow.array([domain], pyarrow.string()),
        "label": [label],
    }
    return table(columns, names)


def hub_names(names):
    return json.dumps({"info": {"features": {"label": {"names": names}}}})


def without_pages(content):
    """The same parquet file, with nothing but ones before its footer."""
    footer = int.from_bytes(content[-8:-4], "little") + 8
    return content[:4] + b"\xff" * (len(content) - 4 - footer) + content[-footer:]


def with_a_wrong_header(members):
    content = tarred(*members)
    return changed(content, content.find(members[1][0].encode()))


def pacs_folder(folder):
    return fill(folder / "PACS", cells(KNOWN["pacs"], "{domain}/{label}/{k}.png", 1), size=(1, 1))


def with_a_broken_image(folder):
    root = pacs_folder(folder)
    (root / "photo/dog/0.png").write_bytes(b"")
    return root


def begun_otherwise(folder):
    root = pacs_folder(folder)
    prepare("pacs", root, folder / "out", size=3)
    return root


def full(folder):
    (folder / "out").mkdir()
    (folder / "out" / "thesis.tex").touch()
    return pacs_folder(folder)


def a_file(folder):
    (folder / "out").touch()
    return pacs_folder(folder)


CONTENT = [(f"PACS/photo/dog/{k}.png", encoded("PNG")) for k in range(3)]
SEVEN = hub_names(list("abcdefg"))
ENDLESS = tarred(("a" * 2**21, b""), mode="w:gz")
GZIPPED_ZEROS = tarred(("a", bytes(9)), mode="w:gz")
BROKEN = (
    "`source` must be a whole archive. Received: '{file}', which is damaged, cut off or of another "
    "kind than its name tells"
)
LEAVES = (
    "`source` must hold paths that stay in the folder they are unpacked to. Received: '{file}' "
    "with "
)
UP = "'a/../../x'"
PLAIN = "`source` must hold files and folders alone. Received: '{file}', whose "
COLUMNS = (
    "A parquet file must have the columns image (a struct of bytes and path), domain (text) and "
    "label (whole numbers or text). Received: '{file}' with "
)
LABEL = "A parquet file's labels must be in 0..6. Received: '{file}', whose row 0 has label "
LACKS = (
    "A parquet file must have an image, a domain and a label in each row. Received: '{file}', "
    "whose row 0 lacks one"
)
PARQUET = (
    "A parquet file must be whole. Received: '{file}', which is damaged, cut off or no parquet"
)
NAMES = (
    "A parquet file's metadata `huggingface` must be JSON with the classes' names. Received: "
    "'{file}', whose are something else"
)
LARGE = (
    "`source` must unpack to at most 9.31323e-10 GiB, which `max_size` says. Received: '{file}', "
    "which has more"
)

ARCHIVES = [
    archive(
        "an archive of something else",
        "a.zip",
        zipped(("thesis.tex", b"")),
        "`source` must hold art_painting, cartoon, photo, sketch, each with its classes' folders. "
        "Received: '{file}' with thesis.tex",
        FileNotFoundError,
    ),
    archive("an empty zip file", "a.zip", b"", BROKEN),
    archive("a web page for a zip file", "a.zip", b"<!DOCTYPE html>", BROKEN),
    archive("a tar file called .zip", "a.zip", tarred(*CONTENT), BROKEN),
    archive("a zip file called .tar", "a.tar", zipped(*CONTENT), BROKEN),
    archive("a zip file that is cut off", "a.zip", zipped(*CONTENT)[:-200], BROKEN),
    archive("a bit of a zip file is wrong", "a.zip", changed(zipped(*CONTENT), 900), BROKEN),
    archive(
        "a bit of a compressed zip file is wrong",
        "a.zip",
        changed(zipped(*CONTENT, compression=zipfile.ZIP_DEFLATED), 900),
        BROKEN,
    ),
    archive(
        "a zip file is encrypted",
        "a.zip",
        encrypted(zipped(*CONTENT)),
        "`source` must not be encrypted. Received: '{file}'",
    ),
    archive(
        "a zip file of an unknown compression",
        "a.zip",
        compressed_otherwise(zipped(CONTENT[0])),
        "`source` must be compressed in a way that Python reads. Received: '{file}', whose "
        "'PACS/photo/dog/0.png' is not",
    ),
    archive("a zip file leaves its folder", "a.zip", zipped(("../x", b"")), LEAVES + "'../x'"),
    archive("a zip file writes to the root", "a.zip", zipped(("/etc/x", b"")), LEAVES + "'/etc/x'"),
    archive(
        "a zip file has a link",
        "a.zip",
        zipped(zip_link("a", "/etc")),
        PLAIN + "'a' is a link or a device",
    ),
    archive("a zip file is too large", "a.zip", zipped(("a", bytes(9))), LARGE, max_size=1),
    archive("an empty tar file", "a.tar", b"", BROKEN),
    archive("a tar file that is cut off", "a.tar", tarred(*CONTENT)[:700], BROKEN),
    archive("a tar file that is cut off in a header", "a.tar", tarred(*CONTENT)[:6000], BROKEN),
    archive(
        "a header of a tar file is wrong",
        "a.tar",
        with_a_wrong_header(CONTENT),
        BROKEN,
    ),
    archive("a tar.gz that is cut off", "a.tar.gz", tarred(*CONTENT, mode="w:gz")[:-300], BROKEN),
    archive(
        "a bit of a tar.gz is wrong", "a.tgz", changed(tarred(*CONTENT, mode="w:gz"), 2000), BROKEN
    ),
    archive("a tar.xz that is cut off", "a.tar.xz", tarred(*CONTENT, mode="w:xz")[:-300], BROKEN),
    archive(
        "a tar.bz2 that is cut off", "a.tar.bz2", tarred(*CONTENT, mode="w:bz2")[:-300], BROKEN
    ),
    archive("a tar.gz has a name without end", "a.tgz", ENDLESS, BROKEN),
    archive(
        "a tar file leaves its folder", "a.tar", tarred(("a/../../x", b"")), LEAVES + "'a/../../x'"
    ),
    archive("a tar file writes to the root", "a.tar", tarred(("/etc/x", b"")), LEAVES + "'/etc/x'"),
    archive(
        "a tar file has a link",
        "a.tar",
        tarred(("a", (tarfile.SYMTYPE, "/etc"))),
        PLAIN + "'a' is a link or a device",
    ),
    archive(
        "a tar file has a hard link",
        "a.tar",
        tarred(("a", b""), ("b", (tarfile.LNKTYPE, "a"))),
        PLAIN + "'b' is a link or a device",
    ),
    archive(
        "a tar file has a device",
        "a.tar",
        tarred(("a", (tarfile.CHRTYPE, ""))),
        PLAIN + "'a' is a link or a device",
    ),
    archive(
        "a tar.gz is too large", "a.tgz", tarred(("a", bytes(9)), mode="w:gz"), LARGE, max_size=1
    ),
]

TABLES = [
    archive("a text called .parquet", "a.parquet", b"a,b\n", PARQUET),
    archive("a parquet file that is cut off", "a.parquet", rows()[:-50], PARQUET),
    archive(
        "the pages of a parquet file are wrong",
        "a.parquet",
        without_pages(rows()),
        PARQUET,
    ),
    archive(
        "parquet of other columns",
        "a.parquet",
        table({"img": [1], "domain": ["a"]}),
        COLUMNS + "img: int64, domain: string",
    ),
    archive(
        "parquet whose images are numbers",
        "a.parquet",
        table({"image": [1], "domain": ["photo"], "label": [0]}),
        COLUMNS + "image: int64, domain: string, label: int64",
    ),
    archive(
        "parquet whose labels are fractions",
        "a.parquet",
        rows(0.5),
        COLUMNS + "image: struct<bytes: binary, path: string>, domain: string, label: double",
    ),
    archive("a label of -1", "a.parquet", rows(-1, names=hub_names(list("abcdefg"))), LABEL + "-1"),
    archive(
        "a label beyond the names",
        "a.parquet",
        rows(7, names=hub_names(list("abcdefg"))),
        LABEL + "7",
    ),
    archive("a label beyond the classes", "a.parquet", rows(7), LABEL + "7"),
    archive("a row without an image", "a.parquet", rows(image=None), LACKS),
    archive("a row of parquet without a domain", "a.parquet", rows(domain=None), LACKS),
    archive("names of classes that are no JSON", "a.parquet", rows(names="{"), NAMES),
    archive("names of classes that are numbers", "a.parquet", rows(names=hub_names([1, 2])), NAMES),
    archive(
        "parquet of another data set",
        "a.parquet",
        rows(domain="Clipart"),
        "Data set 'pacs' must have the images art_painting 7, cartoon 7, photo 7, sketch 8. "
        "Received: Clipart 1; `python -m dg_keras.data doctor` tells more",
    ),
]

ARGUMENTS = [
    source(
        "an image of the source is empty",
        with_a_broken_image,
        "`path` must be a readable JPEG, PNG, BMP, GIF, WEBP image; `python -m dg_keras.data "
        "doctor` lists all that are not. Received: path='{folder}/PACS/photo/dog/0.png' (it is "
        "empty)",
    ),
    source(
        "a source that is not there",
        lambda folder: folder / "nowhere",
        "`source` must be a folder, an archive or a parquet file. Received: '{folder}/nowhere', "
        "and nothing is there",
        FileNotFoundError,
    ),
    archive(
        "a source of an unknown kind",
        "a.rar",
        b"Rar!",
        "`source` must be a folder, a parquet file or one of .zip, .tar, .tar.gz, .tgz, .tar.bz2, "
        ".tbz2, .tar.xz, .txz. Received: '{file}'",
    ),
    source(
        "a target that holds something else",
        full,
        "`to` must be an empty or new folder, or one that `prepare` began. Received: "
        "to='{folder}/out'",
    ),
    source(
        "a target that is a file",
        a_file,
        "`to` must be an empty or new folder, or one that `prepare` began. Received: "
        "to='{folder}/out'",
    ),
    source(
        "a target that was begun in another size",
        begun_otherwise,
        "`to` must be gone on with as it was begun, see '{folder}/out/prepared.json'. Received: "
        "other images or settings, {'name': 'pacs', 'size': (2, 2), 'format': 'png', "
        "'compress_level': 1}",
    ),
    source(
        "images of no size",
        pacs_folder,
        "`size` must be a whole number of pixels in 1..16384 or a pair (height, width). Received: "
        "size=0",
        size=0,
    ),
    source(
        "images of a size that fits no memory",
        pacs_folder,
        "`size` must be a whole number of pixels in 1..16384 or a pair (height, width). Received: "
        "size=1000000",
        size=1_000_000,
    ),
    source(
        "an unknown format",
        pacs_folder,
        "`format` must be one of 'jpeg', 'png'. Received: format='gif'",
        format="gif",
    ),
    source(
        "a quality of 0",
        pacs_folder,
        "`quality` must be a whole number in 1..100. Received: quality=0",
        quality=0,
    ),
    source(
        "a quality in letters",
        pacs_folder,
        "`quality` must be a whole number in 1..100. Received: quality='high'",
        quality="high",
    ),
    source(
        "an archive of at most no bytes",
        pacs_folder,
        "`max_size` must be a whole number in 1..9223372036854775808. Received: max_size=0",
        max_size=0,
    ),
    BadInput(
        "an unknown data set to prepare",
        lambda folder: prepare("pacz", folder, folder / "out"),
        "`name` must be one of 'office_home', 'pacs', 'styleshift', 'vlcs'. Received: name='pacz', "
        "which is near to 'pacs'",
    ),
]

ROWS = [*ARCHIVES, *TABLES, *ARGUMENTS]
