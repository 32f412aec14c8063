#!/usr/bin/env python3
"""Planned memory of a card beside measured: by cuMemGetInfo, as `brim bench` has it, and by NVML.

Each row is a process of its own that trains a model on random pictures. What card_memory.py says of NVML holds for that column:
where something else uses the card it says so much too much.
"""
import argparse
import json
import subprocess
import sys
import time

import card_memory


def bench(options, model, precision, batch):
    """The row of `brim bench`, or why there is none."""
    command = [options.program, "bench", model, "--training", "--device", options.device, "--precision", precision, "--imgsz",
               str(options.imgsz), "--batch-sizes", str(batch), "--steps", "3", "--warmup", "2", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    return json.loads(done.stdout)["rows"][0], ""


def row(options, model, precision, batch):
    with card_memory.Watch(card_memory.Card(int(options.device.removeprefix("cuda:")))) as watch:
        got, why = bench(options, model, precision, batch)
    if got is None:
        return [model, precision, batch, why], False
    planned, measured = got["process_planned_bytes"], got["process_measured_bytes"]
    if measured is None:
        return [model, precision, batch, got["verdict"]], True
    off = measured / planned - 1
    mib = [f"{value / 2**20:.1f}" if value else "unknown"
           for value in (got["arena_planned_bytes"], planned, measured, watch.taken_bytes)]
    # More than planned is what the plan promises not to happen.
    return [model, precision, batch, *mib, f"{100 * off:+.2f} %"], measured <= planned and -off <= options.slack


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="yolov5n,yolov5s,yolov5m")
    parser.add_argument("--batch-sizes", default="4,16,64")
    parser.add_argument("--precisions", default="amp,fp32")
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--device", default="0")
    parser.add_argument("--slack", type=float, default=0.03, help="how far below the plan a run may stay (0.03)")
    parser.add_argument("--seconds", type=float, default=3600, help="no row is begun after so many (3600)")
    parser.add_argument("--program", default="build/release/brim")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    rows = [(model, precision, int(batch)) for model in options.models.split(",")
            for precision in options.precisions.split(",") for batch in options.batch_sizes.split(",")]
    passed = failed = 0
    print("| model | precision | batch | arena MiB | planned MiB | by cuMemGetInfo | by NVML | off |\n|---|---|---|---|---|---|---|---|")
    for model, precision, batch in rows:
        if time.monotonic() >= end:
            break
        cells, good = row(options, model, precision, batch)
        passed, failed = passed + good, failed + (not good)
        print("| " + " | ".join(map(str, cells)) + ("" if good else " **bad**") + " |", flush=True)
    print(f"{passed} passed, {failed} failed, {len(rows) - passed - failed} left out")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
