"""Whether training waits for images.

    python -m performance.input_pipeline

writes 3 domains of JPEG files of 227 x 227 pixels, and measures the first pass over them, beside
decoding the same files on all cores and nothing else; then `fit` of AlexNet from the files, after
that first pass, alternately with `fit` from one constant tensor in memory.
"""

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from performance.measuring import alternately, compared, parser, show
from performance.pacs_pipeline import draw_photo

DOMAINS, IMAGES, BATCH_SIZE = ("day", "night", "rain"), 512, 32
STEPS, ROUNDS = 8, 3


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    given = parser(__doc__, "input_pipeline.csv").parse_args()
    with tempfile.TemporaryDirectory() as folder:
        show(measure(Path(folder) / "drawn"), given.csv)


def measure(root: Path) -> pd.DataFrame:
    """Measures the first pass and the steps."""
    import keras
    import tensorflow as tf

    import dg_keras
    from dg_keras.data.feeding.read_image import read_image

    for domain in DOMAINS:
        for i in range(IMAGES):
            cell = root / domain / ("cat", "dog")[i % 2]
            cell.mkdir(parents=True, exist_ok=True)
            draw_photo(np.random.default_rng(i)).save(cell / f"{i}.jpg", quality=90)
    images = dg_keras.data.load(root, image_size=224)
    domains = {name: images.part(name) for name in images.domains}
    paths = [path for domain in domains.values() for path in domain.paths]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda path: path.read_bytes(), paths))  # from the disk's cache, both
        start = time.perf_counter()
        list(pool.map(lambda path: read_image(path, (224, 224)), paths))
        decoding = time.perf_counter() - start
    start = time.perf_counter()
    for _ in dg_keras.data.interleave(domains, BATCH_SIZE).take(IMAGES // BATCH_SIZE):
        pass
    passing = time.perf_counter() - start
    passes = compared({"decoding alone": [decoding], "first pass": [passing]}, "decoding alone")

    model = dg_keras.DomainGeneralizer(dg_keras.backbones.AlexNet(2), "agr_sum", domains=DOMAINS)
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-5),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=True,
    )
    batch = next(iter(dg_keras.data.interleave(domains, BATCH_SIZE)))
    constant = dg_keras.data.without_tuner(tf.data.Dataset.from_tensors(batch).repeat())
    fits = {
        "constant tensor": lambda: model.fit(
            constant, steps_per_epoch=STEPS, shuffle=False, verbose=0
        ),
        "files": lambda: model.fit(
            domains, batch_size=BATCH_SIZE, steps_per_epoch=STEPS, verbose=0
        ),
    }
    for fit in fits.values():
        fit()
    steps = compared(alternately(fits, ROUNDS), against="constant tensor", per=STEPS)
    return pd.concat([passes, steps])


if __name__ == "__main__":
    main()
