"""TensorFlow without its notices, for commands."""

import os
import sys
import tempfile

COMMAND = "DG_KERAS_COMMAND"
"""The environment variable by which `import dg_keras` knows that a command "starts", which wants to
answer before Keras is imported, or "runs", and shows its own output alone."""


def import_tensorflow_quietly() -> None:
    """Imports TensorFlow without the notices that its libraries write while they are loaded.

    They go straight to the process' standard error, before any setting of TensorFlow's is read.
    Where the import fails, they are shown.
    """
    if sys.stderr is None:  # it was closed before Python began
        import tensorflow

        return
    sys.stderr.flush()
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as swallowed:
        os.dup2(swallowed.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except BaseException:
            swallowed.seek(0)
            os.write(standard_error, swallowed.read())
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
