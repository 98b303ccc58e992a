#!/usr/bin/env bash
# Runs compiled tests on a newer Node than the one that is installed, with the same addon: what V8 changes shows here first.
#
# Arguments: compiled test files; by default those of mapping, store, structures and processes. Node comes from npm, into tmp/node, where a second run finds
# it. Needs `npm run build` before it.
set -euo pipefail
cd "$(dirname "$0")/.."

version=24
folder=$PWD/tmp/node/$version
if [ ! -x "$folder/node_modules/node/bin/node" ]; then
  mkdir -p "$folder"
  echo '{ "private": true }' >"$folder/package.json"
  npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error "node@$version"
fi
export PATH="$folder/node_modules/node/bin:$PATH"
echo "Node $(node --version)"
[ $# -gt 0 ] || mapfile -t tests < <(find dist/test/mapping dist/test/store dist/test/structures dist/test/processes dist/test/pages -name '*.test.js' | sort)
[ $# -gt 0 ] || set -- "${tests[@]}"
npx ava --timeout=10m "$@"
