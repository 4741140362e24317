import struct

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from dg_keras.data.feeding.read_image import read_image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def solid(mode, color):
    return Image.new(mode, (12, 8), color)


def palette(transparent):
    image = solid("P", 1)
    image.putpalette([*BLUE, *RED])
    if transparent:
        image.info["transparency"] = 1
    return image


def sixteen_bits(value):
    return Image.fromarray(np.full((8, 12), value, np.uint16))


def saved(image, tmp_path, suffix, **options):
    path = tmp_path / f"image.{suffix}"
    image.save(path, **options)
    return path


@pytest.mark.parametrize(
    ("image", "suffix", "expected"),
    [
        (solid("RGB", RED), "png", RED),
        (solid("RGB", RED), "bmp", RED),
        (solid("RGB", RED), "gif", RED),
        (solid("RGB", (250, 10, 40)), "jpg", (250, 10, 40)),
        (solid("L", 100), "jpg", (100, 100, 100)),
        (solid("L", 100), "png", (100, 100, 100)),
        (solid("1", 1), "png", WHITE),
        (solid("1", 1), "bmp", WHITE),
        (palette(transparent=False), "png", RED),
        (palette(transparent=False), "gif", RED),
        (palette(transparent=True), "png", WHITE),
        (palette(transparent=True), "gif", WHITE),
        (solid("LA", (0, 0)), "png", WHITE),
        (solid("LA", (0, 51)), "png", (204, 204, 204)),
        (solid("RGBA", (*RED, 255)), "png", RED),
        (solid("RGBA", (*RED, 51)), "png", (255, 204, 204)),
        (solid("RGBA", (*RED, 0)), "webp", WHITE),
        (solid("CMYK", (0, 255, 255, 0)), "jpg", RED),
        (solid("CMYK", (0, 0, 0, 255)), "jpg", (0, 0, 0)),
        (sixteen_bits(65535), "png", WHITE),
        (sixteen_bits(25700), "png", (100, 100, 100)),
    ],
)
def test_modes_and_formats(image, suffix, expected, tmp_path):
    pixels = read_image(saved(image, tmp_path, suffix), 4)

    assert pixels.shape == (4, 4, 3)
    assert pixels.dtype == np.uint8
    tolerance = 2 if suffix in ("jpg", "webp") else 0
    np.testing.assert_allclose(pixels, np.broadcast_to(expected, (4, 4, 3)), atol=tolerance)


def test_lossless_formats_give_the_same_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    image = Image.fromarray(pixels)
    paths = [
        saved(image, tmp_path, "png"),
        saved(image, tmp_path, "bmp"),
        saved(image, tmp_path, "webp", lossless=True),
    ]

    for path in paths:
        np.testing.assert_array_equal(read_image(path, (9, 7)), pixels)


def test_colour_key_of_a_true_colour_png_is_transparent(tmp_path):
    path = saved(solid("RGB", RED), tmp_path, "png", transparency=RED)

    assert (read_image(path, 4) == 255).all()


def test_camera_orientation_is_applied(tmp_path):
    image = Image.new("RGB", (16, 8), BLUE)
    image.paste(RED, (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: left becomes top
    pixels = read_image(saved(image, tmp_path, "png", exif=exif), (16, 8))

    np.testing.assert_array_equal(pixels[:8], np.broadcast_to(RED, (8, 8, 3)))
    np.testing.assert_array_equal(pixels[8:], np.broadcast_to(BLUE, (8, 8, 3)))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("header", [b"no header", b"MM\0*\0\0"], ids=["another", "cut off"])
def test_a_broken_header_of_the_cameras_notes_spoils_no_pixel(header, suffix, tmp_path):
    noise = Image.effect_noise((16, 8), 50).convert("RGB")
    expected = read_image(saved(noise, tmp_path, suffix), (8, 16))

    # Of a JPEG that tells its resolution Pillow has not looked at the notes by then.
    path = saved(noise, tmp_path, suffix, exif=b"Exif\0\0" + header, dpi=(72, 72))

    np.testing.assert_array_equal(read_image(path, (8, 16)), expected)


def test_notes_that_are_no_hexadecimal_digits_spoil_no_pixel(tmp_path):
    notes = PngInfo()
    notes.add_text("Raw profile type exif", "\nexif\n10\nxyz\n")
    path = saved(solid("RGB", RED), tmp_path, "png", pnginfo=notes)

    assert (read_image(path, 4) == RED).all()


def test_camera_orientation_is_applied_beside_a_note_that_is_broken(tmp_path):
    image = Image.new("RGB", (16, 8), BLUE)
    image.paste(RED, (0, 0, 8, 8))
    # Two entries: the orientation, 6, and a resolution that is a byte where it must be a fraction.
    orientation = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    resolution = struct.pack(">HHI4s", 0x011A, 1, 1, b"N")
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + orientation + resolution + bytes(4)
    pixels = read_image(saved(image, tmp_path, "png", exif=exif), (16, 8))

    assert (pixels[:8] == RED).all()
    assert (pixels[8:] == BLUE).all()


@pytest.mark.parametrize("orientation", range(10))
def test_every_orientation_is_undone_as_pillow_does(orientation, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(Image.effect_noise((5, 3), 50).convert("RGB"), tmp_path, "png", exif=exif)
    expected = ImageOps.exif_transpose(Image.open(path))

    pixels = read_image(path, (expected.height, expected.width))

    np.testing.assert_array_equal(pixels, np.asarray(expected))


def test_first_frame_of_an_animation(tmp_path):
    path = saved(
        solid("RGB", GREEN), tmp_path, "gif", save_all=True, append_images=[solid("RGB", RED)]
    )

    np.testing.assert_array_equal(read_image(path, 2), np.broadcast_to(GREEN, (2, 2, 3)))


def test_shrinking_averages(tmp_path):
    stripes = np.zeros((32, 32), np.uint8)
    stripes[:, ::2] = 200
    pixels = read_image(saved(Image.fromarray(stripes), tmp_path, "png"), 4)

    np.testing.assert_allclose(pixels, 100, atol=8)


def test_height_comes_first(tmp_path):
    assert read_image(saved(solid("RGB", RED), tmp_path, "png"), (5, 3)).shape == (5, 3, 3)
