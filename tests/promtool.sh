#!/usr/bin/env bash
# Prometheus' own checker reads what test_serve_metrics writes. Of brim's families it has nothing to say. Of NVIDIA's it
# may say two things, and no other, since those names are NVIDIA's: a label in camelCase (modelName), and counters whose
# names do not end in _total.
set -euo pipefail

golden=tests/monitor/metrics.prom
command -v promtool >/dev/null || { echo "skipped: promtool is not installed (apt install prometheus)"; exit 77; }

# The families whose name begins so, with their HELP and TYPE.
families() { awk -v begin="$1" '{ name = $1 == "#" ? $3 : $1 } index(name, begin) == 1' "$golden"; }

said=$(families brim_ | promtool check metrics 2>&1) || { echo "of brim's families promtool says: $said"; exit 1; }
[ -z "$said" ] || { echo "of brim's families promtool says: $said"; exit 1; }

said=$(families DCGM_ | promtool check metrics 2>&1) || true
other=$(grep -v -e "label names should be written in 'snake_case' not 'camelCase'$" \
    -e 'DCGM_FI_DEV_[A-Z_]* counter metrics should have "_total" suffix$' <<<"$said") || true
[ -z "$other" ] || { echo "of NVIDIA's families promtool says: $other"; exit 1; }

# Both are all there is.
[ "$(families brim_ | wc -l)" -gt 100 ] && [ "$(families DCGM_ | wc -l)" -gt 50 ] || { echo "$golden is cut short"; exit 1; }
[ "$(($(families brim_ | wc -l) + $(families DCGM_ | wc -l)))" = "$(wc -l <"$golden")" ] ||
    { echo "$golden has families of another kind"; exit 1; }

# It sees what is wrong.
if printf '# TYPE a gauge\na{b="c} 1\n' | promtool check metrics >/dev/null 2>&1; then
    echo "promtool accepts anything"
    exit 1
fi
echo "promtool accepts $(grep -c '^# TYPE' "$golden") families"
