#!/usr/bin/env bash
# Asks every operation of the API what its own description allows and what it does not, as several roles on a demo
# ledger: no answer may be a 5xx, none may differ from the description.
#
#   tests/schemathesis.sh [LOGIN…]      EXAMPLES=50 PHASES=coverage,fuzzing,stateful
#
# Needs python3 with venv; schemathesis is installed into the target folder from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."
examples="${EXAMPLES:-50}"
phases="${PHASES:-coverage,fuzzing,stateful}"
# The administrators come last: what they change may end the accounts of the others.
logins=("$@")
[ "${#logins[@]}" -gt 0 ] || logins=(liaison bureau auditor secadmin sysadmin)
target="$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)"

tool="$target/schemathesis/bin/schemathesis"
if [ ! -x "$tool" ]; then
    python3 -m venv "$target/schemathesis"
    "$target/schemathesis/bin/pip" install --quiet 'schemathesis>=4,<5'
fi
if [ -n "${BINARY:-}" ]; then
    binary="$BINARY"
else
    cargo build --locked --bin one-ledger
    binary="$target/debug/one-ledger"
fi

folder="$(mktemp -d)"
service=
finish() {
    [ -z "$service" ] || kill "$service" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

printf '[serve]\nrate_per_second = 0\n' >"$folder/serve.toml"
(
    # Nothing of the caller's settings may reach the demo.
    unset DATABASE_URL ONE_LEDGER_DATABASE ONE_LEDGER_DATA ONE_LEDGER_DEFINITIONS ONE_LEDGER_CONFIG
    exec "$binary" demo --out "$folder/demo" --listen 127.0.0.1:0 --config "$folder/serve.toml"
) >"$folder/said" 2>"$folder/log" &
service=$!
for _ in $(seq 600); do
    grep -q 'Ctrl-C' "$folder/said" && break
    kill -0 "$service" || { cat "$folder/said" "$folder/log" >&2; exit 1; }
    sleep 0.1
done
base="$(grep -o 'http://[0-9.:]*' "$folder/said" | head -1)"

token() {
    local password
    password="$(awk -v login="$1" '$1 == login { print $2 }' "$folder/said")"
    curl -sS --fail-with-body -X POST "$base/api/v1/sessions" -H 'content-type: application/json' \
        -d "{\"login\":\"$1\",\"password\":\"$password\"}" | grep -o '"access_token":"[^"]*"' | cut -d'"' -f4
}

ask() {
    local bearer="$1"
    shift
    (
        cd "$folder"
        "$tool" run "$base/api/openapi.json" --header "Authorization: Bearer $bearer" --no-color \
            --phases "$phases" --max-examples "$examples" --generation-database none \
            --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
            --continue-on-failure --warnings off "$@"
    )
}

# What ends the sign-in that asks is asked at the very end, by one that is not needed any more.
ending='^/api/v1/(sessions|me/(sessions|password|totp))'
failed=0
for login in "${logins[@]}"; do
    echo "== as $login"
    ask "$(token "$login")" --exclude-path-regex "$ending" || failed=1
done
last="${logins[${#logins[@]} - 1]}"
echo "== what ends sign-ins, as $last"
ask "$(token "$last")" --include-path-regex "$ending" || failed=1
if grep -q 'panicked' "$folder/log"; then
    grep -A3 'panicked' "$folder/log"
    failed=1
fi
exit "$failed"
