"""The most memory that this process has taken."""

import resource
import sys


def peak_memory() -> int:
    """Bytes of the host's memory, since the process began."""
    # Linux counts it in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
