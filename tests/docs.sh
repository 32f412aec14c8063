#!/usr/bin/env bash
# Fails when a page names a file, a page, a heading or a word of ./run that does not exist, or when docs/map.md leaves
# out a folder of src. A path is what stands in backticks and begins with a folder of the repository; the map's own may
# begin below src.
set -euo pipefail
shopt -s extglob

# is_there PATH: "*" is any name, and so is NAME.
is_there() {
    compgen -G "${1//NAME/*}" >/dev/null
}

# Headings as GitHub makes anchors of them.
anchors() {
    sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^[:alnum:] _-]//g; s/ /-/g'
}

# The words in backticks of a page, those of one line alone, each up to its first space.
named() {
    grep -ohE '`[^` ]+[^`]*`' "$1" | tr -d '`' | cut -d' ' -f1 | sort -u
}

# check PAGE: says what it names in vain, and returns how it went.
check() {
    local page=$1 bad=0 name target file anchor
    while read -r name; do
        case $name in
        @(src|tests|docs|bench|fuzz|include|python|cmake|examples)/*) is_there "$name" ;;
        @(base|conf|monitor|graph|plan|element|backend|data|exchange|train|report|run|watch|cli)/*)
            [ "${page##*/}" != map.md ] || is_there "src/$name"
            ;;
        *) true ;;
        esac || {
            echo "$page: there is no $name"
            bad=1
        }
    done < <(named "$page")
    while read -r target; do
        file=${target%%#*} anchor=
        [ "$file" = "$target" ] || anchor=${target#*#}
        file=${file:+$(dirname "$page")/$file}
        if [ ! -e "${file:-$page}" ]; then
            echo "$page: there is no $target to link to"
            bad=1
        elif [ -n "$anchor" ] && ! anchors "${file:-$page}" | grep -qxF -- "$anchor"; then
            echo "$page: no heading is $target"
            bad=1
        fi
    done < <(grep -ohE '\]\([^) ]+\)' "$page" | sed 's/^](//; s/)$//' | grep -v '^https\?:' || true)
    while read -r name; do
        grep -qE "^(list \| .*)?$name\)" run || {
            echo "$page: ./run knows no \"$name\""
            bad=1
        }
    done < <(grep -ohE '\./run [a-z-]+' "$page" | sed 's/.* //' | sort -u || true)
    return "$bad"
}

# A check that finds nothing anywhere is worth nothing: it has to find these.
planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
plant() {
    echo "$1" >"$planted/map.md"
    if check "$planted/map.md" >/dev/null; then
        echo "tests/docs.sh does not see what is wrong with: $1"
        exit 1
    fi
}
plant 'a file `src/plan/nothing.c`, and one that is there, `src/plan/plan.c`'
plant 'the map alone: `plan/nothing.c`'
plant 'a pattern, `tests/test_nothing*.c`'
plant '[a page](nothing.md)'
plant '[a heading](#nothing)'
plant 'a word: `./run nothing`'
printf '# A (small) page\n[up](#a-small-page) `plan/plan.c` `tests/test_NAME.c` `./run test`\n' >"$planted/map.md"
check "$planted/map.md"

bad=0 count=0
for page in *.md docs/*.md bench/*.md; do
    check "$page" || bad=1
    count=$((count + 1))
done
for folder in src/*/; do
    grep -qF "| \`$folder\` |" docs/map.md || {
        echo "docs/map.md has no row for $folder"
        bad=1
    }
done
[ "$bad" = 0 ] || exit 1
echo "what $count pages name is there"
