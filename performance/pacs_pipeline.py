"""What a data set of PACS' true size costs: to prepare, to examine, and to train on.

    python -m performance.pacs_pipeline

draws 9,991 images of 227 x 227 pixels in PACS' four domains, seven classes and published layout,
and measures `prepare`, `doctor`, and 40 steps of AlexNet on 8 images of each of three domains. Each
runs in a process of its own, so that its peak of memory is its own.
"""

import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from performance.measuring import apart, parser, show

SIZE = 227
STEPS = 40
BATCH_SIZE = 8  # images per domain
TARGET = "sketch"

# What was done, the seconds it took by the clock and on all cores, how many images it was about,
# and the process's peak of memory in bytes.
Measurement = tuple[str, float, float, int, int]


def main() -> None:
    """Draws the images unless they are there, measures, prints a table and writes it as CSV."""
    arguments = parser(__doc__, "pacs_pipeline.csv")
    add = arguments.add_argument
    add("--folder", type=Path, help="where to keep what is drawn, for another time")
    add("--format", choices=["png", "jpeg"], default="png", help="what prepare stores")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        source = (given.folder or Path(passing)) / "PACS"
        prepared = Path(passing) / "prepared"
        if not source.is_dir():
            apart(draw, source)
        rows = [
            *apart(measure_prepare, source, prepared, given.format),
            *apart(measure_doctor, prepared),
            *apart(measure_training, prepared),
        ]
    show(_table(rows), given.csv)


def draw(root: Path) -> None:
    """Draws images that cost as much to decode as real ones, under a name that is theirs when done.

    Args:
        root: The folder to make, in the layout that PACS is published in.
    """
    from dg_keras.data import KNOWN

    known = KNOWN["pacs"]
    paths = [
        f"kfold/{domain}/{known.classes[k % 7]}/pic_{k:04}.{'png' if domain == 'sketch' else 'jpg'}"
        for domain in known.domains
        for k in range(known.counts[domain])
    ]
    paths[-1] = f"kfold/{known.spoiled[0]}.png"  # a sketch that counts by its name
    part = root.with_name(".drawing")

    def save(seed: int, path: str) -> None:
        rng = np.random.default_rng(seed)
        image = _sketch(rng) if path.endswith(".png") else draw_photo(rng)
        (part / path).parent.mkdir(parents=True, exist_ok=True)
        image.save(part / path, quality=90)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(save, range(len(paths)), paths):
            pass
    part.rename(root)


def measure_prepare(source: Path, prepared: Path, format: str) -> list[Measurement]:
    """Measures `prepare`."""
    from dg_keras.data import prepare

    measure = _Measure()
    table = prepare("pacs", source, prepared, SIZE, format)
    return [measure(f"prepare as {format}", len(table))]


def measure_doctor(prepared: Path) -> list[Measurement]:
    """Measures `doctor`, which must find nothing."""
    from dg_keras.data import doctor

    measure = _Measure()
    report = doctor(prepared)
    if report.faults:
        raise AssertionError(f"The images must be without faults. Received: {report.faults}")
    return [measure("doctor", int(report.table["images"].sum()))]


def measure_training(prepared: Path) -> list[Measurement]:
    """Measures loading, decoding all images once, and training, compilation apart."""
    import keras

    import dg_keras

    measure = _Measure()
    images = dg_keras.data.load("pacs", root=prepared, target=TARGET, image_size=224)
    count = len(images.table)
    rows = [measure("load", count)]
    for start in range(0, count, 256):
        images.images.read(np.arange(start, min(start + 256, count)))
    rows.append(measure("decode all images", count))
    model = dg_keras.DomainGeneralizer(dg_keras.backbones.AlexNet(classes=7), strategy="agr_sum")
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-5, weight_decay=5e-5),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=True,  # XLA is a large win for AlexNet on a CPU
    )
    per_step = BATCH_SIZE * len(images.train)
    for steps, what in ((1, "compile, first step"), (STEPS, f"{STEPS} steps")):
        model.fit(images.train, batch_size=BATCH_SIZE, steps_per_epoch=steps, verbose=0)
        rows.append(measure(what, steps * per_step))
    return rows


class _Measure:
    """Tells what has passed since it was made, or since it last told."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def __call__(self, what: str, images: int) -> Measurement:
        start, self._start = self._start, (time.perf_counter(), time.process_time())
        seconds, on_cores = (now - then for now, then in zip(self._start, start, strict=True))
        # Linux counts it in KiB, macOS in bytes.
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        return what, seconds, on_cores, images, peak


def draw_photo(rng: np.random.Generator) -> Image.Image:
    """Large patches of colour with texture on them: about 25 kB as JPEG."""
    patches, texture = (
        Image.fromarray(rng.integers(0, 256, (size, size, 3), np.uint8)).resize(
            (SIZE, SIZE), Image.Resampling.BICUBIC
        )
        for size in (8, 80)
    )
    return Image.blend(patches, texture, 0.2)


def _sketch(rng: np.random.Generator) -> Image.Image:
    """Black strokes on white: about 10 kB as PNG."""
    image = Image.new("RGB", (SIZE, SIZE), "white")
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        steps = rng.normal(0, 12, (20, 2))
        points = rng.uniform(0, SIZE, 2) + steps.cumsum(axis=0)
        pen.line([tuple(point) for point in points], fill="black", width=2)
    return image


def _table(rows: list[Measurement]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "what": what,
            "seconds": seconds,
            "cpu seconds": on_cores,
            "images": images,
            "images a second": images / seconds,
            "peak, GiB": peak / 2**30,
        }
        for what, seconds, on_cores, images, peak in rows
    )


if __name__ == "__main__":
    main()
