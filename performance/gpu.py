"""What a GPU makes of it, as Markdown to put into docs/performance.md.

    python -m performance.gpu

compares every strategy with every objective on the GPU and on the CPU, and on two GPUs with one if
there are two, times steps beside plain Keras' and the merge alone, looks at memory, and runs the
tests that a GPU matters to. It takes some twenty minutes, and writes results/gpu.md.
`--device CPU:0 --setting small-32` tries the command where there is no GPU.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from performance import training_step
from performance.measuring import apart
from performance.networks import batches, made

SETTINGS = ("alexnet-32-xla", "alexnet-32", "efficientnet_lite0-32", "small-32")
TESTS = ("tests/strategies", "tests/step", "tests/objectives", "tests/never_silent")
LEFT_OUT = (
    *("tests/step/test_machines.py", "tests/step/test_replicas.py"),  # of several devices
    "tests/step/test_pays_to_compile.py",  # of what a CPU gains
)
COMPARED_STEPS = 10
TIMED_STEPS = 100
ROUNDS = 5


def main() -> int:
    """Measures, and writes what it found part by part."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="GPU:0", help="as TensorFlow calls it")
    parser.add_argument("--setting", nargs="+", choices=training_step.SETTINGS, default=SETTINGS)
    parser.add_argument("--steps", type=int, default=TIMED_STEPS, help="of a measurement")
    parser.add_argument("--no-tests", action="store_true", help="leave the tests out")
    parser.add_argument("--out", type=Path, default=Path("results/gpu.md"))
    given = parser.parse_args()

    device = apart(described, given.device)
    if device is None:
        print(f"`--device` must be one that TensorFlow sees. Received: {given.device}")
        return 2
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with given.out.open("w", encoding="utf-8") as out:

        def write(title: str, table: pd.DataFrame, digits: str) -> None:
            text = f"**{title}**\n\n{table.to_markdown(index=False, floatfmt=digits)}\n\n"
            print(text, flush=True)
            out.write(text)
            out.flush()

        out.write(f"{device}\n\n")
        write(
            f"Largest difference of a weight to the CPU's after {COMPARED_STEPS} steps of AdamW, in"
            " parts of the largest that a weight moves",
            apart(differences, given.device),
            ".1e",
        )
        of_two = apart(differences_of_two, given.device.partition(":")[0])
        if of_two is not None:
            write("The same of two devices to one", of_two, ".1e")
        for setting in given.setting:
            table = apart(steps, setting, given.device, given.steps)
            peaks = [apart(peak, setting, given.device, way) for way in table["way"]]
            write(f"Steps: {setting}", table.assign(**{"peak, MiB": peaks}), ".3f")
        write(
            "The merge alone, 57 million weights, three domains", apart(merges, given.device), ".3f"
        )
        if not given.no_tests:
            write("Tests", pd.DataFrame([tested()]), "")
    print(f"Written to {given.out}")
    return 0


def described(device: str) -> str | None:
    """The device, and the versions; None if there is none."""
    import keras
    import tensorflow as tf

    kind, _, number = device.partition(":")
    found = tf.config.list_physical_devices(kind)
    if int(number or 0) >= len(found):
        return None
    details = tf.config.experimental.get_device_details(found[int(number or 0)])
    build = tf.sysconfig.get_build_info()
    parts = [
        details.get("device_name", device),
        f"compute capability {details.get('compute_capability')}" if kind == "GPU" else "",
        f"CUDA {build.get('cuda_version')}" if kind == "GPU" else "",
        f"TensorFlow {tf.__version__}",
        f"Keras {keras.__version__}",
    ]
    return ", ".join(part for part in parts if part)


def differences(device: str) -> pd.DataFrame:
    """How far a few steps lead from where they lead on the CPU, for every pair."""
    import tensorflow as tf

    from dg_keras.objectives.get import BY_NAME as OBJECTIVES
    from dg_keras.strategies.get import BY_NAME as STRATEGIES

    # Of ten bits, which GPUs take for matrices unless told otherwise, there is nothing to compare.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    rows = []
    for strategy in STRATEGIES:
        row: dict[str, Any] = {"strategy": strategy}
        for objective in OBJECTIVES:
            weights = []
            for where in ("CPU:0", device):
                with tf.device(where):
                    weights.append(_trained(strategy, objective))
            row[objective] = _difference(*weights)
        rows.append(row)
    return pd.DataFrame(rows)


