#!/usr/bin/env python3
"""All that is to be measured of brim on a card, in one Markdown file: speed and memory beside PyTorch's, plans beside what
they took, and what each kind of op reaches. It keeps to --seconds, and says what there was no time for.

    ./run bench-gpu                  yolov5n, s, m, l and x at 640 px, within nine minutes
    ./run bench-gpu n,s --seconds 240
"""
import argparse
import itertools
import json
import subprocess
import sys

import card_memory
import gpu_side_by_side as side

# Of the time: the side by side may take up to here, the table of plans up to there, the ops the rest.
SIDE_SHARE, PLANS_SHARE = 0.55, 0.70


def plan_rows(options, card, clock, found):
    """Those of the side by side, then other batches, both precisions."""
    for model, results in found.items():
        for result in results["brim"][:1]:
            yield plan_row(model, options.batch, options.precision, result, None)
    for model, batch, precision in itertools.product(found, map(int, options.plan_batches.split(",")), ("amp", "fp32")):
        if (batch, precision) == (options.batch, options.precision):
            continue
        if not clock.has_room("plan"):
            yield plan_row(model, batch, precision, None, "no time was left")
            continue
        left = clock.left()
        result, why = side.run(side.brim_command(options, model, batch, 2, precision), card, left)
        clock.took["plan"] = left - clock.left()
        yield plan_row(model, batch, precision, result, why)


def plan_row(model, batch, precision, result, why):
    if not result:
        return f"| yolov5{model} | {batch} | {precision} | {why} | | | | |"
    planned, taken, seen = (result.get(key) for key in ("planned_bytes", "taken_bytes", "nvml_bytes"))
    by_nvml = f"{100 * (seen / planned - 1):+.2f} %" if seen else "-"
    cells = [f"yolov5{model}", str(batch), precision, side.mib(result["arena_bytes"]), side.mib(planned),
             f"{side.mib(taken)} ({100 * (taken / planned - 1):+.2f} %)", side.mib(seen), by_nvml]
    return "| " + " | ".join(cells) + " |"


def plans(options, card, clock, found):
    heads = ["model", "batch", "precision", "arena, MiB", "planned in all, MiB", "taken, by the driver (to the plan)",
             "taken, by NVML", "to the plan"]
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *plan_rows(options, card, clock, found)])


def ops(options, clock):
    """bench_card's tables, a model each."""
    for model in options.models.split(","):
        command = [options.ops, f"yolov5{model}", str(options.imgsz), str(options.batch), options.precision,
                   str(options.card), *(["--quick"] if options.quick else [])]
        if not clock.has_room("ops"):
            yield f"### yolov5{model}\n\nNo time was left."
            continue
        left = clock.left()
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=max(left, 1))
            yield done.stdout.strip() if done.returncode == 0 else f"### yolov5{model}\n\n{done.stderr.strip()}"
        except subprocess.TimeoutExpired:
            yield f"### yolov5{model}\n\nNo time was left."
        clock.took["ops"] = left - clock.left()


def write(options, sections, found):
    """Anew after each section, so that what was measured is there whatever becomes of the rest."""
    with open(options.output, "w", encoding="utf-8") as file:
        file.write("\n\n".join(["# brim on a card", *sections]) + "\n")
    with open(options.output + ".json", "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)


def parse():
    parser = side.options_parser(__doc__)
    parser.add_argument("models", nargs="?", default=argparse.SUPPRESS, help="the same as --models")
    parser.add_argument("--ops", default="build/release/bench/bench_card", help="default %(default)s")
    parser.add_argument("--plan-batches", default="1,16,64", help="(default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes for the card's reach: to try this without a card")
    parser.add_argument("--output", default="build/gpu-bench.md", help="default %(default)s")
    return parser.parse_args()


def main():
    options = parse()
    card, clock = card_memory.Card(options.card), side.Clock(options.seconds)
    why = side.why_no_card(options, card)
    if why:
        sys.exit(f"There is no card to measure on: {why}")
    why = side.why_no_peer(options)
    found = side.measure(options, card, side.Clock(options.seconds * SIDE_SHARE), not why)
    sections = [side.heading(options, found)]
    if why:
        sections.append(f"PyTorch was not measured, as {options.peer_python} has none for the card: {why}")
    sections += ["## Speed and memory beside PyTorch", side.table(options, found)]
    write(options, sections, found)
    plans_clock = side.Clock(clock.left() - options.seconds * (1 - PLANS_SHARE))
    sections += ["## Plans beside what they took", plans(options, card, plans_clock, found)]
    write(options, sections, found)
    sections.append("## What the ops reach")
    for section in ops(options, clock):
        sections.append(section)
        write(options, sections, found)
    print(f"Written: {options.output}, and each round's figures in {options.output}.json")


if __name__ == "__main__":
    main()
