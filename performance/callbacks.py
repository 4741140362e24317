"""What each callback costs at its default, through `fit`.

    python -m performance.callbacks

trains EfficientNet-Lite0 on StyleShift, a pass over the largest source per epoch, with no callback
and with each, alternately. What a callback does once in an epoch takes as long as so many `steps`
of training, and less than 3 % of an epoch of 33 times as many. `WeightAveraging` evaluates once
more when training ends, which here is after every epoch.
"""

from collections.abc import Callable
from typing import Any

from performance.measuring import alternately, compared, parser, show

SIZE, BATCH, ROUNDS = 96, 16, 5


def main() -> None:
    """Measures, prints the table, and writes it as CSV."""
    arguments = parser(__doc__, "callbacks.csv")
    arguments.add_argument("--steps", type=int, help="of an epoch, instead of a whole pass")
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    given = arguments.parse_args()

    import keras

    import dg_keras

    images = dg_keras.data.load("styleshift", target="sketch", image_size=SIZE)
    sources = {source: images.part(source, "validation") for source in images.sources}

    def way(*callbacks: keras.callbacks.Callback) -> Callable[[], Any]:
        keras.utils.set_random_seed(0)
        net = dg_keras.backbones.EfficientNetLite0(len(images.classes), image_size=SIZE)
        model = dg_keras.DomainGeneralizer(net, seed=0)
        model.compile(
            keras.optimizers.AdamW(1e-4),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=False,
        )

        def fit() -> Any:
            return model.fit(
                images.train,
                batch_size=BATCH,
                steps_per_epoch=given.steps,
                callbacks=list(callbacks),
                verbose=0,
            )

        fit()  # in which it is traced
        return fit

    ways = {
        "none": way(),
        "GradientAgreement": way(dg_keras.callbacks.GradientAgreement(images.train)),
        "DomainMetrics": way(dg_keras.callbacks.DomainMetrics(sources)),
        "SourceSelection": way(dg_keras.callbacks.SourceSelection(sources)),
        "WeightAveraging": way(dg_keras.callbacks.WeightAveraging(sources)),
    }
    table = compared(alternately(ways, given.rounds), against="none")
    table["steps"] = ways["none"]().params["steps"] * (table["times none"] - 1)
    show(table, given.csv)


if __name__ == "__main__":
    main()
