#!/usr/bin/env bash
# Puts the binary into $RUNNER_TEMP/scmigrate: of release $VERSION, checked against its checksums, or built from this commit.
set -euo pipefail
dir=$RUNNER_TEMP/scmigrate
mkdir -p "$dir"
if [ -z "$VERSION" ]; then
    go build -C "$GITHUB_ACTION_PATH/../../.." -trimpath -o "$dir/" .
    exit
fi
case $RUNNER_OS in Linux) os=linux ;; macOS) os=darwin ;; Windows) os=windows ;; *) echo "no release for $RUNNER_OS" >&2; exit 1 ;; esac
case $RUNNER_ARCH in X64) arch=amd64 ;; ARM64) arch=arm64 ;; *) echo "no release for $RUNNER_ARCH" >&2; exit 1 ;; esac
cd "$dir"
gh release download "$VERSION" --repo "$REPOSITORY" --clobber --pattern "scmigrate_*_${os}_${arch}.tar.gz" --pattern checksums.txt
grep "_${os}_${arch}.tar.gz\$" checksums.txt >wanted.txt
if command -v sha256sum >/dev/null; then sha256sum --check wanted.txt; else shasum -a 256 --check wanted.txt; fi
tar -xzf scmigrate_*_"${os}_${arch}".tar.gz
