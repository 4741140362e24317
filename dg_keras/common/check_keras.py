"""Which Keras and TensorFlow the library runs on."""

import os
import re
import warnings

_KERAS = (3, 14), (3, 15)
_TENSORFLOW = (2, 20), (2, 21)
"""The oldest and the newest that the tests pass on: a minor release and the one before."""

_OF_ADDONS = (2, 15)
"""The Keras and TensorFlow that tensorflow-addons ended with."""


def is_keras2() -> bool:
    """Whether this is the Keras that tensorflow-addons needs; see docs/addons.md."""
    import keras

    return _numbers(keras.__version__) == _OF_ADDONS


def check_keras() -> None:
    """Raises where Keras does not run on TensorFlow, or one of the two is too old.

    It warns of what is newer than all that the library was tested with.

    Raises:
        ImportError: Saying what is needed, what is there, and what to do.
    """
    needs = f"dg_keras needs Keras {_dotted(_KERAS[0])} or later on TensorFlow"
    remedy = "unset KERAS_BACKEND, or set it (or `backend` in keras.json) to 'tensorflow'"
    try:
        import keras
    except ImportError as error:  # of the backend that was chosen
        chosen = os.environ.get("KERAS_BACKEND")
        raise ImportError(
            f"{needs}; {remedy}. Received: KERAS_BACKEND={chosen!r}, and {error}"
        ) from error
    if is_keras2():
        return  # which is of one TensorFlow alone
    _check_version("Keras", "keras", keras.__version__, _KERAS)
    backend = keras.config.backend()
    if backend != "tensorflow":
        raise ImportError(f"{needs}; {remedy}. Received: Keras on {backend!r}")
    # Only now: TensorFlow beside another backend can bring the process down.
    import tensorflow as tf

    _check_version("TensorFlow", "tensorflow", tf.__version__, _TENSORFLOW)


def _check_version(
    name: str, package: str, version: str, tested: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    least, latest = tested
    if _numbers(version) > latest:
        warnings.warn(
            f"dg_keras was tested with {name} up to {_dotted(latest)}, and this is {version}. If "
            f"something fails, `pip install '{package}=={_dotted(latest)}.*'`",
            stacklevel=4,
        )
    if _numbers(version) < least:
        raise ImportError(
            f"dg_keras needs {name} {_dotted(least)} or later; `pip install --upgrade {package}` "
            f"installs it. Received: {name} {version}"
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
