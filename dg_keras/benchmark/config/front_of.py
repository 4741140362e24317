"""What tells a frozen front, and what it makes of the images, from others."""

from dg_keras.benchmark.config.config import Config, Data


def front_of(config: Config) -> tuple[Data, str]:
    """What of a config says what is frozen, and of which images; configs may share it.

    Args:
        config: The experiment; without `backbone.train_from` nothing is frozen.
    """
    return config.data, config.backbone.model_dump_json()
