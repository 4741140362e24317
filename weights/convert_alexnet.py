"""Turns torchvision's ImageNet weights of AlexNet into Keras' own file, without PyTorch.

python -m weights.convert_alexnet alexnet-owt-7be5be79.pth
"""

import argparse
from pathlib import Path

from dg_keras.backbones import AlexNet
from dg_keras.backbones.alexnet import CHECKPOINT, CONVERTED

DEFAULT_OUTPUT = Path(__file__).with_name(CONVERTED)


def main() -> None:
    """Converts the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help=CHECKPOINT)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s")
    arguments = parser.parse_args()

    try:
        net = AlexNet(classes=1000, weights=arguments.source)
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    net.save_weights(arguments.output)
    print(arguments.output)


if __name__ == "__main__":
    main()
