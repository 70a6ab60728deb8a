#!/bin/sh
# Installs what the other `make` targets need: uv, the locked packages, RabbitMQ, Redis, ffmpeg, and builds the page; with
# `--tests` also a browser (Debian's Chromium, or Chrome on macOS), Debian 13's ffmpeg and Caddy, and Prometheus, for the
# tests.
# Quick and silent when nothing is missing. Never starts a server and never leaves one enabled.
set -eu

TESTS=$([ "${1:-}" = --tests ] && echo yes || echo no)

cd "$(dirname "$0")/.."
TOOLS=.devstack/tools

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# --- what is missing ---------------------------------------------------------------------------------------

has_rabbitmq() { [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || has rabbitmq-server; }
has_redis() { has redis-server || has valkey-server; }
has_ffmpeg() { has ffmpeg && has ffprobe; }
has_uv() { has uv || [ -x "$TOOLS/bin/uv" ]; }
has_venv() { has python3 && python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }
# The wheel's mongod is linked against libcurl, which a minimal installation lacks.
has_libcurl() { PATH="$PATH:/usr/sbin:/sbin" ldconfig -p | grep -q 'libcurl\.so\.4 '; }

CHROME="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
has_browser() {
    has chromium || has chromium-browser || has google-chrome || [ -x "$CHROME" ]
}
needs_browser() { [ "$TESTS" = yes ] && ! has_browser; }
# Ubuntu has Chromium as a snap only, which is not installed here: without a browser its tests are skipped.
is_debian() { grep -qx 'ID=debian' /etc/os-release 2>/dev/null; }

missing_on_debian() {
    has_rabbitmq || echo rabbitmq-server
    has_redis || echo redis-server
    has_ffmpeg || echo ffmpeg
    has_libcurl || echo libcurl4
    has_uv || has_venv || echo python3 python3-venv
    if needs_browser && is_debian; then echo chromium; fi
}

missing_on_macos() {
    has_rabbitmq || echo rabbitmq
    has_redis || echo redis
    has_ffmpeg || echo ffmpeg
    has_uv || echo uv
    if needs_browser; then echo google-chrome; fi
}

# --- installing it -----------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" = 0 ]; then env "$@"; else sudo -n env "$@"; fi
}

apt() {
    as_root DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

# Debian starts servers on installation unless policy-rc.d (101) forbids it; an existing one is restored after.
POLICY=/usr/sbin/policy-rc.d
forbid_starting() {
    trap 'allow_starting; exit 1' HUP INT TERM
    trap allow_starting EXIT
    if [ -e "$POLICY" ]; then as_root mv "$POLICY" "$POLICY.before-tonegate"; fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
}

allow_starting() {
    trap - HUP INT TERM EXIT
    as_root rm -f "$POLICY"
    if [ -e "$POLICY.before-tonegate" ]; then as_root mv "$POLICY.before-tonegate" "$POLICY"; fi
}

# Retries: a mirror may fail temporarily.
install_debian() {
    for pause in 2 5 10 0; do
        if apt update && apt install --yes --no-install-recommends "$@" >/dev/null; then return; fi
        sleep "$pause"
    done
    return 1
}

debian() {
    # shellcheck disable=SC2046 # one word per package
    set -- $(missing_on_debian)
    [ $# -gt 0 ] || return 0
    by_hand="sudo apt-get install --no-install-recommends $*"
    if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
        if [ "$*" = chromium ]; then
            say "Browser tests are skipped without chromium; to install it:  $by_hand"
            return 0
        fi
        die "Missing: $*. Installing needs root; please run:  $by_hand"
    fi
    say "Installing $* ..."
    had_epmd=$(has epmd && echo yes || echo no)
    forbid_starting
    install_debian "$@" || die "Installation failed; please run:  $by_hand"
    allow_starting
    for server in rabbitmq-server redis-server; do
        case " $* " in *" $server "*) keep_disabled "$server" ;; esac
    done
}

# Keeps the packaged server from starting at the next boot; devstack runs its own instances.
keep_disabled() {
    as_root update-rc.d "$1" disable >/dev/null 2>&1 || true
    if [ "$1" = rabbitmq-server ] && [ "$had_epmd" = no ] && has systemctl; then
        as_root systemctl disable epmd.service epmd.socket >/dev/null 2>&1 || true
    fi
}

macos() {
    # shellcheck disable=SC2046
    set -- $(missing_on_macos)
    [ $# -gt 0 ] || return 0
    has brew || die "Missing: $*. Please install Homebrew (https://brew.sh), or install these packages yourself."
    say "Installing $* ..."
    HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet "$@"
}

elsewhere() {
    missing=$(missing_on_debian | tr '\n' ' ')
    [ -z "$missing" ] || die "Missing (Debian package names): $missing. Please install them with your package manager."
}

install_uv() {
    has_uv && return
    say "Installing uv below $TOOLS ..."
    mkdir -p .devstack
    rm -rf "$TOOLS"
    if ! python3 -m venv "$TOOLS" || ! "$TOOLS/bin/python" -m pip install -q --disable-pip-version-check uv; then
        die "Installing uv failed; please put it on PATH (https://docs.astral.sh/uv/)."
    fi
}

# -----------------------------------------------------------------------------------------------------------

case "$(uname -s)" in
    Darwin) macos ;;
    *) if has apt-get; then debian; else elsewhere; fi ;;
esac
install_uv
UV=$(command -v uv || echo "$TOOLS/bin/uv")
[ -x .venv/bin/python ] || say "Installing the locked packages into .venv ..."
env -u VIRTUAL_ENV -u UV_PROJECT_ENVIRONMENT "$UV" sync --quiet --frozen --all-extras --all-groups \
    --no-install-package tonegate-client
# The tag reader and writer run in the sandbox, where they cannot store byte code: without it they take thrice as long.
.venv/bin/python -m compileall -q .venv/lib/python3*/site-packages/mutagen
.venv/bin/python -m devstack.page
if [ "$TESTS" = yes ]; then
    devstack/debian13_ffmpeg.sh
    devstack/debian13_caddy.sh
    devstack/debian_prometheus.sh
fi
