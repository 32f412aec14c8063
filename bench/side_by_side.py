#!/usr/bin/env python3
"""A training step of brim beside PyTorch's, on the same machine, in turns.

A round times one program after the other on one setting. Before and after each, a probe spins on as many cores as the
programs use: where it does not get all of them, somebody else was there and the round does not count. Of the clean
rounds the table shows the median of the medians, with the best step in brackets.

The peer runs with PEER_PYTHON (default /usr/bin/python3), which needs torch; with YOLOV5_DIR it is the code of YOLOv5
v7.0 itself. --brim names the program beside it, which takes MODEL IMGSZ BATCH STEPS and prints one line of JSON with
median_ms, best_ms, arena_bytes and, if it knows, growth_bytes. Memory is growth_bytes: the highest resident size less that
before anything was made; without it, the arena.
"""
import argparse
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SETTINGS = "n:320:16,n:640:8,s:320:8,s:640:4"
PEERS = {"nchw": [], "channels_last": ["--channels-last"]}
SPIN_S = 0.15
CLEAN = 0.93  # part of the spin's time that its core has to give it


def spin(_):
    wall, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < SPIN_S:
        pass
    return (time.process_time() - cpu) / (time.perf_counter() - wall)


def cores_are_free(pool, cores):
    return min(pool.map(spin, range(cores), chunksize=1)) >= CLEAN


def run(command):
    environment = dict(os.environ, OMP_WAIT_POLICY="passive", YOLOv5_AUTOINSTALL="false")
    environment["PYTHONPATH"] = os.path.join(HERE, "offline")
    finished = subprocess.run(command, stdout=subprocess.PIPE, env=environment, text=True, check=False)
    lines = [line for line in finished.stdout.splitlines() if line.startswith("{")]
    if finished.returncode or not lines:
        sys.exit(f"{' '.join(command)} failed ({finished.returncode}) after printing:\n{finished.stdout}")
    return json.loads(lines[-1])


def commands(options, setting):
    model, imgsz, batch = setting
    peer = [options.peer_python, os.path.join(HERE, "peer_step.py"), "--model", model, "--imgsz", imgsz,
            "--batch", batch, "--steps", str(options.steps), "--threads", str(options.threads)]
    return {"brim": [options.brim, model, imgsz, batch, str(options.steps)],
            **{name: peer + PEERS[name] for name in options.peers.split(",")}}


def measure(options, pool, setting):
    """Results by program, of the rounds in which nobody else ran."""
    results = {}
    kept = dropped = 0
    while kept < options.rounds and dropped < 3 * options.rounds:
        this_round = {}
        clean = True
        for name, command in commands(options, setting).items():
            clean = clean and cores_are_free(pool, options.threads)
            this_round[name] = run(command)
        clean = clean and cores_are_free(pool, options.threads)
        print(f"  {' '.join(setting)}, {'clean' if clean else 'dropped'}: " +
              ", ".join(f"{name} {result['median_ms']:.0f} ms" for name, result in this_round.items()),
              file=sys.stderr, flush=True)
        kept, dropped = kept + clean, dropped + (not clean)
        for name, result in this_round.items() if clean else ():
            results.setdefault(name, []).append(result)
    if kept == 0:
        sys.exit("no round was clean: something else keeps the cores busy")
    return results


def summary(rounds):
    median = statistics.median(r["median_ms"] for r in rounds)
    return median, min(r["best_ms"] for r in rounds), max(r.get("growth_bytes") or r["arena_bytes"] for r in rounds)


def row(setting, results):
    ours_ms, ours_best, ours_bytes = summary(results["brim"])
    peers = {name: summary(rounds) for name, rounds in results.items() if name != "brim"}
    fastest = min(peer[0] for peer in peers.values())
    leanest = min(peer[2] for peer in peers.values())
    cells = ["{} {} px, batch {}".format(*setting), f"{ours_ms:.0f} ({ours_best:.0f})"]
    cells += [f"{median:.0f} ({best:.0f})" for median, best, _ in peers.values()]
    cells += [f"**{ours_ms / fastest:.2f}**", f"{ours_bytes / 1e6:.0f}"]
    cells += [f"{size / 1e6:.0f}" for _, _, size in peers.values()]
    cells += [f"**{ours_bytes / leanest:.2f}**", str(len(results["brim"]))]
    return "| " + " | ".join(cells) + " |"


def processor():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        names = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(options, measured):
    peers = options.peers.split(",")
    peer = next(iter(measured.values()))[peers[0]][0]
    heads = ["setting", "brim, ms (best)", *(f"{name}, ms (best)" for name in peers), "time, to the faster",
             "brim, MB", *(f"{name}, MB" for name in peers), "memory, to the leaner", "rounds"]
    lines = [f"{time.strftime('%Y-%m-%d')}, {processor()}, {options.threads} threads, {options.steps} steps a round; "
             f"{peer['program']} on PyTorch {peer['version']}.", "",
             "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + [row(setting, results) for setting, results in measured.items()])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", default=SETTINGS, help="MODEL:IMGSZ:BATCH,... (default %(default)s)")
    parser.add_argument("--peers", default="nchw,channels_last", help="of: " + ", ".join(PEERS))
    parser.add_argument("--rounds", type=int, default=5, help="clean rounds for each setting (default %(default)s)")
    parser.add_argument("--steps", type=int, default=8, help="timed steps in a round (default %(default)s)")
    parser.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--brim", default="build/release/bench/bench_step", help="default %(default)s")
    parser.add_argument("--peer-python", default=os.environ.get("PEER_PYTHON", "/usr/bin/python3"))
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    if not os.access(options.brim, os.X_OK):
        sys.exit(f"{options.brim} is not there; ./run build makes it")
    measured = {}
    with multiprocessing.Pool(options.threads) as pool:
        for text in options.settings.split(","):
            setting = tuple(text.split(":"))
            measured[setting] = measure(options, pool, setting)
    print(table(options, measured))


if __name__ == "__main__":
    main()
