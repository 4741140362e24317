"""What `import dg_keras` alone makes possible."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import dg_keras


def test_keras_loads_what_was_saved(tmp_path):
    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model = dg_keras.DomainGeneralizer(net, strategy="pcgrad", objective="mixup")
    model.save(tmp_path / "model.keras")

    program = (
        "import sys, dg_keras, keras, numpy as np\n"
        "model = keras.saving.load_model(sys.argv[1])\n"
        "print(type(model.strategy).__name__, type(model.objective).__name__)\n"
        "np.save(sys.argv[2], model.predict(np.ones((1, 3)), verbose=0))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "model.keras", tmp_path / "predicted.npy"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout == "PCGrad Mixup\n"
    expected = model.predict(np.ones((1, 3)), verbose=0)
    np.testing.assert_allclose(np.load(tmp_path / "predicted.npy"), expected, rtol=1e-6)


def test_what_takes_long_and_few_need_is_not_imported():
    script = "import sys, dg_keras; print('scipy.stats' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert run.stdout == "False\n"


@pytest.mark.slow
def test_a_command_whose_errors_nobody_hears_works(tmp_path):
    """As of `2>&-`."""
    empty = ["run", "smoke", "--report-only", "--results", tmp_path]
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "dg_keras", *empty]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert "There are no records of runs" in done.stdout  # which Python prints there, then
