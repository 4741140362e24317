import os
import re
import subprocess
import sys

import keras
import pytest
import tensorflow as tf

from dg_keras.common.check_keras import check_keras


@pytest.mark.filterwarnings("error")
def test_what_is_installed_is_taken():
    check_keras()


@pytest.mark.parametrize("backend", ["jax", "numpy", "torch"])
def test_another_backend_is_one_sentence(backend):
    run = subprocess.run(
        [sys.executable, "-c", "import dg_keras"],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )

    last = run.stderr.splitlines()[-1]
    assert last.startswith("ImportError: dg_keras needs Keras 3.14 or later on TensorFlow; unset ")
    assert backend in last.split("Received: ")[1]


@pytest.mark.parametrize(
    ("module", "version", "message"),
    [
        (keras, "3.13.2", "Keras 3.14 or later; .*--upgrade keras.* Received: Keras 3.13.2"),
        (
            tf,
            "2.9.0-rc1",
            "TensorFlow 2.20 or later; .*tensorflow.* Received: TensorFlow 2.9.0-rc1",
        ),
    ],
)
def test_what_is_too_old_is_one_sentence(module, version, message, monkeypatch):
    monkeypatch.setattr(module, "__version__", version)
    with pytest.raises(ImportError, match=message):
        check_keras()


@pytest.mark.parametrize(
    ("module", "version", "message"),
    [
        (
            keras,
            "4.0.0.dev20270101",
            "dg_keras was tested with Keras up to 3.15, and this is 4.0.0.dev20270101. If "
            "something fails, `pip install 'keras==3.15.*'`",
        ),
        (
            tf,
            "2.100.0",
            "dg_keras was tested with TensorFlow up to 2.21, and this is 2.100.0. If something "
            "fails, `pip install 'tensorflow==2.21.*'`",
        ),
    ],
)
def test_what_is_newer_is_taken_with_a_warning(module, version, message, monkeypatch):
    monkeypatch.setattr(module, "__version__", version)
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        check_keras()
