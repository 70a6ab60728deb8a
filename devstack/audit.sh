#!/bin/sh
# Looks up known vulnerabilities of the locked packages, those for development included:
# `devstack/audit.sh UV [option of uv audit ...]`. Fails for a finding. Without access to the database (OSV) it says
# so and succeeds, because checks must also run offline.
set -u

UV=$1
shift

# GHSA-wj6h-64fc-37mp: timing of ecdsa, which python-jose requires and does not use where cryptography is installed.
audit() {
    UV_HTTP_TIMEOUT=15 UV_HTTP_RETRIES=1 "$UV" audit --frozen --preview-features audit-command \
        --ignore-until-fixed GHSA-wj6h-64fc-37mp "$@" 2>&1
}

# Exit codes of `uv audit`: 0 nothing found, 1 something found, 2 not audited.
report=$(audit "$@")
case $? in
    0) printf '%s\n' "$report" ;;
    1) printf '%s\n' "$report" >&2; exit 1 ;;
    *) printf 'NOT AUDITED for known vulnerabilities:\n%s\n' "$report" >&2 ;;
esac
