#!/usr/bin/env python3
"""A training step of brim beside PyTorch's on the same card, in turns.

The peer is peer_step.py: the same architecture in eager PyTorch as v7.0 trains it, automatic mixed precision, channels_last,
cuDNN's algorithms chosen by timing; with YOLOV5_DIR it is the code of YOLOv5 v7.0 itself. PEER_PYTHON (default
/usr/bin/python3) needs a torch with CUDA; without one, brim is measured alone. A round times each program once on each
setting; the table shows medians over the rounds. docs/gpu-bench.md says what each column is.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import card_memory

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = "n,s,m,l,x"
MIB = 2**20


def options_parser(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=MODELS, help="of n, s, m, l, x (default %(default)s)")
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--precision", choices=("amp", "fp32"), default="amp")
    parser.add_argument("--rounds", type=int, default=3, help="(default %(default)s)")
    parser.add_argument("--steps", type=int, default=30, help="timed steps in a round (default %(default)s)")
    parser.add_argument("--warmup", type=int, default=10, help="the peer's steps before those (default %(default)s)")
    parser.add_argument("--card", type=int, default=0, help="by the bus (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=540, help="start nothing that would end later (default %(default)s)")
    parser.add_argument("--ahead", action="store_true", help="brim writes each batch while the one before is computed")
    parser.add_argument("--brim", default="build/release/bench/bench_step", help="default %(default)s")
    parser.add_argument("--peer-python", default=os.environ.get("PEER_PYTHON", "/usr/bin/python3"))
    parser.add_argument("--peer-device", default="cuda", help="cpu to try this program where there is no card")
    return parser


class Clock:
    """How much time is left, and what a program took the last time."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds
        self.took = {}

    def left(self):
        return self.end - time.monotonic()

    def has_room(self, name):
        return self.left() > self.took.get(name, 1)


def run(command, card, seconds, environment=None):
    """The last line of JSON that the command prints, with nvml_bytes; or why there is none, in one line."""
    try:
        with card_memory.Watch(card) as watch:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=max(seconds, 1),
                                  env=dict(os.environ, CUDA_DEVICE_ORDER="PCI_BUS_ID", **(environment or {})))
    except subprocess.TimeoutExpired:
        return None, "there was no time left for it"
    except OSError as error:
        return None, str(error)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        words = [line for line in done.stderr.splitlines() if line.strip()]
        return None, words[-1].strip() if words else f"it ended with {done.returncode} and said nothing"
    return {**json.loads(lines[-1]), "nvml_bytes": watch.taken_bytes}, None


def brim_command(options, model, batch, steps, precision):
    ahead = ["--ahead"] if options.ahead else []
    return [options.brim, f"yolov5{model}", str(options.imgsz), str(batch), str(steps), "--device", str(options.card),
            "--precision", precision, *ahead]


def peer_command(options, model):
    amp = ["--amp"] if options.precision == "amp" else []
    return [options.peer_python, os.path.join(HERE, "peer_step.py"), "--model", model, "--imgsz", str(options.imgsz),
            "--batch", str(options.batch), "--steps", str(options.steps), "--warmup", str(options.warmup),
            "--device", options.peer_device, "--channels-last", *amp]


def why_no_card(options, card):
    """None where brim can use the card; else its sentence."""
    return run([options.brim, "yolov5n", "32", "1", "1", "--device", str(options.card)], card, 120)[1]


