# Sourced by the scripts that unpack packages of Debian below .devstack for the tests: a private apt, which
# checks signatures, installs nothing and needs no root. Needs Debian's apt, its mirror and keyring.
#
# The script has set WHAT (for messages), NAME (of the folder below .devstack) and, for another release than Debian 13,
# SUITE. This sets FOLDER and DRAFT, a temporary folder that is removed at the end, and defines `say`, `leave` and `apt`.
# shellcheck shell=sh

SUITE=${SUITE:-trixie}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
FOLDER=$PWD/.devstack/$NAME

say() { printf '%s\n' "$*" >&2; }
# Where the packages cannot be had, says so and ends with 0: the tests then run without.
leave() {
    say "Tests run without $WHAT: $*."
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
DRAFT=$(mktemp -d ".devstack/$NAME.XXXXXX")
DRAFT=$PWD/$DRAFT
trap 'rm -rf "$DRAFT"' EXIT HUP INT TERM
chmod 755 "$DRAFT"

# Nothing counts as installed, so that `install` fetches the libraries too.
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

say "Unpacking $WHAT below .devstack ..."
apt update >/dev/null || leave "its packages cannot be listed"
