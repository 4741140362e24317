"""Unpack an archive that nobody has vouched for."""

import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_CHUNK = 2**20  # bytes
_NAMES = 2**20  # bytes of a member's name, and of what else is told of it
_OF_NAMES = {
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
}

# What the standard library raises on archives that are damaged, beside an `OSError` of its own.
_DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, struct.error, ValueError, IndexError, OverflowError),
)


def unpack(archive: Path, folder: Path, max_size: int) -> None:
    """Unpacks a zip or tar file whose files stay inside, and are together not too large.

    Args:
        archive: A file with one of the suffixes in `ARCHIVES`.
        folder: The folder to unpack to.
        max_size: Bytes that its files may have together.

    Raises:
        ValueError: If it is no such archive, damaged, cut off, encrypted, too large, or holds
            links, or a path that leaves the folder.
    """
    unpack_kind = _unpack_zip if archive.name.lower().endswith(".zip") else _unpack_tar
    try:
        unpack_kind(archive, folder, max_size)
    except _Refusal:
        raise
    except (*_DAMAGED, OSError) as error:
        if getattr(error, "errno", None) is not None:  # of the system: no space left, say
            raise
        raise ValueError(
            f"`source` must be a whole archive. Received: {str(archive)!r}, which is damaged, cut "
            "off or of another kind than its name tells"
        ) from error


class _Refusal(ValueError):
    """The archive can be read, and will not be unpacked."""


class _TarInfo(tarfile.TarInfo):
    """Tells a damaged header, which `tarfile` would take for the end of the archive.

    So it does one that has more than names, since `tarfile` reads as much as it says at once.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _OF_NAMES and member.size > _NAMES:
            raise tarfile.ReadError(f"a header of {member.size} bytes")
        return member

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tar)
        # Known to Python, but not to what type checkers know of it.
        except (tarfile.TruncatedHeaderError, tarfile.InvalidHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError(str(error)) from error


def _unpack_zip(archive: Path, folder: Path, max_size: int) -> None:
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
        check = _Check(archive, max_size)
        for member in members:
            if member.flag_bits & 1:
                raise _Refusal(f"`source` must not be encrypted. Received: {str(archive)!r}")
            is_link = stat.S_ISLNK(member.external_attr >> 16)
            check(member.filename, member.file_size, is_plain=not is_link)
        try:
            for member in members:
                file.extract(member, folder)
        except NotImplementedError as error:
            raise _Refusal(
                f"`source` must be compressed in a way that Python reads. Received: "
                f"{str(archive)!r}, whose {member.filename!r} is not"
            ) from error


def _unpack_tar(archive: Path, folder: Path, max_size: int) -> None:
    check = _Check(archive, max_size)
    with tarfile.open(archive, tarinfo=_TarInfo) as file:
        for member in _members(file):
            check(member.name, member.size, is_plain=member.isfile() or member.isdir())
            file.extract(member, folder, filter="data")
        # The checksum of what is compressed comes last, after what `tarfile` reads.
        while rest := file.fileobj.read(_CHUNK):
            check.add(len(rest))


def _members(file: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := file.next()) is not None:
        yield member
        file.members.clear()  # type: ignore[attr-defined]  # which else are all kept


class _Check:
    """Refuses what an archive should not hold, before it is unpacked."""

    def __init__(self, archive: Path, max_size: int) -> None:
        self._archive = str(archive)
        self._max_size = max_size
        self._size = 0

    def __call__(self, name: str, size: int, is_plain: bool) -> None:
        if name.startswith("/") or ".." in name.split("/"):
            raise _Refusal(
                "`source` must hold paths that stay in the folder they are unpacked to. Received: "
                f"{self._archive!r} with {name!r}"
            )
        if not is_plain:
            raise _Refusal(
                f"`source` must hold files and folders alone. Received: {self._archive!r}, whose "
                f"{name!r} is a link or a device"
            )
        self.add(size)

    def add(self, size: int) -> None:
        self._size += size
        if self._size > self._max_size:
            raise _Refusal(
                f"`source` must unpack to at most {self._max_size / 2**30:g} GiB, which `max_size` "
                f"says. Received: {self._archive!r}, which has more"
            )
