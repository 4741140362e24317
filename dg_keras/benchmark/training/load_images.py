"""The images of an experiment."""

from dg_keras import data as datasets
from dg_keras.benchmark.config.config import Config
from dg_keras.common.shown_path import shown_path

_BATCH = 256  # images at once where nothing is trained; of no influence on results


def load_images(config: Config, data_root: str | None) -> datasets.LeaveOneOut:
    """Loads the experiment's images, with no domain held out yet.

    Args:
        config: The experiment.
        data_root: Where the images are, instead of where the config says.

    Raises:
        ValueError: If the data set is not what the config says.
        FileNotFoundError: If it is not there.
    """
    data = config.data
    try:
        return datasets.load(
            data.name,
            root=data_root or data.root,
            image_size=data.image_size,
            seed=data.split_seed,
            batch_size=_BATCH,
            on_bad_image=data.on_bad_image,
        )
    except ValueError as error:
        raise ValueError(f"`data`: {error}") from error
    except FileNotFoundError:
        raise
    except OSError as error:  # such as a name that is too long for a file system
        raise ValueError(
            "`data` must be a folder of images that can be read. "
            f"Received: {shown_path(error.filename or data.name)!r}, and {error.strerror}"
        ) from error
