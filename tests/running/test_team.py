from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosegbench.errors import RequestError
from cosegbench.running.batches import plan
from cosegbench.running.request import RunRequest
from cosegbench.running.runner import run
from cosegbench.running.team import ALONE, Team, launched
from running.support import World

TORCHRUN = {
    "RANK": "5",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4",
    "TORCHELASTIC_RUN_ID": "a",
    "MASTER_ADDR": "b",
    "MASTER_PORT": "1",
}


@given(
    images=st.integers(0, 60),
    batch_size=st.integers(1, 9),
    processes=st.integers(1, 12),
    done=st.sets(st.integers(0, 60)),
)
def test_the_shares_of_any_number_of_processes_are_the_batches_that_are_left_each_once(
    images: int, batch_size: int, processes: int, done: set[int]
) -> None:
    batches = plan([f"image_{number}" for number in range(images)], batch_size)
    left = [batch for batch in batches if batch.index not in done]

    shares = [Team(process, processes).share(left) for process in range(processes)]

    together = [batch for share in shares for batch in share]
    assert sorted(together, key=lambda batch: batch.index) == left
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_without_a_launcher_a_process_is_alone() -> None:
    assert launched(None, None, 5.0, {"RANK": "3"}) == ALONE


def test_torchruns_variables_say_which_process_this_is() -> None:
    team = launched(None, None, 5.0, TORCHRUN)

    assert team == Team(5, 8, local=1, beside=4, launch="a/b/1//", patience=5.0)
    assert not team.leads


def test_options_outdo_the_launcher_and_say_it_where_there_is_none() -> None:
    assert launched(0, 2, 5.0, {}) == Team(0, 2, launch="////", patience=5.0)
    assert (launched(1, 2, 5.0, TORCHRUN).process, launched(1, 2, 5.0, TORCHRUN).processes) == (1, 2)


@pytest.mark.parametrize(
    ("process", "processes", "environment", "said"),
    [
        (0, None, {}, "belong together"),
        (None, 2, {}, "belong together"),
        (2, 2, {}, "numbered from 0 to 1"),
        (None, None, {"RANK": "x", "WORLD_SIZE": "2"}, "RANK is 'x'"),
        (None, None, {"RANK": "0", "WORLD_SIZE": "0"}, "process 0 of 0"),
    ],
)
def test_a_number_that_is_none_of_the_processes_is_refused(
    process: int | None, processes: int | None, environment: dict[str, str], said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        launched(process, processes, 5.0, environment)


def test_processes_of_one_machine_share_its_cores_by_default() -> None:
    alone = Team().threads

    assert Team(0, 2, beside=2).threads == max(1, alone // 2)
    assert Team(0, 1000, beside=1000).threads == 1


def test_masks_are_saved_by_one_process_only(world: World, tmp_path: object) -> None:
    request: RunRequest = world.request(save_predictions=world.root / "out", save="soft", team=Team(0, 2))
    with pytest.raises(RequestError, match="for one process"):
        run(request)
