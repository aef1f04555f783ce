"""Images a second of the three predictors, against CLIPSeg with the image repeated, and the share of time in the model.

On a GPU: ``python tests/benchmarks/gpu_throughput.py``; for bf16 add ``--precision bf16``. To see that it works without
one: ``python tests/benchmarks/gpu_throughput.py --device cpu --size small --images 4 --batch-size 2``;
what that prints is no figure.
Weights are random, photographs are 500x375 in PASCAL VOC's layout. Where there is no such device it says so and exits
with 2.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
REPOSITORY = FOLDER.parents[1]
sys.path[:0] = [str(FOLDER), str(FOLDER.parent), str(REPOSITORY / "baselines"), str(REPOSITORY)]

import torch  # noqa: E402  # after the path of the checkout, so that the script runs as it lies
from baselines.exact.reference import pixels_of, tokens_of  # noqa: E402
from full_size import SIZES, in_turns, photograph, write_models, write_voc  # noqa: E402

from cosegbench import Vocabulary  # noqa: E402
from cosegbench.cards import load_card  # noqa: E402
from cosegbench.errors import RequestError  # noqa: E402
from cosegbench.records import read_record  # noqa: E402
from cosegbench.registry import resolve_predictor  # noqa: E402
from cosegbench.running.building import Recipe  # noqa: E402
from cosegbench.running.request import RunRequest, Tick  # noqa: E402
from cosegbench.running.runner import run  # noqa: E402
from cosegbench.text import AUTHORS_TEMPLATE, TextRule  # noqa: E402
from cosegbench_baselines.devices import check_device  # noqa: E402
from cosegbench_baselines.precision import check_precision, computing, store  # noqa: E402

LABELS = 20
ROUNDS = 3
PREDICTORS = {
    "coseg-prefix": ("prefix.safetensors", ()),
    "coseg-xatten": ("xatten.safetensors", ()),
    "coseg-no-training, authors": ("clipseg", ("variant=authors",)),
    "coseg-no-training, paper": ("clipseg", ("variant=paper",)),
}


def main() -> int:
    """Measure, print one line a figure."""
    asked = _arguments()
    try:
        check_device(asked.device)
        check_precision(asked.precision, asked.device)
    except RequestError as error:
        sys.stderr.write(f"nothing was measured: {error}\n")
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_models(folder, asked.size)
        write_voc(folder / "data", asked.images)
        say(f"{_device(asked.device)}, {asked.precision}, sizes {asked.size}, batches of {asked.batch_size}")
        peer = _peer_rate(folder, asked)
        say(f"CLIPSegForImageSegmentation, image {LABELS} times: {peer:.2f} images/s")
        for title in PREDICTORS:
            _measure(title, folder, asked, peer)
    return 0


def say(line: str) -> None:
    """One line of the result."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="torch device [cuda]")
    parser.add_argument("--precision", default="float32", help="float32 or bf16 [float32]")
    parser.add_argument("--size", choices=sorted(SIZES), default="b16", help="sizes of the networks [b16]")
    parser.add_argument("--images", type=int, default=256, help="photographs of a run [256]")
    parser.add_argument("--batch-size", type=int, default=8, help="images a call [8]")
    return parser.parse_args()


def _device(name: str) -> str:
    return torch.cuda.get_device_name(name) if torch.device(name).type == "cuda" else name


def _wait(device: str) -> Callable[[], None]:
    """Waits until the device has done what it was given."""
    kind = torch.device(device).type
    return torch.cuda.synchronize if kind == "cuda" else lambda: None


def _settings(title: str, folder: Path, asked: argparse.Namespace) -> tuple[str, ...]:
    more = (f"clip={folder / 'clip'}",) if "training" in title else ()
    return (*PREDICTORS[title][1], *more, f"precision={asked.precision}")


