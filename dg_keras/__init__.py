"""Domain generalization via gradient surgery, for Keras."""

import sys

from dg_keras.version import __version__

# All is imported at once, so that Keras knows our classes, and loads models that were saved, after
# `import dg_keras` alone. Only `python -m dg_keras.data` does without: it needs no Keras, and
# answers at once. Python says "-m" in place of the program until it has found the module.
if sys.argv[:1] != ["-m"] or sys.orig_argv[-len(sys.argv)] != "dg_keras.data":
    from dg_keras.common.check_keras import check_keras, is_keras2

    check_keras()
    if is_keras2():
        from dg_keras._keras2 import install

        install()

    from dg_keras import analysis, backbones, callbacks, data, objectives, strategies
    from dg_keras.fitting.nonfinite_error import NonfiniteError
    from dg_keras.model import DomainGeneralizer

__all__ = [
    "DomainGeneralizer",
    "NonfiniteError",
    "__version__",
    "analysis",
    "backbones",
    "callbacks",
    "data",
    "objectives",
    "strategies",
]
