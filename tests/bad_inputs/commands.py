"""Commands that can't be carried out."""

import contextlib
import dataclasses
import io
import resource
import shlex
import sys

import pytest

import run_all
from dg_keras.common.cores import cores
from tests.bad_inputs.bad_input import BadInput
from tests.bad_inputs.configs import LONG, VALID

CORES = cores()
SMALL = VALID.replace("{name: alexnet}", "{name: efficientnet_lite0}")


class Told(Exception):
    """What a command writes of its failure."""


def command(wrong: str, arguments: str, says: str) -> BadInput:
    """`run_all.py` with a valid config and these arguments, in which `{folder}` is an empty one."""

    def give(folder):
        config = folder / "valid.yaml"
        config.write_text(SMALL, encoding="utf-8")
        (folder / "file").write_bytes(b"")
        given = shlex.split(arguments.replace("{folder}", str(folder)))
        if "--results" not in given:
            given += ["--results", str(folder / "results")]
        errors = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(errors):
            patch.setattr(sys, "argv", ["run_all.py", str(config), *given])
            code = run_all.main()
        assert code == 2
        assert not (folder / "results").exists()
        raise Told(errors.getvalue().removeprefix("run_all.py: ").removesuffix("\n"))

    return BadInput(wrong, give, says, Told)


def on_a_full_disk(row: BadInput) -> BadInput:
    """The row, in a process that can write no more than a little to a file."""

    def give(folder):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**12, hard))
        try:
            row.give(folder)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return dataclasses.replace(row, give=give)