def _peer_rate(folder: Path, asked: argparse.Namespace) -> float:
    """Images a second of the obvious way: one call with the image once a label, its inputs made before."""
    from transformers import CLIPSegForImageSegmentation

    weights = folder / "clipseg"
    model = CLIPSegForImageSegmentation.from_pretrained(weights, dtype=torch.float32).eval().to(asked.device)
    store(model, asked.precision)
    names = load_card("voc20").vocabulary().names[:LABELS]
    tokens = tokens_of(weights, TextRule(AUTHORS_TEMPLATE).sentences(names)).to(asked.device)
    images = pixels_of(weights, photograph(0)).repeat(LABELS, 1, 1, 1).to(asked.device)

    @torch.no_grad()
    def call() -> None:
        with computing(asked.precision, asked.device):
            model(pixel_values=images, **tokens).logits.float().sigmoid()

    call()
    [seconds] = in_turns([call], ROUNDS, _wait(asked.device))
    return 1 / seconds


def _measure(title: str, folder: Path, asked: argparse.Namespace, peer: float) -> None:
    """The predictor alone, the share of it in which the device computes, and a whole run."""
    weights = str(folder / PREDICTORS[title][0])
    entry = resolve_predictor(title.split(",", maxsplit=1)[0])
    settings = _settings(title, folder, asked)
    predictor = Recipe(entry, settings, weights, asked.device).build("real")
    vocabulary: Vocabulary = load_card("voc20").vocabulary()
    predictor.prepare(vocabulary, TextRule(AUTHORS_TEMPLATE))
    pictures = [photograph(place) for place in range(asked.batch_size)]

    def predict() -> None:
        predictor.predict(pictures)

    predict()
    [seconds] = in_turns([predict], ROUNDS, _wait(asked.device))
    busy = _busy(predict, asked.device)
    share = "" if busy is None else f", the GPU computes for {100 * busy:.0f} % of it"
    rate = asked.batch_size / seconds
    say(f"{title}: predict alone {rate:.1f} images/s, {rate / peer:.1f} x the peer{share}")
    for protocol in ("standard", "coseg-authors"):
        request = RunRequest(
            entry.id,
            (folder / "data/voc20.toml",),
            protocols=(protocol,),
            settings=settings,
            weights=weights,
            device=asked.device,
            data_root=folder / "data",
            results=folder / "results",
            batch_size=asked.batch_size,
            fresh=True,
        )
        say(f"{title}: run under {protocol} {_run(request, asked, peer)}")


def _run(request: RunRequest, asked: argparse.Namespace, peer: float) -> str:
    """A whole run; its first batch, in which memory is got, is left out of the rate."""
    ticks = Ticks()
    [record] = run(request, ticks)
    timing = read_record(record).timing
    assert timing is not None
    after = asked.images - asked.batch_size
    rate = after / (ticks.times[-1] - ticks.times[0]) if after > 0 else float("nan")
    inside = 100 * timing.predictor_seconds / timing.seconds
    return f"{rate:.1f} images/s, {rate / peer:.1f} x the peer; {inside:.0f} % of the pass inside predict"


class Ticks:
    """A reporter that keeps when each batch was done."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def remark(self, line: str) -> None:
        """Nobody is told."""

    @contextmanager
    def progress(self, title: str, total: int, done: int) -> Iterator[Tick]:
        """Takes the time of each batch."""
        yield lambda _: self.times.append(time.perf_counter())


def _busy(work: Callable[[], object], device: str) -> float | None:
    """Share of the wall time in which at least one kernel or copy runs on the GPU; None where there is none."""
    if torch.device(device).type != "cuda":
        return None
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        wall = time.perf_counter() - start
    spans = [
        (event.time_range.start, event.time_range.end)
        for event in profiler.events()
        if event.device_type == torch.autograd.DeviceType.CUDA
    ]
    return covered(spans) / 1e6 / wall


def covered(spans: Sequence[tuple[float, float]]) -> float:
    """Length of the union of intervals: kernels of two streams count once."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


if __name__ == "__main__":
    raise SystemExit(main())
