"""Train every weight of the miniature, in order, by the project's own trainers.

    python baselines/train_miniature.py --fresh             # the shipped folder, as `make miniature-weights` does
    python baselines/train_miniature.py --out seed1 --seed 1

CLIP comes first, on all cores, in two parts (the first, in the folder ``base``, is removed at the end). The others are
small, so each runs on one thread and several run side by side: CLIPSeg and CoSeg's mask decoder, then prefix and xatten
by both recipes. What is finished is kept, so a second start goes on where the first one stopped; ``--fresh``
begins by removing it. ``chain.json`` then holds the time that all of it took, start to finish.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

DATASET = "miniature-coco-stuff"
STAGES: tuple[tuple[tuple[str, str], ...], ...] = (
    (("clip", "base"),),
    (("clip", "miniature"),),
    (("coseg-decoder", "miniature"), ("clipseg", "miniature")),
    (
        ("coseg-prefix", "miniature"),
        ("coseg-xatten", "miniature"),
        ("coseg-prefix", "paper"),
        ("coseg-xatten", "paper"),
    ),
)
"""(predictor, recipe) in the order of what needs what."""


def main() -> int:
    """Run the stages; 0 when every weight is there."""
    options = _arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.fresh:
        for path in (*options.out.glob("*.safetensors"), *options.out.glob("*.state"), options.out / "chain.json"):
            path.unlink(missing_ok=True)
        shutil.rmtree(options.out / "base", ignore_errors=True)
    started = time.monotonic()
    untouched = not any([*options.out.rglob("*.safetensors"), *options.out.rglob("*.state")])
    for stage in STAGES:
        threads = options.cores if len(stage) == 1 else 1
        waiting = [job for job in stage if not _finished(options.out, *job)]
        if stage == STAGES[0] and _finished(options.out, *STAGES[1][0]):
            waiting = []
        failed = _run(waiting, options, threads)
        if failed:
            sys.stderr.write(f"failed: {', '.join(failed)}; see the .log files in {options.out}\n")
            return 1
    for log in options.out.glob("*.log"):
        log.unlink()
    shutil.rmtree(options.out / "base", ignore_errors=True)
    minutes = (time.monotonic() - started) / 60
    if untouched:  # else this is not the time of the whole
        about = {"wall_minutes": round(minutes, 1), "cores": options.cores, "seed": options.seed}
        (options.out / "chain.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    sys.stderr.write(f"all miniature weights are in {options.out} after {minutes:.1f} minutes\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shipped = Path(__file__).resolve().parent / "cosegbench_baselines" / "weights" / "miniature"
    parser.add_argument("--out", type=Path, default=shipped, help="folder of the weights [the shipped one]")
    parser.add_argument(
        "--data-root", type=Path, default=None, help="miniature data root [drawn into the user's cache]"
    )
    parser.add_argument("--seed", type=int, default=0, help="of every training [0]")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="cores to use [all]")
    parser.add_argument("--fresh", action="store_true", help="remove finished weights first")
    return parser.parse_args()


def _name(predictor: str, recipe: str) -> str:
    if (predictor, recipe) == ("clip", "base"):
        return "base/clip"
    return f"{predictor}.{recipe}" if predictor in ("coseg-prefix", "coseg-xatten") else predictor


def _finished(out: Path, predictor: str, recipe: str) -> bool:
    name = _name(predictor, recipe)
    return (out / f"{name}.safetensors").is_file() and (out / f"{name}.json").is_file()


def _command(options: argparse.Namespace, predictor: str, recipe: str, threads: int) -> list[str]:
    command = [sys.executable, "-m", "cosegbench", "train", "--predictor", predictor, "--recipe", recipe]
    if predictor.startswith("coseg-"):
        command += ["--dataset", DATASET]
    if options.data_root is not None:
        command += ["--data-root", str(options.data_root)]
    return [
        *command,
        "--out",
        str(options.out / "base" if recipe == "base" else options.out),
        "--seed",
        str(options.seed),
        "--threads",
        str(threads),
    ]


def _run(jobs: list[tuple[str, str]], options: argparse.Namespace, threads: int) -> list[str]:
    """Run jobs side by side, as many as there are cores; the names of those that failed."""
    waiting, running, failed = list(jobs), dict[str, subprocess.Popen[bytes]](), list[str]()
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    while waiting or running:
        while waiting and len(running) * threads < options.cores:
            job = waiting.pop(0)
            name = _name(*job)
            sys.stderr.write(f"{time.strftime('%H:%M:%S')} {name}\n")
            with (options.out / f"{name.replace('/', '-')}.log").open("wb") as log:
                command = _command(options, *job, threads)
                running[name] = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
        for name, process in list(running.items()):
            if process.poll() is not None:
                del running[name]
                failed += [name] if process.returncode else []
        time.sleep(0.5)
    return failed


if __name__ == "__main__":
    sys.exit(main())
