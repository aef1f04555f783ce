"""One process or several under ``torchrun``: who computes which parts, and how sums become common."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace

import torch
from torch import distributed, nn

from cosegbench.errors import RequestError
from cosegbench.training import TrainRequest, silent
from cosegbench_baselines.devices import check_device


class UnevenError(RequestError):
    """The parts cannot be shared out evenly, which every process finds alike."""


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of one training.

    Args:
        rank: of this one, from 0; only 0 writes files and logs.
        world: how many there are.
        device: torch device of this one.
    """

    rank: int = 0
    world: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def mine(self, parts: int) -> range:
        """The parts that this process computes.

        Raises:
            UnevenError: the processes cannot share the parts out evenly.
        """
        if parts % self.world:
            shares = "1 part" if parts == 1 else f"{parts} parts"
            raise UnevenError(
                f"{self.world} processes cannot share {shares} of a batch. Give --set parts=N, a multiple of "
                f"{self.world} that divides the batch; one process with the same parts computes the same training."
            )
        each = parts // self.world
        return range(self.rank * each, (self.rank + 1) * each)

    def wrap(self, module: nn.Module) -> nn.Module:
        """``module`` with gradients averaged over the processes, and the first one's weights everywhere."""
        if self.world == 1:
            return module
        return nn.parallel.DistributedDataParallel(module)

    def sums(self, values: torch.Tensor) -> torch.Tensor:
        """``values`` added up over the processes, in place."""
        if self.world > 1:
            distributed.all_reduce(values)
        return values

    def wait(self) -> None:
        """Until every process is here."""
        if self.world > 1:
            self.sums(torch.zeros(1, device=self.device))

    def check_same(self, number: int, what: str) -> None:
        """Refuse where the processes disagree.

        Raises:
            RequestError: another process has another number.
        """
        if self.world == 1:
            return
        every = [torch.zeros(1, dtype=torch.long, device=self.device) for _ in range(self.world)]
        distributed.all_gather(every, torch.tensor([number], device=self.device))
        found = [int(each) for each in every]
        if len(set(found)) > 1:
            raise RequestError(
                f"the processes found different {what}: {found}. --out must be a folder that all of them see."
            )


ALONE = Processes()


def unsynchronised(module: nn.Module) -> AbstractContextManager[None]:
    """For every part of a process but its last: gradients are added up here before they are averaged once."""
    if isinstance(module, nn.parallel.DistributedDataParallel):
        return module.no_sync()
    return nullcontext()


def _own_gpu() -> str:
    """The GPU of this process's number on its machine.

    Raises:
        RequestError: there are fewer than processes.
    """
    own, started, there = _number("LOCAL_RANK", 0), _number("LOCAL_WORLD_SIZE", 1), torch.cuda.device_count()
    if max(own + 1, started) > there:
        raise RequestError(
            f"--device cuda takes a GPU for each process: {max(own + 1, started)} processes were started on this "
            f"machine, where torch finds {there}. Start as many as there are GPUs, or give --device cpu."
        )
    return f"cuda:{own}"


def _number(variable: str, default: int) -> int:
    """What ``torchrun`` told this process."""
    return int(os.environ.get(variable, default))


@contextmanager
def joined(request: TrainRequest) -> Iterator[tuple[TrainRequest, Processes]]:
    """The processes that ``torchrun`` started, or this one alone; and the request as this process should take it.

    With ``--device cuda`` each process takes the GPU of its own number.

    Raises:
        RequestError: several processes, and this build of torch cannot connect them, or this machine has no GPU for
            each; or they cannot share the parts, which the first one says and the others leave quietly.
    """
    world, rank = _number("WORLD_SIZE", 1), _number("RANK", 0)
    if world == 1:
        yield request, Processes(device=request.device)
        return
    device = _own_gpu() if request.device == "cuda" else request.device
    check_device(device)
    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    backend = "nccl" if device.startswith("cuda") else "gloo"
    if not distributed.is_available() or not distributed.is_backend_available(backend):
        raise RequestError(f"{world} processes need torch with the backend {backend}, which this build lacks.")
    distributed.init_process_group(backend)
    try:
        own = replace(request, device=device, log=request.log if rank == 0 else silent)
        yield own, Processes(rank, world, device)
    except UnevenError as error:
        distributed.barrier()  # torchrun ends all as soon as one has ended: none leaves before the first can speak
        if rank:
            raise SystemExit(error.exit_code) from None
        raise
    finally:
        distributed.destroy_process_group()