def why_no_peer(options):
    """None where the peer can use the card; else why not."""
    if options.peer_device == "cpu":
        check = "import torch"
    else:
        check = "import sys, torch; torch.cuda.is_available() or sys.exit(f'PyTorch {torch.__version__} finds no card')"
    try:
        done = subprocess.run([options.peer_python, "-c", check], capture_output=True, text=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it cannot be started"])[-1]


def measure(options, card, clock, with_peer):
    """{model: {"brim": [results], "torch": [results], "why": {program: words}}}, in rounds over all of it."""
    found = {model: {"brim": [], "torch": [], "why": {}} for model in options.models.split(",")}
    for _ in range(options.rounds):
        for model, results in found.items():
            commands = {"brim": brim_command(options, model, options.batch, options.steps, options.precision)}
            if with_peer:
                commands["torch"] = peer_command(options, model)
            for program, command in commands.items():
                if program in results["why"] or not clock.has_room((program, model)):
                    continue
                begin = time.monotonic()
                environment = {"CUDA_VISIBLE_DEVICES": str(options.card)} if program == "torch" else None
                result, why = run(command, card, clock.left(), environment)
                clock.took[program, model] = time.monotonic() - begin
                if result:
                    results[program].append(result)
                else:
                    results["why"][program] = why
                print(f"  {model}, {program}: {result['median_ms']:.1f} ms" if result else f"  {model}, {program}: {why}",
                      file=sys.stderr, flush=True)
    return found


def most(results, key):
    values = [result[key] for result in results if result.get(key) is not None]
    return max(values) if values else None


def mib(size):
    return "-" if size is None else f"{size / MIB:.0f}"


def speed(options, results, why):
    """Pictures a second, of the median round and of the best step, and a cell that says so."""
    if not results:
        return None, why or "not measured"
    median = options.batch / statistics.median(result["median_ms"] for result in results) * 1e3
    best = options.batch / min(result["best_ms"] for result in results) * 1e3
    return median, f"{median:.0f} ({best:.0f})"


def row(options, model, results):
    ours, theirs = results["brim"], results["torch"]
    our_speed, our_cell = speed(options, ours, results["why"].get("brim"))
    their_speed, their_cell = speed(options, theirs, results["why"].get("torch"))
    our_bytes = most(ours, "nvml_bytes") or most(ours, "taken_bytes")
    their_bytes = most(theirs, "nvml_bytes") or most(theirs, "reserved_bytes")
    faster = f"**{our_speed / their_speed:.2f}**" if our_speed and their_speed else "-"
    leaner = f"**{our_bytes / their_bytes:.2f}**" if our_bytes and their_bytes else "-"
    sizes = [most(ours, key) for key in ("planned_bytes", "taken_bytes", "nvml_bytes")]
    sizes += [most(theirs, key) for key in ("allocated_bytes", "reserved_bytes", "nvml_bytes")]
    cells = [f"yolov5{model}", our_cell, their_cell, faster, *map(mib, sizes), leaner, f"{len(ours)}, {len(theirs)}"]
    return "| " + " | ".join(cells) + " |"


def table(options, found):
    heads = ["model", "brim, pictures/s (best step)", "PyTorch, pictures/s (best step)", "brim to PyTorch",
             "brim planned, MiB", "taken", "by NVML", "PyTorch allocated, MiB", "reserved", "by NVML",
             "memory, brim to PyTorch", "rounds"]
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads),
                      *(row(options, model, results) for model, results in found.items())])


def heading(options, found):
    """Where it was measured, and with what."""
    ours = next((results["brim"][0] for results in found.values() if results["brim"]), {})
    theirs = next((results["torch"][0] for results in found.values() if results["torch"]), None)
    peer = f"{theirs['program']} on PyTorch {theirs['version']} ({theirs['device']}), eager" if theirs else "no peer"
    words = (f"{time.strftime('%Y-%m-%d')}, {ours.get('device', 'no card')}; {peer}; {options.imgsz} px, batch {options.batch}, "
             f"{options.precision}, {options.steps} steps a round{', pictures written ahead' if options.ahead else ''}.")
    if "False Card" in ours.get("device", ""):
        words += "\n\n**A card of the tests, which is none: no figure here means anything.**"
    return words


def main():
    options = options_parser(__doc__).parse_args()
    card, clock = card_memory.Card(options.card), Clock(options.seconds)
    why = why_no_card(options, card)
    if why:
        sys.exit(f"There is no card to measure on: {why}")
    why = why_no_peer(options)
    if why:
        print(f"brim alone, as {options.peer_python} has no PyTorch for the card: {why}", file=sys.stderr)
    found = measure(options, card, clock, not why)
    print(heading(options, found) + "\n\n" + table(options, found))


if __name__ == "__main__":
    main()
