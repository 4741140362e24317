"""Fetch a data set from the Hugging Face hub."""

import os

import pandas as pd

from dg_keras.data.tables.check_choice import check_choice
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
    verbose: bool = False,
) -> pd.DataFrame:
    """Fetches a data set from the Hugging Face hub and prepares it.

    What was fetched stays in the hub's own cache, so that a second call fetches nothing.

    Args:
        name: "pacs" or "office_home"; the hub has no other in the form that is read here.
        to: The folder to make.
        size: As in `prepare`, like all that follow.
        format: As in `prepare`.
        quality: As in `prepare`.
        seed: As in `prepare`.
        verbose: Whether to show a progress bar.

    Returns:
        The manifest, as `prepare` returns it.

    Raises:
        ValueError: If an argument is out of its range, or the images are not those published.
        ImportError: If `dg_keras[hub]` is not installed.
        OSError: If the hub can't be reached.
    """
    check_choice("name", name, [known.name for known in KNOWN.values() if known.hub])
    try:
        import huggingface_hub
    except ImportError as error:
        raise ImportError(
            "Downloading needs huggingface_hub; `pip install dg_keras[hub]` installs it"
        ) from error
    folder = huggingface_hub.snapshot_download(
        KNOWN[name].hub, repo_type="dataset", allow_patterns="*.parquet"
    )
    return prepare(name, folder, to, size, format, quality, seed, verbose=verbose)
