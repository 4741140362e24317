"""The names of all networks."""

from dg_keras.backbones._by_name import by_name


def names() -> list[str]:
    """The names that `dg_keras.backbones.get` knows, those of keras.applications among them.

    Examples:
        >>> dg_keras.backbones.names()[:2]
        ['alexnet', 'efficientnet_lite0']
    """
    return list(by_name())
