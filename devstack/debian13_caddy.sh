#!/bin/sh
# Unpacks Debian 13's Caddy, the proxy that provides TLS, below .devstack/caddy for the tests.
# Quick and silent when it is there.
set -eu

cd "$(dirname "$0")/.."
[ -x .devstack/caddy/caddy ] && exit 0

WHAT="Debian 13's Caddy" NAME=caddy
. devstack/debian13_apt.sh

(cd "$DRAFT" && apt download caddy >/dev/null) || leave "its package cannot be fetched"
dpkg-deb -x "$DRAFT"/caddy_*.deb "$DRAFT/root"
"$DRAFT/root/usr/bin/caddy" version >/dev/null 2>&1 || leave 'it does not run here' # a static program
mkdir -p "$FOLDER"
mv "$DRAFT/root/usr/bin/caddy" "$FOLDER/caddy"
