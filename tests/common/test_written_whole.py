"""Files that are there as a whole or not at all."""

import fcntl
import os

from dg_keras.common.write_whole import write_whole


def test_what_is_flushed_may_be_written(tmp_path, monkeypatch):
    """Windows flushes no file that was opened to be read alone."""
    modes = []
    monkeypatch.setattr(os, "fsync", lambda file: modes.append(fcntl.fcntl(file, fcntl.F_GETFL)))
    write_whole(tmp_path / "record", b"whole")
    assert [mode & os.O_ACCMODE for mode in modes] == [os.O_RDWR]
    assert (tmp_path / "record").read_bytes() == b"whole"
