"""Networks to put under domain generalization: RGB images in 0..255 in, logits out."""

from dg_keras.backbones.alexnet import AlexNet
from dg_keras.backbones.efficientnet_lite0 import EfficientNetLite0
from dg_keras.backbones.from_applications import from_applications
from dg_keras.backbones.get import get
from dg_keras.backbones.names import names
from dg_keras.backbones.parameters import parameters
from dg_keras.backbones.split import split

__all__ = [
    "AlexNet",
    "EfficientNetLite0",
    "from_applications",
    "get",
    "names",
    "parameters",
    "split",
]