def differences_of_two(kind: str) -> pd.DataFrame | None:
    """How far a few steps on two devices lead from where they lead on one; None if there is one."""
    import tensorflow as tf

    if kind == "CPU":  # of which TensorFlow makes as many as it is told
        (cpu,) = tf.config.list_physical_devices(kind)
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
    if len(tf.config.list_logical_devices(kind)) < 2:
        return None
    tf.config.experimental.enable_tensor_float_32_execution(False)
    # One for all: TensorFlow can't tell what two of them reduce from each other.
    distribution = tf.distribute.MirroredStrategy([f"{kind}:0", f"{kind}:1"])
    rows = []
    for strategy in ("mean", "agr_sum", "agr_rand", "pcgrad"):
        with tf.device(f"{kind}:0"):
            of_one = _trained(strategy)
        row: dict[str, Any] = {"strategy": strategy}
        for way, is_parallel in (("in parts", False), ("whole domains", True)):
            with distribution.scope():
                row[way] = _difference(of_one, _trained(strategy, domain_parallel=is_parallel))
        rows.append(row)
    return pd.DataFrame(rows)


def _trained(strategy: str, objective: str = "empirical_risk", **arguments: Any) -> list[Any]:
    import keras

    import dg_keras

    model = dg_keras.DomainGeneralizer(
        made("small"), strategy, objective, domains=3, seed=1, **arguments
    )
    model.compile(
        keras.optimizers.AdamW(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.fit(batches("small", 96), steps_per_epoch=COMPARED_STEPS, shuffle=False, verbose=0)
    return model.net.get_weights()


def _difference(weights: list[Any], others: list[Any]) -> float:
    """The largest of a weight, in parts of the largest that a weight moved."""
    import numpy as np

    begun = made("small").get_weights()
    moved = max(np.abs(a - b).max() for a, b in zip(weights, begun, strict=True))
    return max(np.abs(a - b).max() for a, b in zip(weights, others, strict=True)) / moved


def steps(setting: str, device: str, number: int) -> pd.DataFrame:
    """The steps of one setting beside plain Keras'."""
    import tensorflow as tf

    with tf.device(device):
        table = training_step.measure(setting, steps=number, rounds=ROUNDS)
    return table.drop(columns=["setting", "min", "max"])


def peak(setting: str, device: str, way: str) -> float | None:
    """The most memory that a way of training holds, in MiB; None where TensorFlow can't tell."""
    import tensorflow as tf

    if not device.startswith("GPU"):
        return None
    with tf.device(device):
        training_step.measure(setting, (way,), steps=3, rounds=1)
    return tf.config.experimental.get_memory_info(device)["peak"] / 2**20


def merges(device: str) -> pd.DataFrame:
    """The merge alone beside the mean's, which reads three gradients and writes one."""
    import tensorflow as tf

    from performance.measuring import alternately, compared
    from performance.merge import into_variables, of_domains, waiting_for

    with tf.device(device):
        merged = into_variables(of_domains())
        ways = {name: waiting_for(way, times=10) for name, way in merged.items()}
        for one in ways.values():
            one()
        table = compared(alternately(ways, ROUNDS), against="mean", per=10)
    return table.drop(columns=["min", "max"])


def tested() -> dict[str, Any]:
    """What comes of the tests that a GPU matters to."""
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-q", *TESTS]
    # What warns on some GPUs is no failure there.
    command += ["-o", "addopts=", "-o", "filterwarnings=default", "-m", "not slow"]
    # Some start processes of their own, which share the GPU.
    shared = {**os.environ, "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    command += [f"--ignore={path}" for path in LEFT_OUT]
    run = subprocess.run(command, capture_output=True, text=True, env=shared)
    *_, last = run.stdout.strip().splitlines() or [""]
    failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return {"of": " ".join(TESTS), "came to": last, "failed": "<br>".join(failed) or "none"}


if __name__ == "__main__":
    sys.exit(main())
