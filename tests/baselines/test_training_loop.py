"""The loop itself, on a regression that takes milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from baselines.training_support import arguments
from cosegbench import TrainRequest
from cosegbench.cli import main
from cosegbench.errors import DataError, RequestError
from cosegbench_baselines.mask_decoder import MaskDecoder
from cosegbench_baselines.training.loop import Losses, WholeBatch, fit
from cosegbench_baselines.training.parts import Part, step_rng
from cosegbench_baselines.training.places import Places
from cosegbench_baselines.training.run import Run, identity_of
from cosegbench_baselines.training.schedule import Schedule
from cosegbench_baselines.training.state import Progress, save_state

SCHEDULE = Schedule(steps=30, batch=16, lr=1e-2, warmup=5, weight_decay=0.1, clip_norm=1.0, save_every=10)


def regression(seed: int) -> tuple[torch.nn.Module, WholeBatch]:
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))

    def losses(_: int, rng: np.random.Generator) -> Losses:
        x = torch.from_numpy(rng.normal(size=(16, 4)).astype(np.float32))
        return {"total": (model(x) - x.sum(1, keepdim=True)).square().mean()}

    return model, WholeBatch(losses)


def run_at(
    stem: Path, schedule: Schedule = SCHEDULE, seed: int = 5, log: Callable[[str], None] = lambda _: None
) -> Run:
    request = TrainRequest(stem.parent, stem.parent, seed=seed, log=log)
    return Run(request, "regression", schedule, Places(stem), identity_of("regression", seed, schedule))


def test_a_resumed_training_ends_with_the_weights_and_the_curve_of_an_undisturbed_one(tmp_path: Path) -> None:
    whole, work = regression(0)
    fit(whole, work, run_at(tmp_path / "whole"))
    broken, work = regression(0)
    fit(broken, work, replace(run_at(tmp_path / "broken"), stop_at=25))
    resumed, work = regression(99)
    said: list[str] = []
    fit(resumed, work, run_at(tmp_path / "broken", log=said.append))
    assert any("goes on at step 25 of 30" in line for line in said)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    curves = [(tmp_path / f"{name}.csv").read_text().splitlines() for name in ("whole", "broken")]
    losses = [[(row.split(",")[0], row.split(",")[-1]) for row in curve] for curve in curves]
    assert losses[0] == losses[1]


def test_a_state_of_another_training_is_refused_and_kept(tmp_path: Path) -> None:
    model, work = regression(0)
    fit(model, work, replace(run_at(tmp_path / "s"), stop_at=5))
    before = (tmp_path / "s.state").read_bytes()
    with pytest.raises(RequestError, match=r"another training.*--fresh"):
        fit(model, work, run_at(tmp_path / "s", seed=6))
    assert (tmp_path / "s.state").read_bytes() == before


def test_a_temporary_file_of_a_killed_process_is_removed_at_the_next_start(tmp_path: Path) -> None:
    model, work = regression(0)
    fit(model, work, replace(run_at(tmp_path / "s"), stop_at=5))
    (tmp_path / ".s.state.abc.part").write_bytes(b"half")
    fit(model, work, run_at(tmp_path / "s"))
    assert not list(tmp_path.glob("*.part"))


def test_a_state_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, work = regression(0)
    run = run_at(tmp_path / "s")
    fit(model, work, replace(run, stop_at=5))
    before = (tmp_path / "s.state").read_bytes()

    def breaks(data: object, stream: object) -> None:
        stream.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", breaks)
    with pytest.raises(OSError, match="space"):
        save_state(run, model, torch.optim.AdamW(model.parameters()), Progress(6, [{"step": "6"}]))
    assert (tmp_path / "s.state").read_bytes() == before


def test_the_learning_rate_warms_up_and_falls_to_its_minimum() -> None:
    schedule = Schedule(steps=100, batch=1, lr=1e-3, min_lr=1e-6, warmup=10)
    rates = [schedule.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(1e-4)
    assert max(rates) == pytest.approx(1e-3)
    assert rates[-1] == pytest.approx(1e-6)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_a_stepping_rate_is_multiplied_at_every_step_of_it() -> None:
    schedule = Schedule(steps=100, batch=1, lr=1e-4, decay="step", decay_factor=0.7, decay_every=10)
    rates = [schedule.rate(step) for step in range(100)]
    assert rates[0] == rates[9] == pytest.approx(1e-4)
    assert rates[10] == rates[19] == pytest.approx(0.7e-4)
    assert rates[99] == pytest.approx(0.7**9 * 1e-4)


def test_a_loss_that_is_not_finite_stops_the_training(tmp_path: Path) -> None:
    model, _ = regression(0)
    work = WholeBatch(lambda *_: {"total": next(model.parameters()).sum() * float("nan")})
    with pytest.raises(DataError, match="step 0"):
        fit(model, work, run_at(tmp_path / "s"))


@pytest.mark.parametrize("name", ["batch", "parts", "save_every", "log_every"])
def test_numbers_too_small_to_train_with_are_refused(name: str) -> None:
    with pytest.raises(RequestError, match=f"{name} is 0; give 1 or more"):
        replace(SCHEDULE, **{name: 0})


def test_parts_that_do_not_divide_the_batch_are_refused() -> None:
    replace(SCHEDULE, parts=4).check_parts(1000)
    with pytest.raises(RequestError, match="3 and does not divide the batch of 16"):
        replace(SCHEDULE, parts=3).check_parts(1000)
    with pytest.raises(RequestError, match="4 and does not divide the batch of 6"):
        replace(SCHEDULE, parts=4).check_parts(6)  # there are no more pictures


@dataclass
class Averages:
    """A loss with a mean over masks, of which each row has a number of its own."""

    model: torch.nn.Module
    rows: torch.Tensor
    masks: torch.Tensor

    def draw(self, part: Part) -> tuple[list[int], int]:
        mine = part.slice(list(range(len(self.rows))))
        return mine, int(self.masks[mine].sum())

    def losses(self, mine: list[int], share: float) -> Losses:
        each = self.model(self.rows[mine]).squeeze(1)
        weights = self.masks[mine].float()
        by_mask = (each * weights).sum() / weights.sum().clamp(min=1)
        return {"total": each.square().mean() + by_mask * share, "dice": by_mask.detach() * share}


@pytest.mark.parametrize("parts", [2, 4])
def test_parts_add_up_to_the_loss_and_the_weights_of_the_whole_batch(tmp_path: Path, parts: int) -> None:
    rows, masks = torch.randn(8, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 0, 3, 1, 0, 0, 2, 7])
    found, curves = [], []
    for count in (1, parts):
        torch.manual_seed(3)
        model = torch.nn.Linear(4, 1)
        schedule = Schedule(steps=5, batch=8, lr=1e-2, parts=count, log_every=1)
        fit(model, Averages(model, rows, masks), run_at(tmp_path / str(count), schedule))
        found.append(model.weight.detach())
        curves.append(np.genfromtxt(tmp_path / f"{count}.csv", delimiter=",", skip_header=1)[:, 4:])
    torch.testing.assert_close(found[0], found[1], atol=1e-6, rtol=0)
    np.testing.assert_allclose(curves[0], curves[1], atol=1e-6)


def test_what_is_random_in_a_part_depends_on_seed_step_and_part_alone() -> None:
    streams = [step_rng(1, 2), *(Part(1, 2, index, 4).rng() for index in range(4)), Part(1, 3, 0, 4).rng()]
    assert len({float(stream.random()) for stream in streams}) == 6
    seeds = {Part(1, 2, index, 4).torch_seed(phase) for index in range(4) for phase in (0, 1)}
    assert len(seeds) == 8
    # as a stream of its own, what is drawn for the part first is not one of torch's seeds
    assert not seeds & {int(Part(1, 2, index, 4).rng().integers(2**62)) for index in range(4)}
    assert Part(1, 2, 3, 4).torch_seed(1) == Part(1, 2, 3, 4).torch_seed(1)


def test_a_step_asks_the_mask_decoder_once_for_all_queries(
    root: Path, clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    inner = MaskDecoder.forward

    def counted(self: MaskDecoder, taps: Any, tokens: torch.Tensor) -> torch.Tensor:
        asked.append((tokens.shape[0], tokens.shape[1]))
        return inner(self, taps, tokens)

    monkeypatch.setattr(MaskDecoder, "forward", counted)
    result = CliRunner().invoke(main, arguments(root, clip_folder, tmp_path, steps=2, batch=4, queries=5))
    assert result.exit_code == 0, result.output
    assert asked == [(4, 5), (4, 5)]


def test_the_parts_of_a_batch_are_all_of_it_once() -> None:
    places = [5, 3, 8, 1, 9, 2]
    assert [place for index in range(3) for place in Part(0, 0, index, 3).slice(places)] == places
