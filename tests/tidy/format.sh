#!/usr/bin/env bash
# Checks that all C++ sources are as clang-format writes them; with --fix,
# rewrites those that are not.
set -euo pipefail
cd "$(dirname "$0")/../.."

action=(--dry-run -Werror)
[[ ${1:-} == --fix ]] && action=(-i)
folders=()
for folder in runtime channels transport observer examples tests; do
  [[ -d $folder ]] && folders+=("$folder")
done
find "${folders[@]}" -name node_modules -prune -o -name '*.[ch]pp' -print0 \
  | xargs -0 -r -n 16 -P 2 clang-format-14 --style=file "${action[@]}"
