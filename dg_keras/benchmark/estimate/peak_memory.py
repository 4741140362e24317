"""The most memory that this process has taken."""

import contextlib
import re
import sys
from pathlib import Path

_SELF = Path("/proc/self")


def peak_memory() -> int:
    """Bytes of the host's memory, since the process began or `forget_peak`; 0 on Windows."""
    if sys.platform == "linux":
        status = (_SELF / "status").read_text(encoding="utf-8")
        (kib,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return 1024 * int(kib)
    if sys.platform == "win32":  # which has no such module
        return 0
    import resource

    # macOS counts bytes, others KiB.
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """Has `peak_memory` begin with what is taken now, where the system can: Linux, as a rule."""
    with contextlib.suppress(OSError):
        (_SELF / "clear_refs").write_text("5", encoding="utf-8")
