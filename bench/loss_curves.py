#!/usr/bin/env python3
"""Two runs' results.csv as curves over the epochs, in one SVG: loss_curves.py NAME=results.csv NAME=results.csv OUT.svg"""
import csv
import sys

PANELS = [("train/box_loss", "box loss"), ("train/obj_loss", "objectness loss"), ("train/cls_loss", "class loss"),
          ("val/box_loss", "box loss, validation"), ("val/obj_loss", "objectness loss, validation"),
          ("metrics/mAP_0.5", "mAP50")]
COLOURS = ["#1f5fa8", "#d2691e", "#2e8b57"]
ACROSS, WIDTH, HEIGHT, MARGIN = 3, 260, 170, 46


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    heads = [head.strip() for head in rows[0]]
    return {head: [float(row[i]) for row in rows[1:]] for i, head in enumerate(heads)}


def dash(number):
    """The first run is drawn whole, the others in ever longer pieces, in the curves and beside their names."""
    return f' stroke-dasharray="{4 * number} 3"' if number else ""


def panel(runs, index, key, title):
    left, top = MARGIN + index % ACROSS * (WIDTH + MARGIN), MARGIN + index // ACROSS * (HEIGHT + MARGIN)
    most = max(max(run[key]) for _, run in runs)
    out = [f'<text x="{left}" y="{top - 8}" font-weight="bold">{title}</text>']
    for share in (0, 0.5, 1):
        y = top + HEIGHT * (1 - share)
        out.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + WIDTH}" y2="{y:.1f}" stroke="#ddd"/>'
                   f'<text x="{left - 4}" y="{y + 4:.1f}" text-anchor="end" fill="#666">{most * share:.3g}</text>')
    for number, (_, run) in enumerate(runs):
        values = run[key]
        points = " ".join(f"{left + WIDTH * i / max(1, len(values) - 1):.1f},{top + HEIGHT * (1 - v / most):.1f}"
                          for i, v in enumerate(values))
        out.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[number]}" stroke-width="1.6"{dash(number)}/>')
    out.append(f'<text x="{left}" y="{top + HEIGHT + 14}" fill="#666">epoch 0</text>'
               f'<text x="{left + WIDTH}" y="{top + HEIGHT + 14}" text-anchor="end" fill="#666">{len(values) - 1}</text>')
    return out


def main():
    if len(sys.argv) < 3 or any("=" not in word for word in sys.argv[1:-1]):
        sys.exit(__doc__)
    runs = [(name, read(path)) for name, path in (word.split("=", 1) for word in sys.argv[1:-1])]
    width = ACROSS * (WIDTH + MARGIN) + MARGIN
    height = (len(PANELS) + ACROSS - 1) // ACROSS * (HEIGHT + MARGIN) + MARGIN + 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for index, (key, title) in enumerate(PANELS):
        out += panel(runs, index, key, title)
    for number, (name, _) in enumerate(runs):
        x = MARGIN + 200 * number
        out.append(f'<line x1="{x}" y1="{height - 18}" x2="{x + 24}" y2="{height - 18}" stroke="{COLOURS[number]}" stroke-width="2"{dash(number)}/>'
                   f'<text x="{x + 30}" y="{height - 14}">{name}</text>')
    with open(sys.argv[-1], "w") as file:
        file.write("\n".join(out + ["</svg>"]) + "\n")


if __name__ == "__main__":
    main()
