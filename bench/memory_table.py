#!/usr/bin/env python3
"""Planned memory beside measured, and every plan held under a hard cap: the table of docs/benchmarks.md.

Each row is two processes of bench_memory: one that is measured (the arena, how far it was written, the process's own peak), one that
lives in a memory cgroup of the planned total plus the slack and would be killed for a byte more (as root only).
"""
import argparse
import glob
import itertools
import json
import os
import subprocess
import sys
import time

CAPS = ("/sys/fs/cgroup/memory/brim-*", "/sys/fs/cgroup/brim-*")


def run(options, setting, cap):
    command = [options.program, *map(str, setting)] + (["--cap", str(options.slack)] if cap else [])
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env=dict(os.environ, OMP_WAIT_POLICY="passive", OMP_NUM_THREADS=str(options.threads)))
    for folder in itertools.chain.from_iterable(map(glob.glob, CAPS)):
        try:
            os.rmdir(folder)
        except OSError:
            pass  # another's, or not empty yet
    if done.returncode:
        return None, done.stderr.strip() or f"ended by signal {-done.returncode}"
    return json.loads(done.stdout), ""


def row(options, setting):
    measured, why = run(options, setting, cap=False)
    if measured is None:
        return [*setting, why], False
    capped, why = run(options, setting, cap=True) if options.cap else (None, "not tried")
    share = measured["peak_bytes"] / measured["planned_bytes"]
    unwritten = measured["arena_bytes"] - measured["written_bytes"]
    # What lies last must have been used, if not to its end: pads of a layout, and what a library asked for and left.
    used = measured["last_start_bytes"] < measured["written_bytes"] <= measured["arena_bytes"]
    exact = used and measured["plan_arena_bytes"] == measured["arena_bytes"]
    good = exact and abs(share - 1) <= options.slack and (capped is not None or not options.cap)
    mib = [f"{measured[key] / 2**20:.1f}" for key in ("plan_arena_bytes", "planned_bytes", "peak_bytes")]
    return [*setting, *mib, f"yes, -{unwritten}" if exact else "NO", f"{100 * (share - 1):+.2f} %",
            "trains" if capped else why], good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="yolov5n,yolov5s,yolov5m")
    parser.add_argument("--imgsz", default="320,640")
    parser.add_argument("--batch-sizes", default="1,2,4,8,16")
    parser.add_argument("--precisions", default="fp32,amp")
    parser.add_argument("--recompute", default="nothing,activations,inside,blocks")
    parser.add_argument("--slack", type=float, default=0.03, help="how far the peak may be from the plan (0.03)")
    parser.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--program", default="build/release/bench/bench_memory")
    options = parser.parse_args()
    options.cap = os.geteuid() == 0
    if not os.access(options.program, os.X_OK):
        sys.exit(f"{options.program} is not there; ./run build makes it")
    heads = ["model", "px", "batch", "precision", "recompute", "arena, MiB", "planned in all, MiB",
             "process's peak, MiB", "arena as planned, written up to", "peak to plan", f"under a cap of plan + {100 * options.slack:g} %"]
    print(f"{time.strftime('%Y-%m-%d')}, {options.threads} threads.\n")
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    lists = (options.models, options.imgsz, options.batch_sizes, options.precisions, options.recompute)
    bad = count = 0
    for setting in itertools.product(*(words.split(",") for words in lists)):
        cells, good = row(options, setting)
        bad, count = bad + (not good), count + 1
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    print(f"\n{count} plans, {bad} of them wrong.")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
