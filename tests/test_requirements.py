"""What is installed, and what works with what is installed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from dg_keras.version import __version__

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRA = ["jinja2", "matplotlib", "pydantic", "ruamel.yaml"]
TRAINING = """
import keras
import numpy as np
import dg_keras

rng = np.random.default_rng(0)
domains = {name: (rng.normal(size=(12, 4)), rng.integers(0, 2, 12)) for name in ("a", "b")}
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
model = dg_keras.DomainGeneralizer(net, strategy="agr_sum")
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
agreement = dg_keras.callbacks.GradientAgreement(domains)
metrics = dg_keras.callbacks.DomainMetrics(domains)
before = net.get_weights()[0]
history = model.fit(domains, batch_size=4, epochs=2, verbose=0, callbacks=[agreement, metrics])
assert "gradient/agreement" in history.history
assert not np.allclose(before, net.get_weights()[0])
"""


def requirements(path):
    """The requirements that a file lists itself."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    listed = [line.partition("#")[0].strip() for line in lines]
    return {str(Requirement(line)) for line in listed if line and not line.startswith("-r")}


def without(modules, script):
    """Runs a script in a process that has none of these modules."""
    absent = f"import sys\nsys.modules.update(dict.fromkeys({modules!r}))\n"
    return subprocess.run([sys.executable, "-c", absent + script], capture_output=True, text=True)


def test_the_one_commands_list_is_what_training_and_the_benchmark_need():
    needed = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["benchmark"]]
    needed = {str(Requirement(line)) for line in needed}
    listed = requirements("requirements.txt")
    # The library takes a range of the two, of which the list has the latest: results repeat.
    assert listed - needed == {"keras<3.16,>=3.15", "tensorflow<2.22,>=2.21"}
    assert needed - listed == {"keras>=3.14", "tensorflow>=2.20"}


def test_there_is_one_version():
    told = {
        "CITATION.cff": rf"^version: {re.escape(__version__)}$",
        "data/pyproject.toml": rf'^version = "{re.escape(__version__)}"$',
    }
    for path, line in told.items():
        assert re.search(line, Path(path).read_text(encoding="utf-8"), re.MULTILINE), path
    wheels = re.findall(
        r"dg_keras\w*-([\d.]+)-py3", Path("docs/index.md").read_text(encoding="utf-8")
    )
    assert set(wheels) == {__version__}


@pytest.mark.parametrize("extra", ["hub", "ray", "tensorboard", "mlflow"])
def test_the_developers_list_has_the_other_extras(extra):
    needed = {str(Requirement(line)) for line in PROJECT["optional-dependencies"][extra]}
    assert needed <= requirements("requirements-dev.txt")


@pytest.mark.slow
def test_training_needs_nothing_of_the_benchmarks_extra():
    done = without(EXTRA, TRAINING)
    assert done.returncode == 0, done.stderr


def test_the_benchmark_says_in_a_sentence_what_it_needs():
    done = without(EXTRA, "import dg_keras.benchmark")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "`pip install dg_keras[benchmark]`" in last
    assert last.endswith(f"Received: no {', '.join(EXTRA)}")
