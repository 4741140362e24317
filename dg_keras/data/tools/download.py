"""Fetch a data set from the Hugging Face hub."""

import os
from pathlib import Path

import pandas as pd

from dg_keras.common.check_choice import check_choice
from dg_keras.common.file_digest import file_digest
from dg_keras.data.tables.hub_copy import HubCopy
from dg_keras.data.tables.known_datasets import KNOWN
from dg_keras.data.tools.prepare import prepare


def download(
    name: str,
    to: str | os.PathLike[str],
    size: int | tuple[int, int] = 227,
    format: str = "png",
    quality: int = 95,
    seed: int = 0,
    *,
    max_size: int = 16 * 2**30,
    verbose: bool = False,
) -> pd.DataFrame:
    """Fetches a data set from the Hugging Face hub and prepares it.

    What was fetched stays in the hub's own cache, so that a second call fetches nothing. Of PACS
    it is one commit whose files are checked by sha256; of Office-Home the newest.

    Args:
        name: "pacs" or "office_home"; the hub has no other in the form that is read here.
        to: The folder to make.
        size: As in `prepare`, like all that follow.
        format: As in `prepare`.
        quality: As in `prepare`.
        seed: As in `prepare`.
        max_size: As in `prepare`.
        verbose: Whether to show a progress bar.

    Returns:
        The manifest, as `prepare` returns it.

    Raises:
        ValueError: If an argument is out of its range, the files are not those that are known, or
            the images are not those published.
        ImportError: If `dg_keras[hub]` is not installed.
        ConnectionError: If the hub can't be reached.
        OSError: If what was fetched can't be written.
    """
    hubs = {known.name: known.hub for known in KNOWN.values() if known.hub is not None}
    check_choice("name", name, list(hubs))
    try:
        import huggingface_hub
    except ImportError as error:
        raise ImportError(
            "Downloading needs huggingface_hub; `pip install dg_keras[hub]` installs it"
        ) from error
    hub = hubs[name]
    try:
        folder = huggingface_hub.snapshot_download(
            hub.repository,
            repo_type="dataset",
            revision=hub.revision,
            allow_patterns="*.parquet",
        )
    except Exception as error:
        if not _is_of_the_net(error):
            raise
        raise ConnectionError(
            f"{hub.repository} could not be fetched from the Hugging Face hub "
            f"({type(error).__name__}); fetch its parquet files by other means, and give them to "
            "`prepare`"
        ) from error
    _check(Path(folder), hub)
    return prepare(
        name, folder, to, size, format, quality, seed, max_size=max_size, verbose=verbose
    )


def _is_of_the_net(error: Exception) -> bool:
    """Whether it is not of the disk that is fetched to, nor a fault."""
    if isinstance(error, OSError):
        return error.errno is None or isinstance(error, ConnectionError)
    # The hub's errors are of whatever library it speaks HTTP with.
    return any(kind.__name__ == "HTTPError" for kind in type(error).__mro__)


def _check(folder: Path, hub: HubCopy) -> None:
    if not hub.sha256:
        return
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.parquet")}
    if found.keys() != hub.sha256.keys():
        raise ValueError(
            f"{hub.repository} must have the files {', '.join(sorted(hub.sha256))}. Received: "
            f"{str(folder)!r} with {', '.join(sorted(found)) or 'none'}"
        )
    for name, path in sorted(found.items()):
        digest = file_digest(path)
        if digest != hub.sha256[name]:
            raise ValueError(
                f"{name} of {hub.repository} must have sha256 {hub.sha256[name]}. Received: "
                f"{str(path)!r} with {digest}; delete it to fetch it again"
            )
