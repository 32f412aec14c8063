#!/usr/bin/env bash
# `cmake --install` into an empty prefix: the command runs from there, programs in C and C++ find the library through
# pkg-config, and libbrim.so shows the functions of brim.h and nothing else.
set -euo pipefail

build=$(dirname "$(realpath "${BRIM_BINARY:-build/dev/brim}")")
compiler=${CC:-cc}
[ -e "$build/libbrim.so" ] || { echo "no $build/libbrim.so: build first"; exit 1; }
if nm -D "$build/libbrim.so" | grep -E '__(asan|tsan)_init' >/dev/null; then
    echo "skipped: a build with a sanitizer is not what one installs"
    exit 77
fi
folder=$(realpath "$(mktemp -d)")
trap 'rm -rf "$folder"' EXIT

cmake --install "$build" --prefix "$folder/first" >"$folder/log" || { cat "$folder/log"; exit 1; }
# Moved once, because nothing that is installed may know where.
prefix=$folder/moved
mv "$folder/first" "$prefix"
pc=$(find "$prefix" -name brim.pc)
export PKG_CONFIG_PATH=${pc%/brim.pc}
libdir=$(realpath "$(pkg-config --variable=libdir brim)")

# ---- the command ----
version=$("$prefix/bin/brim" --version)
[ "$version" = "brim $(pkg-config --modversion brim)" ] || { echo "the command says: $version, brim.pc does not"; exit 1; }
"$prefix/bin/brim" model yolov5n --nc 3 | grep "214 layers" >/dev/null

# Every command of `brim help` has its place on the page, which renders without a word of complaint.
page=$prefix/share/man/man1/brim.1
while read -r command; do
    grep -qE "^\.B brim $command" "$page" || { echo "brim(1) does not know brim $command"; exit 1; }
done < <("$prefix/bin/brim" help | sed -n 's/^  brim \([a-z]*\) .*/\1/p')
if command -v groff >/dev/null 2>&1; then
    complaint=$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null)
    [ -z "$complaint" ] || { echo "brim(1): $complaint"; exit 1; }
fi

# ---- what the library shows ----
declared=$("$compiler" -E -P "$prefix/include/brim.h" | grep -oE '\bbrim_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u)
shown=$(nm -D --defined-only "$libdir/libbrim.so" | awk '{ print $NF }' | sort -u)
[ "$declared" = "$shown" ] || {
    echo "brim.h (<) and libbrim.so (>) differ; is a BRIM_API missing?"
    diff <(echo "$declared") <(echo "$shown") || true
    exit 1
}
# The archive hides nothing from the linker, so at least nobody else's names may be in it.
foreign=$(nm -g --defined-only "$libdir/libbrim.a" 2>/dev/null | awk 'NF == 3 { print $3 }' | grep -vE '^(brim|\.gomp_critical_user_brim)_' || true)
[ -z "$foreign" ] || { echo "libbrim.a defines what does not begin with brim_: $foreign"; exit 1; }

# ---- programs ----
cat >"$folder/program.c" <<'END'
#include <brim.h>
#include <stdio.h>
#include <string.h>

static bool ignore(void *self, const BrimEvent *event)
{
    (void)self;
    return event != NULL;
}

int main(void)
{
    BrimTrainOptions options = brim_train_defaults();
    options.data = "nowhere/data.yaml";
    options.cfg = "yolov5n";
    BrimStatus status = brim_plan(&options, ignore, NULL);
    printf("brim %s: %s: %s\n", brim_version(), brim_status_text(status), brim_last_error());
    return status != BRIM_OK && strstr(brim_last_error(), "nowhere/data.yaml") ? 0 : 1;
}
END
read -ra flags < <(pkg-config --cflags --libs brim)
# libbrim.a beside the others' shared libraries: their archives want packages that no -dev package brings (libzip's OpenSSL).
mapfile -t needed < <(pkg-config --print-requires-private brim | awk '{ print $1 }')
read -ra static_flags < <(echo "$(pkg-config --cflags brim)" "$libdir/libbrim.a" "$(pkg-config --libs "${needed[@]}")" \
    "$(sed -n 's/^Libs.private: *//p' "$pc")")
cc_as() {
    local language=$1 standard=$2
    shift 2
    "$compiler" -x "$language" "-std=$standard" -Wall -Wextra -Werror -pedantic-errors "$folder/program.c" -x none "$@"
}
cc_as c c17 -o "$folder/in_c" "${flags[@]}"
cc_as c++ c++11 -o "$folder/in_c++" "${flags[@]}"
cc_as c c17 -o "$folder/in_c_static" "${static_flags[@]}"
for program in in_c in_c++; do
    said=$(LD_LIBRARY_PATH=$libdir "$folder/$program") || { echo "$program ended badly: $said"; exit 1; }
    LD_LIBRARY_PATH=$libdir ldd "$folder/$program" | grep "libbrim.so.0 => $libdir" >/dev/null ||
        { echo "$program does not load the installed libbrim.so.0"; exit 1; }
done
"$folder/in_c_static" >/dev/null || { echo "the program with libbrim.a ended badly"; exit 1; }

# ---- the module ----
if command -v python3 >/dev/null 2>&1; then
    found=$(env -u BRIM_LIBRARY PYTHONPATH="$prefix/share/brim/python" python3 -B -c \
        'import batch_size_optimizer as b; print(b.library_version(), b._library()._name)')
    [[ $found = "${version#brim } $libdir/"* ]] || { echo "the installed module took another library: $found"; exit 1; }
fi
echo "$version installs, moves and links; libbrim.so shows $(wc -l <<<"$shown") functions"
