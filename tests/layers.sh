#!/usr/bin/env bash
# Fails when a file includes upward. The order of the layers is that of CONTRIBUTING.md; docs/map.md says what each of
# them knows.
set -euo pipefail

# From the bottom to the top. A folder includes itself and those of lower lines, not its neighbour on the same line.
layers=(base "conf monitor" graph plan element backend "data exchange" train report run watch cli)

rank() {
    local i
    for i in "${!layers[@]}"; do
        if [[ " ${layers[$i]} " = *" $1 "* ]]; then
            echo "$i"
            return
        fi
    done
    echo none
}

# check SOURCE_FOLDER: says every violation, and returns how it went.
check() {
    local bad=0 file line included from to mine theirs
    while IFS=: read -r file line included; do
        from=${file#"$1"/}
        from=${from%%/*}
        to=${included#*\"}
        to=${to%%\"*}
        case $to in
        brim.h) continue ;; # the public interface, which the lowest layer implements
        */*) to=${to%%/*} ;;
        *)
            echo "$file:$line: \"$to\" does not say in which folder it is"
            bad=1
            continue
            ;;
        esac
        mine=$(rank "$from") theirs=$(rank "$to")
        if [ "$mine" = none ] || [ "$theirs" = none ]; then
            echo "$file:$line: $from includes $to, and one of them is no layer that tests/layers.sh knows"
            bad=1
        elif [ "$theirs" -gt "$mine" ]; then
            echo "$file:$line: $from includes $to, which is above it"
            bad=1
        elif [ "$theirs" = "$mine" ] && [ "$to" != "$from" ]; then
            echo "$file:$line: $from includes $to, which stands beside it"
            bad=1
        elif [ "$from" = element ] && [ "$to" != element ]; then
            echo "$file:$line: element includes $to, which nvcc would have to take as well"
            bad=1
        fi
    done < <(grep -rnE --include='*.[ch]' --include='*.cu' --include='*.cuh' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$1")
    return "$bad"
}

# A check that finds nothing anywhere is worth nothing: it has to find these.
planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
mkdir -p "$planted"/{base,plan,element,data,cli}
plant() {
    echo "$2" >"$planted/$1"
    if check "$planted" >/dev/null; then
        echo "tests/layers.sh does not see that $1 has: $2"
        exit 1
    fi
    rm "$planted/$1"
}
plant base/up.c '#include "plan/plan.h"'
plant plan/sideways.c '#  include "pack.h"'
plant plan/climb.c '#include "../cli/main.h"'
plant plan/jump.h '#include "backend/backend.h"'
plant element/heavy.h '#include "base/memory.h"'
plant data/neighbour.c '#include "exchange/torch.h"'
plant cli/unknown.c '#include "nowhere/nothing.h"'
echo '#include "plan/plan.h"' >"$planted/cli/good.c"
check "$planted"

if check src; then
    echo "every include in src goes down or stays"
else
    exit 1
fi
