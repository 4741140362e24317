"""Decode one image file to RGB pixels."""

import io
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
_LARGEST = 16384  # pixels a side that an image may be resized to
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each of EXIF's orientations; 1 is upright."""


def read_image(path: str | os.PathLike[str], image_size: int | tuple[int, int]) -> np.ndarray:
    """Reads an image file as RGB pixels of one size.

    Pillow is the only decoder, so that a file has the same pixels on every platform and
    whatever its format. The first frame of an animation is taken, transparency is put on white,
    16-bit grey is scaled to 8 bits, and the orientation a camera noted (EXIF) is applied where it
    can be read. The aspect ratio is not kept, as is the habit in domain generalization.

    Args:
        path: A JPEG, PNG, BMP, GIF or WebP file.
        image_size: Height and width in pixels, or one number for both.

    Returns:
        Pixels of shape `[height, width, 3]`, uint8, red, green, blue in 0..255.

    Raises:
        ValueError: If the file can't be read or is not an image that can be decoded.
        FileNotFoundError: If there is no such file.
    """
    height, width = image_shape(image_size)
    try:
        image = decode_image(read_content(path))
    except ValueError as error:
        raise ValueError(unreadable(path, error)) from error
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def read_content(path: str | os.PathLike[str]) -> bytes:
    """Reads an image file's content.

    Args:
        path: The file.

    Returns:
        Its content.

    Raises:
        ValueError: If it is there and can't be read; the message is the reason alone.
        FileNotFoundError: If there is no such file.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"it can't be read: {error.strerror}") from error


def decode_image(content: bytes) -> Image.Image:
    """Decodes an image file's content as `read_image` does, in the size it has.

    Args:
        content: The content of a JPEG, PNG, BMP, GIF or WebP file.

    Returns:
        The image in RGB.

    Raises:
        ValueError: If it can't be decoded; the message is the reason alone.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            image.load()
            return _to_rgb(_upright(image))
    except Exception as error:  # Pillow's decoders raise some ten kinds on damaged files
        if not content:
            raise ValueError("it is empty") from error
        if isinstance(error, UnidentifiedImageError):
            raise ValueError(f"its {len(content)} bytes are no image") from error
        if isinstance(error, Image.DecompressionBombError):
            raise ValueError(f"its {len(content)} bytes claim too many pixels") from error
        raise ValueError(f"its {len(content)} bytes are damaged or cut off") from error


def unreadable(path: str | os.PathLike[str], reason: Exception) -> str:
    """Returns the sentence that names a file whose image can't be read.

    Args:
        path: The file, or where in a file the image is.
        reason: What reading or decoding raised.

    Returns:
        The sentence.
    """
    return (
        f"`path` must be a readable {', '.join(_FORMATS)} image; `python -m dg_keras.data doctor` "
        f"lists all that are not. Received: path={os.fspath(path)!r} ({reason})"
    )


def image_shape(image_size: int | tuple[int, int], argument: str = "image_size") -> tuple[int, int]:
    """Returns `(height, width)` of an `image_size` given as one number or two.

    Args:
        image_size: Height and width in pixels, or one number for both.
        argument: What the argument is called.

    Returns:
        Height and width in pixels.

    Raises:
        ValueError: If they are not one or two whole numbers in 1..16384.
    """
    shape = tuple(image_size) if isinstance(image_size, list | tuple) else (image_size,) * 2
    if len(shape) != 2 or not all(_is_side(side) for side in shape):
        raise ValueError(
            f"`{argument}` must be a whole number of pixels in 1..{_LARGEST} or a pair (height, "
            f"width). Received: {argument}={image_size!r}"
        )
    return int(shape[0]), int(shape[1])


def _is_side(side: Any) -> bool:
    is_whole = isinstance(side, int | np.integer) and not isinstance(side, bool)
    return is_whole and 1 <= side <= _LARGEST


def _upright(image: Image.Image) -> Image.Image:
    # ImageOps.exif_transpose writes the camera's other notes anew, and fails where one is broken,
    # though no pixel is.
    method = _UPRIGHT.get(_orientation(image))
    return image if method is None else image.transpose(method)


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except (SyntaxError, struct.error, ValueError):  # no header, one cut off, no hexadecimal digits
        return 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BITS:
        return _scale_to_eight_bits(image).convert("RGB")
    if image.has_transparency_data:
        opaque = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(opaque, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _scale_to_eight_bits(image: Image.Image) -> Image.Image:
    # Pillow's own convert("L") clips at 255, which turns most 16-bit images white.
    grey = np.asarray(image).astype(np.float64) / 257.0
    return Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8))
