#!/usr/bin/env bash
# Every private header compiles alone, and twice in one file; the public one also as strict C17 and as C++.
set -euo pipefail

compiler=${CC:-cc}
read -ra libraries < <(pkg-config --cflags libjpeg spng libwebp yaml-0.1 libzip jansson cairo)
toolkit=
for folder in "${CUDA_HOME:-/usr/local/cuda}/include" /usr/include; do
    [ -z "$toolkit" ] && [ -f "$folder/cuda.h" ] && [ -f "$folder/cudnn_backend.h" ] && toolkit=$folder
done
[ -z "$toolkit" ] || libraries+=(-isystem "$toolkit")
flags=(-fsyntax-only -Wall -Wextra -Werror -Iinclude -Isrc -D_GNU_SOURCE "${libraries[@]}")
bad=0

# alone LANGUAGE STANDARD HEADER [FLAGS]
alone() {
    local language=$1 standard=$2 header=$3
    shift 3
    if ! printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
        "$compiler" -x "$language" "-std=$standard" "${flags[@]}" "$@" -; then
        echo "$header does not compile alone as $standard"
        bad=1
    fi
}

count=0
while read -r header; do
    case $header in
    */watch/serve_library.h) pkg-config --exists libmicrohttpd || continue ;;
    */cuda/cards.h | */cuda/fatbin.h | */cuda/kernels/*) ;;
    */backend/cuda/*) [ -n "$toolkit" ] || continue ;; # they name the driver's types
    esac
    case $header in
    */cuda/kernels/args.h | */cuda/kernels/list.h | */cuda/kernels/on_host.h) alone c c17 "${header#src/}" ;;
    */cuda/kernels/*) alone c++ c++17 "${header#src/}" ;; # what nvcc takes, a C++ compiler takes too
    *) alone c c17 "${header#src/}" ;;
    esac
    count=$((count + 1))
done < <(find src -name '*.h' | sort)
alone c c17 brim.h -pedantic-errors
alone c++ c++11 brim.h -pedantic-errors

[ "$bad" = 0 ] || exit 1
echo "$count private headers and brim.h compile alone ($compiler)"
