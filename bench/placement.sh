#!/usr/bin/env bash
# MiniMalloc's eleven published problems, placed by brim: a Markdown table. Usage: placement.sh BRIM [SECONDS EACH]
set -euo pipefail

brim=$1 seconds=${2:-60}
folder=${BRIM_SHARED:-../shared}/reference/minimalloc
problems=("$folder"/*.csv)
[ -f "${problems[0]}" ] || {
    echo "no problems in $folder; they are those of github.com/google/minimalloc, benchmarks/asplos2024" >&2
    exit 1
}

# figure NAME: that field of the JSON in $figures.
figure() { sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},*\$/\1/p" <<<"$figures"; }

echo "| problem | buffers | lower bound | greedy orders | height reached | above the bound | by | seconds |"
echo "|---|---|---|---|---|---|---|---|"
for problem in "${problems[@]}"; do
    name=${problem##*/}
    figures=$("$brim" plan --csv "$problem" --seconds "$seconds" --json)
    printf '| %s | %s | %s | %s | %s | %.2f%% | %s | %.2f |\n' "${name%%.*}" "$(figure buffers)" \
        "$(figure lower_bound_bytes)" "$(figure greedy_bytes)" "$(figure height_bytes)" \
        "$(figure above_percent)" "$(figure method)" "$(figure seconds)"
done
