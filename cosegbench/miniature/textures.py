"""Textures of stuff: one scalar field in 0..1 an image, blended between two colours drawn for that individual."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cosegbench.miniature.shapes import RGB

Field = NDArray[np.float32]
Generator = np.random.Generator


def smooth_noise(rng: Generator, height: int, width: int, cell_y: float, cell_x: float) -> Field:
    """Value noise in 0..1, shape (height, width) float32; cells of cell_y x cell_x pixels."""
    rows, columns = max(2, int(height / cell_y) + 2), max(2, int(width / cell_x) + 2)
    grid = rng.random((rows, columns), dtype=np.float32)
    return np.asarray(Image.fromarray(grid).resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32)


def _rows(height: int) -> Field:
    return np.arange(height, dtype=np.float32)[:, None]


def _columns(width: int) -> Field:
    return np.arange(width, dtype=np.float32)[None, :]


def _flat(rng: Generator, h: int, w: int) -> Field:
    return np.asarray(np.minimum(_rows(h) / h + 0.15 * smooth_noise(rng, h, w, 40, 40), 1), dtype=np.float32)


def _soft(rng: Generator, h: int, w: int) -> Field:
    return 0.7 * smooth_noise(rng, h, w, 14, 22) + 0.3 * smooth_noise(rng, h, w, 6, 9)


def _grain(rng: Generator, h: int, w: int) -> Field:
    return 0.6 * rng.random((h, w), dtype=np.float32) + 0.4 * smooth_noise(rng, h, w, 16, 16)


def _waves(rng: Generator, h: int, w: int) -> Field:
    phase = 4.0 * smooth_noise(rng, h, w, 14, 26)
    ripple = 0.5 + 0.5 * np.sin(_rows(h) * np.float32(rng.uniform(0.7, 1.0)) + phase)
    return np.asarray(0.55 * _rows(h) / h + 0.45 * ripple, dtype=np.float32)


def _blades(rng: Generator, h: int, w: int) -> Field:
    return 0.65 * smooth_noise(rng, h, w, 6, 1.5) + 0.35 * smooth_noise(rng, h, w, 20, 20)


def _stalks(rng: Generator, h: int, w: int) -> Field:
    return 0.45 * smooth_noise(rng, h, w, 1.5, 5) + 0.55 * rng.random((h, w), dtype=np.float32)


def _leaves(rng: Generator, h: int, w: int) -> Field:
    blobs = smooth_noise(rng, h, w, 4, 4)
    return np.where(blobs > 0.52, 0.75, 0.15).astype(np.float32) + 0.25 * smooth_noise(rng, h, w, 12, 12)


def _dots(rng: Generator, h: int, w: int) -> Field:
    return (smooth_noise(rng, h, w, 4.5, 4.5) > 0.62).astype(np.float32)


def _facets(rng: Generator, h: int, w: int) -> Field:
    ridge = smooth_noise(rng, h, w, 11, 7) + (_columns(w) + _rows(h)) * 0.035
    return np.asarray(ridge * 1.6 % 1.0, dtype=np.float32)


def _cracks(rng: Generator, h: int, w: int) -> Field:
    return np.asarray(np.minimum(np.abs(smooth_noise(rng, h, w, 10, 12) - 0.5) * 9, 1), dtype=np.float32)


def _planks(rng: Generator, h: int, w: int) -> Field:
    period = float(rng.uniform(7, 11))
    line = (_rows(h) % period) < 1.3
    return np.where(line, 0.0, 0.55 + 0.45 * smooth_noise(rng, h, w, 2.5, 26)).astype(np.float32)


def _slats(rng: Generator, h: int, w: int) -> Field:
    period = float(rng.uniform(6, 9))
    gap = ((_columns(w) % period) < period * 0.36) | (np.abs(_rows(h) % 22 - 4) < 1.5)
    return np.where(gap, 0.0, 1.0).astype(np.float32)


def _bricks(rng: Generator, h: int, w: int) -> Field:
    tall, wide = float(rng.uniform(6, 8)), float(rng.uniform(13, 16))
    course = _rows(h) // tall
    mortar = ((_rows(h) % tall) < 1.3) | (((_columns(w) + (course % 2) * wide / 2) % wide) < 1.3)
    return np.where(mortar, 1.0, 0.35 * smooth_noise(rng, h, w, 6, 12)).astype(np.float32)


def _slabs(rng: Generator, h: int, w: int) -> Field:
    side = float(rng.uniform(12, 16))
    joint = ((_rows(h) % (side * 0.6)) < 1.4) | ((_columns(w) + 0.5 * _rows(h)) % side < 1.4)
    return np.where(joint, 0.0, 0.65 + 0.35 * smooth_noise(rng, h, w, 9, 9)).astype(np.float32)


def _panes(rng: Generator, h: int, w: int) -> Field:
    tall, wide = float(rng.uniform(10, 14)), float(rng.uniform(9, 12))
    lit = ((_rows(h) % tall) > tall * 0.42) & ((_columns(w) % wide) > wide * 0.42)
    return np.where(lit, 1.0, 0.12 * smooth_noise(rng, h, w, 10, 10)).astype(np.float32)


def _folds(rng: Generator, h: int, w: int) -> Field:
    phase = 2.0 * smooth_noise(rng, h, w, 40, 14)
    return (0.5 + 0.5 * np.sin(_columns(w) * np.float32(rng.uniform(0.55, 0.8)) + phase)).astype(np.float32)


def _sleepers(rng: Generator, h: int, w: int) -> Field:
    period = float(rng.uniform(9, 12))
    beams = (_columns(w) + 0.4 * _rows(h)) % period < period * 0.42
    rails = np.abs(_rows(h) % 17 - 6) < 1.6
    return np.where(rails, 1.0, np.where(beams, 0.0, 0.45 + 0.15 * rng.random((h, w), dtype=np.float32))).astype(
        np.float32
    )


def _dashes(rng: Generator, h: int, w: int) -> Field:
    period = float(rng.uniform(20, 28))
    mark = (np.abs(_rows(h) % 26 - 15) < 1.8) & ((_columns(w) % period) < period * 0.6)
    return np.where(mark, 1.0, 0.25 * rng.random((h, w), dtype=np.float32)).astype(np.float32)


def _chevrons(rng: Generator, h: int, w: int) -> Field:
    mark = ((_columns(w) + np.abs(_rows(h) % 24 - 12)) % 18) < 6
    return np.where(mark, 1.0, 0.2 * rng.random((h, w), dtype=np.float32)).astype(np.float32)


def _spines(rng: Generator, h: int, w: int) -> Field:
    thick = 18.0
    board = (_rows(h) % thick) < 3
    spine = rng.random((int(h / thick) + 1, int(w / 4) + 1), dtype=np.float32)
    books = np.repeat(np.repeat(spine, int(thick), axis=0), 4, axis=1)[:h, :w]
    return np.where(board, 0.0, 0.25 + 0.75 * books).astype(np.float32)


def _panels(rng: Generator, h: int, w: int) -> Field:
    tall, wide = h / 2 if h > 30 else float(h), float(rng.uniform(18, 24))
    y, x = (
        np.minimum(_rows(h) % tall, tall - _rows(h) % tall),
        np.minimum(_columns(w) % wide, wide - _columns(w) % wide),
    )
    edge = np.minimum(y, x)
    frame = (edge > 2.5) & (edge < 4.5)
    return np.where((edge < 1) | frame, 0.0, 0.7 + 0.3 * smooth_noise(rng, h, w, 30, 3)).astype(np.float32)


def _pane(rng: Generator, h: int, w: int) -> Field:
    period = float(rng.uniform(20, 26))
    bar = ((_rows(h) % period) < 3.5) | ((_columns(w) % period) < 3.5)
    return np.where(bar, 1.0, 0.3 * _flat(rng, h, w)).astype(np.float32)


def _stripes(rng: Generator, h: int, w: int) -> Field:
    period = float(rng.uniform(12, 17))
    return np.where((_columns(w) + 0.25 * _rows(h)) % period > period / 2, np.float32(1), np.float32(0))


def _weave(rng: Generator, h: int, w: int) -> Field:
    period = float(rng.uniform(9, 12))
    diamond = (np.abs(_columns(w) % period - period / 2) + np.abs(_rows(h) % period - period / 2)) < period * 0.32
    return np.where(diamond, np.float32(1), np.float32(0))


def _tiles(rng: Generator, h: int, w: int) -> Field:
    side = float(rng.uniform(12, 15))
    joint = ((_rows(h) % side) < 1.3) | ((_columns(w) % side) < 1.3)
    return np.where(joint, 1.0, 0.2 * smooth_noise(rng, h, w, 20, 20)).astype(np.float32)


def _speckle(rng: Generator, h: int, w: int) -> Field:
    return (smooth_noise(rng, h, w, 2.2, 2.2) > 0.66).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Texture:
    """A field and the colour pairs (field 0, field 1) that an individual may have."""

    field: Callable[[Generator, int, int], Field]
    colours: tuple[tuple[RGB, RGB], ...]


TEXTURES: Mapping[str, Texture] = {
    "sky": Texture(_flat, (((70, 135, 220), (160, 205, 240)), ((95, 150, 205), (190, 215, 235)))),
    "sea": Texture(_waves, (((55, 115, 195), (140, 190, 225)), ((65, 130, 185), (150, 200, 220)))),
    "clouds": Texture(_soft, (((205, 212, 220), (250, 250, 252)), ((190, 196, 206), (240, 242, 246)))),
    "snow": Texture(_soft, (((212, 220, 232), (252, 252, 252)), ((200, 208, 222), (246, 248, 252)))),
    "sand": Texture(_grain, (((205, 175, 110), (245, 220, 160)), ((190, 160, 105), (235, 205, 150)))),
    "straw": Texture(_stalks, (((185, 145, 60), (245, 215, 130)), ((195, 160, 80), (240, 210, 145)))),
    "grass": Texture(_blades, (((45, 110, 35), (125, 190, 75)), ((70, 125, 40), (150, 190, 90)))),
    "ground": Texture(_grain, (((85, 55, 35), (150, 105, 70)), ((100, 65, 45), (140, 95, 65)))),
    "road": Texture(_dashes, (((62, 62, 66), (225, 222, 200)), ((80, 80, 84), (235, 235, 230)))),
    "runway": Texture(_chevrons, (((75, 78, 86), (235, 195, 50)), ((55, 58, 64), (225, 185, 60)))),
    "pavement": Texture(_slabs, (((110, 108, 105), (195, 190, 182)), ((120, 112, 108), (185, 178, 172)))),
    "railroad": Texture(_sleepers, (((70, 48, 35), (205, 208, 212)), ((80, 60, 50), (190, 192, 198)))),
    "mountain": Texture(_facets, (((85, 80, 110), (165, 160, 185)), ((95, 95, 115), (180, 175, 190)))),
    "rock": Texture(_cracks, (((50, 48, 45), (150, 142, 130)), ((60, 52, 48), (165, 148, 128)))),
    "tree": Texture(
        _leaves, (((15, 60, 25), (60, 125, 45)), ((25, 70, 20), (85, 140, 40)), ((95, 55, 15), (205, 120, 35)))
    ),
    "flower": Texture(
        _dots, (((50, 130, 45), (235, 60, 120)), ((55, 120, 45), (250, 225, 60)), ((45, 125, 55), (200, 90, 220)))
    ),
    "fence": Texture(_slats, (((75, 85, 60), (225, 220, 205)), ((60, 55, 40), (165, 115, 65)))),
    "building": Texture(
        _panes, (((120, 115, 125), (45, 60, 95)), ((170, 150, 125), (60, 70, 90)), ((95, 105, 120), (240, 225, 150)))
    ),
    "brick": Texture(_bricks, (((165, 65, 45), (215, 200, 185)), ((140, 50, 40), (195, 180, 170)))),
    "wall": Texture(
        _flat,
        (((225, 210, 180), (205, 188, 160)), ((190, 205, 190), (170, 185, 172)), ((215, 190, 195), (195, 172, 178))),
    ),
    "floor": Texture(_planks, (((85, 50, 25), (190, 130, 75)), ((105, 65, 40), (205, 150, 100)))),
    "ceiling": Texture(_tiles, (((238, 236, 230), (170, 168, 165)), ((228, 230, 232), (160, 164, 168)))),
    "rug": Texture(
        _weave, (((150, 30, 45), (235, 195, 120)), ((35, 55, 120), (220, 200, 160)), ((40, 100, 90), (230, 190, 150)))
    ),
    "curtain": Texture(
        _folds, (((110, 25, 50), (205, 80, 105)), ((30, 85, 90), (110, 180, 180)), ((150, 95, 20), (235, 190, 90)))
    ),
    "window": Texture(_pane, (((185, 225, 245), (245, 245, 240)), ((150, 195, 225), (120, 80, 50)))),
    "door": Texture(
        _panels, (((95, 55, 30), (165, 100, 55)), ((25, 85, 70), (60, 140, 115)), ((120, 25, 30), (185, 55, 55)))
    ),
    "cabinet": Texture(_panels, (((150, 145, 130), (235, 230, 215)), ((70, 95, 125), (130, 160, 190)))),
    "shelf": Texture(
        _spines, (((70, 40, 20), (230, 110, 90)), ((80, 55, 35), (110, 170, 220)), ((60, 40, 30), (230, 205, 110)))
    ),
    "counter": Texture(_speckle, (((90, 92, 98), (205, 205, 210)), ((60, 75, 70), (180, 200, 190)))),
    "tent": Texture(
        _stripes,
        (((235, 235, 230), (215, 60, 60)), ((240, 225, 180), (235, 130, 40)), ((235, 240, 240), (60, 110, 200))),
    ),
    "coral": Texture(
        _leaves, (((215, 60, 90), (255, 150, 130)), ((200, 80, 30), (255, 180, 90)), ((150, 50, 150), (235, 140, 210)))
    ),
    "ice": Texture(_facets, (((150, 205, 225), (235, 250, 255)), ((130, 200, 215), (220, 245, 250)))),
}


def paint_stuff(rng: Generator, name: str, height: int, width: int) -> NDArray[np.float32]:
    """A full image of the stuff called `name`: (height, width, 3) float32 on the 0..255 scale, colours jittered."""
    texture = TEXTURES[name]
    low, high = texture.colours[int(rng.integers(len(texture.colours)))]
    jitter = rng.normal(0, 7, (2, 3)).astype(np.float32)
    start, end = np.array(low, np.float32) + jitter[0], np.array(high, np.float32) + jitter[1]
    field = texture.field(rng, height, width)
    return np.asarray(start + field[..., None] * (end - start), dtype=np.float32)
