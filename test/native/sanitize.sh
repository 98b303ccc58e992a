#!/usr/bin/env bash
# Runs compiled tests against an addon that was built with the address and undefined-behaviour sanitizers.
#
# Arguments: compiled test files; by default those of the mapping layer, its objects, and the native storage. Leaks are not looked
# for, since Node leaves memory behind at its end. `--prove` runs a planted fault instead and fails if nothing noticed it.
# Needs g++ with its sanitizer libraries, Node's headers, and `npm run build:ts` before it.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=tmp/sanitize
# Node's own headers, wherever its installation keeps them.
headers=${NODE_HEADERS:-$(node -p "path.join(path.dirname(process.execPath), '..', 'include', 'node')")}
if [ ! -f "$headers/node_api.h" ]; then
  echo "skipped: sanitizers, because there is no node_api.h in $headers (set NODE_HEADERS)"
  exit 0
fi
mkdir -p "$folder/build/Release"

case $(node -p process.arch) in
  x64) checksum=native/crc32c_x64.cc ;;
  arm64) checksum=native/crc32c_arm64.cc ;;
  *) checksum=native/crc32c_other.cc ;;
esac
mapfile -t sources < <(ls native/*.cc native/posix/*.cc | grep -v -e 'native/crc32c_' -e 'darwin.cc')
flags=(-std=c++17 -O1 -g -fPIC -shared -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=undefined
  -fno-omit-frame-pointer -D_FILE_OFFSET_BITS=64 -DNAPI_VERSION=9 -DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS
  -DNODE_ADDON_API_DISABLE_DEPRECATED -DBUILDING_NODE_EXTENSION)
includes=(-I"$headers" -I"$(node -p "require('node-addon-api').include_dir" | tr -d '"')")

fault=()
[ "${1:-}" = --prove ] && fault=(-DHOLDFAST_PLANTED_FAULT)
g++ "${flags[@]}" "${fault[@]}" "${includes[@]}" "${sources[@]}" "$checksum" test/native/planted_fault.cc -o "$folder/build/Release/holdfast.node"

export HOLDFAST_PREBUILD=$PWD/$folder
run=(env LD_PRELOAD="$(gcc -print-file-name=libasan.so)" ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1)
if [ "${1:-}" = --prove ]; then
  if "${run[@]}" node -e "require('$HOLDFAST_PREBUILD/build/Release/holdfast.node')" 2>"$folder/report.txt"; then
    echo 'the planted fault was not noticed' >&2
    exit 1
  fi
  grep -q 'planted_fault.cc' "$folder/report.txt"
  echo 'the planted fault was noticed'
  exit 0
fi
# Freed memory is kept back by the sanitizer, so the test of growth would only find that.
mapfile -t tests < <(ls dist/test/mapping/*.test.js dist/test/mapping/objects/*.test.js dist/test/pages/native-storage.test.js | grep -v growth)
[ $# -gt 0 ] || set -- "${tests[@]}"
"${run[@]}" npx ava --timeout=20m "$@"
