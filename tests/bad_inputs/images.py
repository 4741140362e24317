"""Image files that can't be decoded, and sizes that can't be asked for."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from dg_keras.data import load, pooled
from tests.bad_inputs.bad_input import BadInput
from tests.bad_inputs.configs import changed


def animals(folder):
    """Two domains of two classes with two images each."""
    for domain in ("day", "night"):
        for label in ("cat", "dog"):
            place = folder / "animals" / domain / label
            place.mkdir(parents=True)
            for k in range(2):
                Image.fromarray(np.full((6, 8), 40 * k, np.uint8)).save(place / f"{k}.png")
    return folder / "animals"


def encoded(kind, mode="RGB", **options):
    """A photo-like image file's content."""
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 50).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def png(width, height):
    """A PNG whose header tells of a size, and that holds ten bytes of pixels."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def bmp(width, height):
    return b"BM" + struct.pack(
        "<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, *[1, 24] + [0] * 6
    )


def spoiled(content, place):
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


def file(wrong, content, reason, name="2.png"):
    """A data set of which one file has this content."""

    def give(folder):
        root = animals(folder)
        (root / "day" / "cat" / name).write_bytes(content)
        pooled([load(root, image_size=4).part("day")], 2)

    return BadInput(
        wrong,
        give,
        "`path` must be a readable JPEG, PNG, BMP, GIF, WEBP image; `python -m dg_keras.data "
        "doctor` lists all that are not. Received: path='{folder}/animals/day/cat/" + name + "' "
        f"({reason.replace('N', str(len(content)))})",
    )


def size(wrong, image_size):
    return BadInput(
        wrong,
        lambda folder: load(animals(folder), image_size=image_size),
        "`image_size` must be a whole number of pixels in 1..16384 or a pair (height, width). "
        f"Received: image_size={image_size!r}",
    )


def no_class_left(folder):
    root = animals(folder)
    for path in root.glob("*/dog/*"):
        path.write_bytes(b"")
    load(root, on_bad_image="skip")


def a_folder_as_image(folder):
    """Is no image, and no fault either: what is left can't be told from it."""
    root = animals(folder)
    for path in root.glob("*/*/*"):
        path.unlink()
        path.mkdir()
    load(root)


DAMAGED = "its N bytes are damaged or cut off"
NO_IMAGE = "its N bytes are no image"
BOMB = "its N bytes claim too many pixels"
ROWS = [
    file("an image is empty", b"", "it is empty"),
    file("a text is called .jpg", b"a dog", NO_IMAGE, "2.jpg"),
    file("a web page is called .png", b"<!DOCTYPE html><p>404</p>", NO_IMAGE),
    file("a drawing in SVG is called .png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", NO_IMAGE),
    file("a TIFF is called .png", encoded("TIFF"), NO_IMAGE),
    file("zeros are called .png", bytes(1000), NO_IMAGE),
    file("a JPEG is cut off", encoded("JPEG")[:-400], DAMAGED, "2.jpg"),
    file(
        "a JPEG is cut off whose camera's notes are broken, too",
        encoded("JPEG", exif=b"Exif\0\0no header", dpi=(72, 72))[:-400],
        DAMAGED,
        "2.jpg",
    ),
    file("a JPEG is cut off in its header", encoded("JPEG")[:20], NO_IMAGE, "2.jpg"),
    file("a PNG is cut off", encoded("PNG")[:200], DAMAGED),
    file("a bit of a PNG is wrong", spoiled(encoded("PNG"), 300), DAMAGED),
    file("a GIF is cut off", encoded("GIF")[:900], DAMAGED, "2.gif"),
    file("a BMP is cut off", encoded("BMP")[:900], DAMAGED, "2.bmp"),
    file("a WebP is cut off", encoded("WEBP")[:300], DAMAGED, "2.webp"),
    file("a PNG of 0 x 0 pixels", png(0, 0), NO_IMAGE),
    file("a PNG that has fewer pixels than it tells", png(64, 64), DAMAGED),
    file("a PNG that tells of 10^10 pixels", png(10**5, 10**5), BOMB),
    file("a BMP that tells of 10^10 pixels", bmp(10**5, 10**5), BOMB, "2.bmp"),
    size("images of size 0", 0),
    size("images of size -1", -1),
    size("images of half a pixel", 1.5),
    size("images of size True", True),
    size("images of three sizes", (2, 3, 4)),
    size("images of a height without a width", (2,)),
    size("images of no height", (0, 2)),
    size("images of a size in letters", "ab"),
    size("images of 20,000 pixels", 20_000),
    BadInput(
        "an unknown word for on_bad_image",
        lambda folder: load(animals(folder), on_bad_image="ignore"),
        "`on_bad_image` must be one of 'raise', 'skip'. Received: on_bad_image='ignore'",
    ),
    changed(
        "an unknown word for on_bad_image in a config",
        "image_size: 32}",
        "image_size: 32, on_bad_image: ignore}",
        "{path}: `data.on_bad_image`: input should be 'raise' or 'skip'. Received: 'ignore'",
    ),
    BadInput(
        "no image of a class can be read",
        no_class_left,
        "`on_bad_image` may be 'skip' where every class has images that can be read. Received: "
        "none of the class 'dog' in '{folder}/animals' can",
    ),
    BadInput(
        "folders are called like images",
        a_folder_as_image,
        "`root` must hold images as <domain>/<class>/<image>. Received: '{folder}/animals' with "
        "day, night",
        FileNotFoundError,
    ),
]