ROWS = [
    command(
        "more samples along training than a class has",
        "--set 'along_training={gradients: true, samples: 500}' --set 'targets=[photo, sketch]'",
        "`along_training.samples` must be at most 56 where 'photo' is held out, since some class "
        "must have as many images in the training part of every source: of class 'mammal', which "
        "has most, domain 'clipart' has 56. Received: samples=500",
    ),
    command(
        "no model is kept",
        "--keep-traced 0",
        "`keep_traced` must be a whole number of at least 1. Received: keep_traced=0",
    ),
    command(
        "no workers",
        "--workers 0",
        f"`workers` must be at least 1 and at most {4 * CORES}, 4 for each core that this process "
        "may use. Received: workers=0",
    ),
    command(
        "a negative number of workers",
        "--workers -1",
        f"`workers` must be at least 1 and at most {4 * CORES}, 4 for each core that this process "
        "may use. Received: workers=-1",
    ),
    command(
        "more workers than a machine stands",
        "--workers 99999999999",
        f"`workers` must be at least 1 and at most {4 * CORES}, 4 for each core that this process "
        "may use. Received: workers=99999999999",
    ),
    command(
        "results that are a file",
        "--results {folder}/file",
        "`results` must be a folder, or the path of one that can be made. Received: "
        "'{folder}/file/valid', and {folder}/file is none",
    ),
    command(
        "results in a device",
        "--results /dev/null/results",
        "`results` must be a folder, or the path of one that can be made. Received: "
        "'/dev/null/results/valid', and /dev/null is none",
    ),
    command(
        "results where no file can be",
        "--results /proc",
        "`results` must be a folder that can be written. Received: '/proc/valid', and No "
        "such file or directory in /proc",
    ),
    command(
        "results in a folder that can't be made",
        "--results /proc/results",
        "`results` must be a folder that can be written. Received: "
        "'/proc/results/valid', and No such file or directory in /proc",
    ),
    on_a_full_disk(
        command(
            "results on a full disk",
            "",
            "`results` must be a folder that can be written. Received: "
            "'{folder}/results/valid', and File too large in {folder}",
        )
    ),
    command(
        "results of a name that no file can have",
        "--results '\ud800'",
        "`results` must be text in utf-8, as the names of files are in this process (PYTHONUTF8=1 "
        "makes it utf-8). Received: '\\ud800/valid'",
    ),
    command(
        "results of a name that is too long",
        f"--results {{folder}}/{LONG}",
        "`results` must be a folder, or the path of one that can be made, of names of at "
        "most 255 bytes. Received: "
        "'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx' of 300 bytes",
    ),
    command(
        "results of a path that is too long",
        f"--results {'x/' * 3000}",
        "`results` must be a folder, or the path of one that can be made. Received: "
        f"'{'x/' * 78}x...', "
        "and File name too long",
    ),
    command(
        "data in a file",
        "--data-root {folder}/file",
        "`data_root` must be a folder. Received: '{folder}/file', which is none",
    ),
    command(
        "data in a folder of a name that is too long",
        f"--data-root {LONG}",
        f"`data_root` must be a folder. Received: '{'x' * 157}...', and File name too long",
    ),
    command(
        "data that are nowhere",
        "--data-root {folder}/nowhere",
        "Data set 'styleshift' must be in the folder {folder}/nowhere, or where `root` "
        "says. Received: root='{folder}/nowhere', and no such folder",
    ),
    command(
        "a dry run of data that are nowhere",
        "--dry-run --data-root {folder}/nowhere",
        "`data_root` must be a folder. Received: '{folder}/nowhere', which is none",
    ),
    command(
        "a data set of a name that is too long",
        f"--set data.name={LONG}",
        "`data` must be a folder of images that can be read. Received: "
        f"'{'x' * 157}...', "
        "and File name too long",
    ),
    command(
        "data of a name that is too long",
        f"--set data.root={LONG}",
        "`data` must be a folder of images that can be read. Received: "
        f"'{'x' * 157}...', "
        "and File name too long",
    ),
    command(
        "a data set that is none",
        "--set data.name=pax",
        "`data`: `name` must be a folder, any name with `root`, or one of 'office_home', "
        "'pacs', 'styleshift', 'vlcs'. Received: name='pax'",
    ),
    command(
        "a domain that is none",
        "--set targets=[sketches]",
        "`targets`: 'sketches' is no domain of styleshift, which has cartoon, clipart, "
        "photo, sketch. Nearest: sketch",
    ),
    command(
        "a domain twice",
        "--set targets=[photo,photo]",
        "`methods` and `targets` must have names that differ in letters and digits. "
        "Received: two runs called 'deep-all--photo--trial1'",
    ),
    command(
        "a setting for a domain that is none",
        "--set 'methods=[Deep-All, {name: PCGrad, targets: {art: {}}}]'",
        "`methods`: 'art', in `targets` of 'PCGrad', is no domain of styleshift, which has "
        "cartoon, clipart, photo, sketch. Nearest: clipart",
    ),
    command(
        "a report on nothing",
        "--report-only",
        "There are no records of runs in {folder}/results/valid/runs to report",
    ),
    command(
        "names that make too long a file's name",
        f"--set 'methods=[{{name: {'x' * 190}}}]' --set baseline={'x' * 190} "
        "--set 'grid={learning_rate: [0.0001], weight_decay: [0.0001]}'",
        "`methods` and `targets` must have names of at most 220 bytes together, with the "
        "words of a grid's setting, since a record is called so. Received: 232 bytes, "
        "'xxxxxxxxxxxxxxxxxxxxxxxxxxx...ecay-0.0001--cartoon--trial1'",
    ),
    command(
        "more runs with all domains than memory can list",
        "--set trials=50000",
        "An experiment must be at most 100,000 runs. Received: 200,000, which are 50000 "
        "`trials` x 1 settings of the `grid` x 4 `targets` x 1 `methods`",
    ),
    command(
        "empty data", "--data-root ''", "`data_root` must be a folder. Received: '', which is none"
    ),
    command(
        "a layer that is none",
        "--set backbone.train_from=block99",
        "`backbone.train_from`: `layer` must be the name of a layer of 'efficientnet_lite0', such "
        "as block9_output. Received: layer='block99'",
    ),
    command(
        "a network that drops all",
        "--set 'backbone.arguments={dropout: 2}'",
        "`backbone`: `dropout` must be in [0, 1). Received: dropout=2",
    ),
    command(
        "weights that are nowhere",
        "--set backbone.weights={folder}/nowhere.h5",
        "`weights` must be None, 'imagenet' or an existing file. Received: "
        "weights='{folder}/nowhere.h5'",
    ),
    command(
        "a network that takes no images so small",
        "--set backbone.name=alexnet",
        "`backbone`: `image_size` must be an integer of at least 95 (pixels a side). "
        "Received: image_size=32",
    ),
]
