"""Proves the converted EfficientNet-Lite0 on 20 ImageNet photos with known labels.

    pip download --no-deps foolbox==3.3.4
    python -m weights.prove_efficientnet_lite0 foolbox-3.3.4-*.whl

A correct conversion names 17 of the 20 at the first guess and all 20 among its first five.
"""

import argparse
import io
import re
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from dg_keras.backbones import EfficientNetLite0

_PHOTO = re.compile(r"imagenet_\d+_(\d+)\.jpg$")


def read_photos(source: Path) -> dict[str, bytes]:
    """The content of every ImageNet photo in a wheel, or anywhere under a folder, by its name."""
    if source.is_dir():
        files = {path.name: path.read_bytes() for path in sorted(source.rglob("imagenet_*.jpg"))}
    else:
        with zipfile.ZipFile(source) as wheel:
            files = {name: wheel.read(name) for name in sorted(wheel.namelist())}
    return {name: content for name, content in files.items() if _PHOTO.search(name)}


def main() -> None:
    """Prints the network's first guesses and how many were right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="the foolbox 3.3.4 wheel, or its folder")
    photos = read_photos(parser.parse_args().source)
    if not photos:
        parser.error("`source` must have files named imagenet_XX_LABEL.jpg")

    labels = np.array([int(_PHOTO.search(name).group(1)) for name in photos])
    images = [Image.open(io.BytesIO(content)).convert("RGB") for content in photos.values()]
    batch = np.stack([np.asarray(image.resize((224, 224), Image.BICUBIC)) for image in images])
    logits = EfficientNetLite0(classes=1000, weights="imagenet").predict(batch, verbose=0)
    guesses = np.argsort(-logits, axis=1)[:, :5]
    for label, first_five in zip(labels, guesses, strict=True):
        print(f"label {label:3d}  guesses {first_five}")
    hits = guesses == labels[:, None]
    print(f"top-1: {hits[:, 0].sum()} of {len(labels)}, top-5: {hits.sum()} of {len(labels)}")


if __name__ == "__main__":
    main()
