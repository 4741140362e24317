"""Domain generalization via gradient surgery, for Keras."""

import os
import sys

from dg_keras.common.end_with_parent import end_with_parent
from dg_keras.common.quietly import COMMAND, import_tensorflow_quietly
from dg_keras.version import __version__

end_with_parent()

# All is imported at once, so that Keras knows our classes, and loads models that were saved, after
# `import dg_keras` alone. Only commands do without until they know what they were told, and answer
# at once. Python says "-m" in place of the program until it has found the module.
_IS_MODULE = sys.argv[:1] == ["-m"] and sys.orig_argv[-len(sys.argv)] in (
    "dg_keras",
    "dg_keras.data",
)
if not _IS_MODULE and os.environ.get(COMMAND) != "starts":
    if os.environ.get(COMMAND) == "runs":
        import_tensorflow_quietly()

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
