"""Tells a module's source from any other."""

import functools
import hashlib
import importlib
from pathlib import Path


@functools.cache  # what was imported stays, whatever becomes of the file
def source_digest(module: str) -> str:
    """The SHA-256 of a module's source, and, of a package, of all that lies below it.

    Args:
        module: The name of one that can be imported.

    Returns:
        The digest; empty where the module has no source.
    """
    origin = getattr(importlib.import_module(module), "__file__", None)
    if origin is None or not origin.endswith(".py"):
        return ""
    path = Path(origin)
    sources = [path]
    if path.name == "__init__.py":  # without links to nowhere, which editors lock files by
        sources = sorted(file for file in path.parent.rglob("*.py") if file.is_file())
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"{source.relative_to(path.parent).as_posix()}\0".encode())
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()
