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
    file = getattr(importlib.import_module(module), "__file__", None)
    if file is None or not file.endswith(".py"):
        return ""
    path = Path(file)
    sources = sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"{source.relative_to(path.parent).as_posix()}\0".encode())
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()
