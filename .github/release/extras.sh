#!/usr/bin/env bash
# Writes what goes into every archive beside the binary: man page and completion scripts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p .release
go build -o .release/scmigrate.tmp .
.release/scmigrate.tmp man >.release/scmigrate.1
for shell in bash zsh fish; do .release/scmigrate.tmp completion "$shell" >".release/scmigrate.$shell"; done
rm .release/scmigrate.tmp
