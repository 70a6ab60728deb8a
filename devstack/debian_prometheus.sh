#!/bin/sh
# Unpacks this Debian's Prometheus and promtool, which check rules and dashboards, below .devstack/prometheus for the
# tests. Quick and silent when they are there.
set -eu

cd "$(dirname "$0")/.."
[ -x .devstack/prometheus/promtool ] && exit 0

# Of the machine's own release: the programs need its C library.
SUITE=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null || true)
WHAT="Debian's Prometheus" NAME=prometheus
. devstack/debian13_apt.sh

(cd "$DRAFT" && apt download prometheus >/dev/null) || leave "its package cannot be fetched"
dpkg-deb -x "$DRAFT"/prometheus_*.deb "$DRAFT/root"
for program in prometheus promtool; do
    "$DRAFT/root/usr/bin/$program" --version >/dev/null 2>&1 || leave 'it does not run here'
done
mkdir -p "$FOLDER"
mv "$DRAFT/root/usr/bin/prometheus" "$DRAFT/root/usr/bin/promtool" "$FOLDER/"
