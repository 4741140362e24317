"""What ImageNet networks of each origin expect of an image, as stock layers on RGB in 0..255."""

import keras


def torch_preprocessing(images: keras.KerasTensor) -> keras.KerasTensor:
    """Standardizes each channel by ImageNet's mean and standard deviation."""
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return keras.layers.Rescaling(
        scale=[1 / (255 * d) for d in deviation],
        offset=[-m / d for m, d in zip(mean, deviation, strict=True)],
        name="rescaling",
    )(images)


def tf_preprocessing(images: keras.KerasTensor) -> keras.KerasTensor:
    """Scales to -1..1."""
    return keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(images)


def caffe_preprocessing(images: keras.KerasTensor) -> keras.KerasTensor:
    """Turns RGB into BGR and subtracts ImageNet's mean."""
    # An operation of keras.ops is a node of the graph and is saved with it, unlike a Lambda's code.
    bgr = keras.ops.flip(images, axis=-1)
    return keras.layers.Rescaling(1, offset=[-103.939, -116.779, -123.68], name="rescaling")(bgr)


def no_preprocessing(images: keras.KerasTensor) -> keras.KerasTensor:
    """Leaves the images to a network that has its own scaling inside."""
    return images
