#!/bin/bash
# run_suite.sh: runs the node suite of a folder; 77 means skipped, with the reason.
#   FANFARE_BINARY=build/dev/fanfare tests/node/run_suite.sh tests/browser
folder=$1
cd "$folder" || exit 1
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "skipped: node and npm are not installed (apt install nodejs npm)"
  exit 77
fi
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
  echo "skipped: these tests need node 20 or newer, this is $(node --version)"
  exit 77
fi
if [ "$(basename "$PWD")" = browser ] && ! command -v "${CHROMIUM:-chromium}" >/dev/null; then
  echo "skipped: chromium is not installed (apt install chromium), or name it by CHROMIUM"
  exit 77
fi
if [ ! -e node_modules/.installed ] || [ package.json -nt node_modules/.installed ]; then
  npm install --no-package-lock --no-audit --no-fund --loglevel=error || exit 1
  touch node_modules/.installed
fi
exec node --test --test-concurrency=1 --test-force-exit
