"""What the readers of region files share: one JSON file for a whole split, read once."""

from __future__ import annotations

from threading import Lock
from typing import ClassVar

from cosegbench.adapters.base import LabelReader, LabelSource
from cosegbench.adapters.regions import ImageRegions, read_regions
from cosegbench.errors import DataError


class RegionReader(LabelReader):
    """Labels that are painted from the annotations of one file."""

    annotations_key: ClassVar[str]
    """Under which key the file keeps its annotations."""

    def __init__(self, source: LabelSource) -> None:
        super().__init__(source)
        self._lock = Lock()
        self._index: dict[str, ImageRegions] | None = None

    def index(self) -> dict[str, ImageRegions]:
        """Image id -> its annotations; the file is read on first use.

        Raises:
            DataError: the file is absent, is not of this layout, or numbers its categories otherwise.
        """
        # Threads that ask at once must not each read a file of half a gigabyte.
        with self._lock:
            if self._index is None:
                self._index = read_regions(self.path(""), self.annotations_key, self.source.vocabulary)
            return self._index

    def has(self, image_id: str) -> bool:
        """Whether the file lists ``image_id``; an image without annotations is listed."""
        return image_id in self.index()

    def regions(self, image_id: str) -> ImageRegions:
        """One image's annotations.

        Raises:
            DataError: as :meth:`index`, or the file does not list the image.
        """
        try:
            return self.index()[image_id]
        except KeyError:
            raise DataError(f"{self.path('')}: lists no image {image_id!r}.") from None
