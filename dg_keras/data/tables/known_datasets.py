"""The data sets that `load` knows by name."""

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dg_keras.data.tables.hub_copy import HubCopy
from dg_keras.data.tables.standard_names import standard_names

if TYPE_CHECKING:  # planning a grid, and the command line, do without
    import pandas as pd


@dataclasses.dataclass(frozen=True)
class KnownDataset:
    """What is known of a published data set.

    Domains and classes are told apart by their names, which copies of a data set write in several
    ways; capitals, spaces and underscores make no difference.

    Args:
        name: What `load` calls it.
        counts: The number of images of each domain.
        classes: The names of the classes, sorted as `load` numbers them.
        aliases: Other names of domains, in small letters and digits alone.
        spoiled: Images known to circulate damaged, as `<domain>/<class>/<stem>`; the data set is
            complete without them.
        hub: Where the Hugging Face hub has it, as parquet.
        needs_manifest: Whether a manifest says what belongs to it, as it knows the concepts.
    """

    name: str
    counts: Mapping[str, int]
    classes: tuple[str, ...]
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    spoiled: tuple[str, ...] = ()
    hub: HubCopy | None = None
    needs_manifest: bool = False

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains, sorted."""
        return tuple(sorted(self.counts))

    def find_domain(self, name: str) -> str | None:
        """Returns the domain that a folder's name means, or None.

        Args:
            name: A name in any of the usual ways of writing it.

        Returns:
            One of `domains`, or None.
        """
        key = plain(name)
        return {plain(domain): domain for domain in self.domains}.get(key, self.aliases.get(key))

    def find_class(self, name: str) -> str | None:
        """Returns the class that a folder's name means, or None.

        Args:
            name: A name in any of the usual ways of writing it, or the class number from 0.

        Returns:
            One of `classes`, or None.
        """
        if name.isdecimal():
            numbered = {str(number): label for number, label in enumerate(self.classes)}
            return numbered.get(name.lstrip("0") or "0")
        return {plain(label): label for label in self.classes}.get(plain(name))

    def is_name_of(self, folder: str) -> bool:
        """Whether a folder is called like the data set, as `OfficeHomeDataset_10072016` is.

        Args:
            folder: The folder's name.

        Returns:
            Whether it begins like the data set's name.
        """
        return plain(folder).startswith(plain(self.name))

    def expected(self, table: "pd.DataFrame") -> dict[str, int]:
        """Returns the number of images each domain should have, less what may be missing.

        Args:
            table: A row per image, with the columns `path`, `domain` and `class`.

        Returns:
            The published counts, less the known damaged images that `table` does not hold.
        """
        counts = dict(self.counts)
        for image in set(self.spoiled) - set(standard_names(table)):
            counts[image.split("/")[0]] -= 1
        return counts

    def check(self, table: "pd.DataFrame") -> None:
        """Raises if a table does not hold the images it should.

        Args:
            table: A row per image, with the columns `path`, `domain` and `class`.

        Raises:
            ValueError: If a domain's number of images or the classes differ from what is known.
        """
        found = table["domain"].value_counts().to_dict()
        if found != self.expected(table):
            raise ValueError(
                f"Data set {self.name!r} must have the images {_listed(self.counts)}. Received: "
                f"{_listed(found)}; `python -m dg_keras.data doctor` tells more"
            )
        strange = sorted(set(table["class"]) ^ set(self.classes))
        if strange:
            raise ValueError(
                f"Data set {self.name!r} must have the classes {', '.join(self.classes)}. "
                f"Received: a difference in {', '.join(strange)}"
            )


def plain(name: str) -> str:
    """Returns a name in small letters and digits alone, to compare it with another.

    Args:
        name: A name as written.

    Returns:
        The name without capitals, spaces and punctuation.
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{domain} {counts[domain]}" for domain in sorted(counts))


_PACS_PARQUET = "4fc041ee92eec6043fe6e2859e8bdd138e5f958bc621afd153879812cbe65ff5"
# fmt: off
_OFFICE_HOME_CLASSES = (
    "Alarm_Clock", "Backpack", "Batteries", "Bed", "Bike", "Bottle", "Bucket", "Calculator",
    "Calendar", "Candles", "Chair", "Clipboards", "Computer", "Couch", "Curtains", "Desk_Lamp",
    "Drill", "Eraser", "Exit_Sign", "Fan", "File_Cabinet", "Flipflops", "Flowers", "Folder",
    "Fork", "Glasses", "Hammer", "Helmet", "Kettle", "Keyboard", "Knives", "Lamp_Shade", "Laptop",
    "Marker", "Monitor", "Mop", "Mouse", "Mug", "Notebook", "Oven", "Pan", "Paper_Clip", "Pen",
    "Pencil", "Postit_Notes", "Printer", "Push_Pin", "Radio", "Refrigerator", "Ruler", "Scissors",
    "Screwdriver", "Shelf", "Sink", "Sneakers", "Soda", "Speaker", "Spoon", "TV", "Table",
    "Telephone", "ToothBrush", "Toys", "Trash_Can", "Webcam",
)
# fmt: on

KNOWN = {
    dataset.name: dataset
    for dataset in (
        KnownDataset(
            "pacs",  # Li et al. (2017), Deeper, Broader and Artier Domain Generalization
            {"art_painting": 2048, "cartoon": 2344, "photo": 1670, "sketch": 3929},
            ("dog", "elephant", "giraffe", "guitar", "horse", "house", "person"),
            aliases={"art": "art_painting"},
            spoiled=("sketch/dog/n02103406_4068-1",),
            hub=HubCopy(
                "flwrlabs/pacs",
                "394113073258ead631f617d2e13bb377c0715c4b",
                {"data/train-00000-of-00001.parquet": _PACS_PARQUET},
            ),
        ),
        KnownDataset(
            "vlcs",  # Fang et al. (2013), Unbiased Metric Learning
            {"Caltech101": 1415, "LabelMe": 2656, "SUN09": 3282, "VOC2007": 3376},
            ("bird", "car", "chair", "dog", "person"),
            aliases={
                "caltech": "Caltech101",
                "sun": "SUN09",
                "pascal": "VOC2007",
                "voc": "VOC2007",
            },
        ),
        KnownDataset(
            "office_home",  # Venkateswara et al. (2017), Deep Hashing Network
            {"Art": 2427, "Clipart": 4365, "Product": 4439, "Real World": 4357},
            _OFFICE_HOME_CLASSES,
            aliases={"real": "Real World"},
            hub=HubCopy("flwrlabs/office-home"),
        ),
        KnownDataset(
            "styleshift",
            {"photo": 326, "clipart": 375, "cartoon": 421, "sketch": 407},
            ("bird", "building", "flower", "mammal", "produce", "sea", "tool", "vehicle"),
            needs_manifest=True,
        ),
    )
}
