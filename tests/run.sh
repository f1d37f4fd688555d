#!/usr/bin/env bash
# The one test command: installs what is missing, builds, runs every test (C# and JavaScript) and prints
# "N passed, N failed". Exits non-zero on any failure. Needs the .NET SDK, Node and apt; leaves nothing running.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
configuration=Release
logs=$(mktemp -d)
servers=$(mktemp -d)
chmod 755 "$servers" # PostgreSQL runs as a user of its own
stop() {
  [ -d "$servers/postgresql/data" ] && tests/servers.sh stop postgresql "$servers/postgresql" immediate
  [ -f "$servers/s3/process" ] && tests/servers.sh stop s3 "$servers/s3"
  [ -f "$servers/rabbitmq/ports" ] && tests/servers.sh stop rabbitmq "$servers/rabbitmq"
  rm -rf "$logs" "$servers"
}
trap stop EXIT
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1

passed=0
failed=0
say() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*"; failed=$((failed + 1)); echo "$*" >>"$logs/failures"; }

install_missing() {
  tests/servers.sh install || fail "PostgreSQL, RabbitMQ and the server of S3 could not be installed"
  local missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  # Packages have their version from git; native programs are linked by clang or gcc.
  command -v git >/dev/null || missing+=(git)
  # Without it .NET knows no culture but the invariant one.
  ldconfig -p | grep -q libicuuc || missing+=(libicu-dev)
  command -v clang >/dev/null || command -v gcc >/dev/null || missing+=(clang)
  [ ${#missing[@]} -eq 0 ] && return
  say "Installing ${missing[*]}"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >"$logs/apt.log" 2>&1 ||
    { tail -n 20 "$logs/apt.log"; fail "${missing[*]} could not be installed"; }
}

build() {
  say "Building"
  dotnet build RealtimeKit.sln -c "$configuration" --nologo -v quiet -clp:ErrorsOnly || { fail "the build"; finish; }
}

# Servers of one's own are used where their addresses are given.
start_servers() {
  say "Starting PostgreSQL, RabbitMQ and S3"
  local port
  if [ -z "${REALTIMEKIT_POSTGRESQL:-}" ]; then
    port=$(tests/servers.sh port)
    tests/servers.sh start postgresql "$servers/postgresql" "$port" || fail "PostgreSQL did not start"
    export REALTIMEKIT_POSTGRESQL="Host=127.0.0.1;Port=$port;Username=postgres;Database=postgres"
  fi
  if [ -z "${REALTIMEKIT_RABBITMQ:-}" ]; then
    port=$(tests/servers.sh port)
    tests/servers.sh start rabbitmq "$servers/rabbitmq" "$port" || fail "RabbitMQ did not start"
    export REALTIMEKIT_RABBITMQ="amqp://guest:guest@127.0.0.1:$port/"
  fi
  if [ -z "${REALTIMEKIT_S3:-}" ]; then
    port=$(tests/servers.sh port)
    tests/servers.sh start s3 "$servers/s3" "$port" || fail "the server of S3 did not start"
    export REALTIMEKIT_S3="http://127.0.0.1:$port/"
  fi
}

run_tests() { # TITLE PROJECT ARGS…
  local title=$1 project=$2 log="$logs/tests.log"
  shift 2
  say "$title"
  dotnet test --project "$project" -c "$configuration" --no-build --no-progress "$@" 2>&1 | tee "$log"
  local code=${PIPESTATUS[0]} good bad
  good=$(sed -n 's/^ *succeeded: *\([0-9]*\).*/\1/p' "$log" | tail -n 1)
  bad=$(sed -n 's/^ *failed: *\([0-9]*\).*/\1/p' "$log" | tail -n 1)
  passed=$((passed + ${good:-0}))
  failed=$((failed + ${bad:-0}))
  grep -A 12 -E '^failed ' "$log" >>"$logs/failures"
  [ "$code" -eq 0 ] || [ "${bad:-0}" -gt 0 ] || fail "$title ended with code $code"
  [ "${good:-0}" -gt 0 ] || [ "${bad:-0}" -gt 0 ] || fail "$title ran no test"
}

# Each test program alone: load tests share the machine with nothing else.
run_dotnet_tests() {
  local project
  for project in tests/*/*.Tests.csproj; do run_tests "$(basename "$project" .csproj)" "$project"; done
}

# Once more, what reads and writes numbers, dates and names, as on a host with a culture of its own (other signs, digits and calendars;
# Turkish has other letters for i and I), and with a clock that is set while the tests run.
run_tests_elsewhere() { # CULTURE PROJECT ARGS…
  local culture=$1 project=$2
  shift 2
  (
    unset LC_ALL LC_MESSAGES
    export LANG=$culture.UTF-8 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=false DOTNET_CLI_UI_LANGUAGE=en REALTIMEKIT_TEST_CLOCK=set
    run_tests "$project in $culture, clocks being set" "tests/$project" "$@"
    printf '%d %d\n' "$passed" "$failed" >"$logs/counts"
  )
  read -r passed failed <"$logs/counts"
}

run_all_elsewhere() {
  run_tests_elsewhere ar_SA RealtimeKit.Tests --filter-class 'RealtimeKit.Tests.Engine.*' 'RealtimeKit.Tests.Transports.*' \
    '*ChannelStoreTests' '*MessageStoreTests' '*.StoresAgreeTests' '*HostingTests' '*.RabbitMqConformanceTests'
  run_tests_elsewhere fa_IR RealtimeKit.Client.Tests --filter-class '*.ChatTests' '*.ChannelFoldTests' '*.SendingTests' '*.TokenTests'
  run_tests_elsewhere tr_TR RealtimeKit.EndToEnd.Tests --filter-class '*.VectorTests' '*.PublishTests' '*.ConnectTests' '*.ChannelListTests' '*.FrameValueTests'
}

run_javascript_tests() {
  say "realtimekit-js"
  local log="$logs/js.log"
  export REALTIMEKIT_QUICKSTART="$root/samples/QuickStart/bin/$configuration/net10.0/QuickStart.dll"
  (cd src/realtimekit-js && npm ci --silent --no-audit --no-fund && npm run --silent check && npm test --silent) 2>&1 | tee "$log"
  local code=${PIPESTATUS[0]} good bad
  good=$(sed -n 's/^\(#\|ℹ\) pass \([0-9]*\)$/\2/p' "$log" | tail -n 1)
  bad=$(sed -n 's/^\(#\|ℹ\) fail \([0-9]*\)$/\2/p' "$log" | tail -n 1)
  passed=$((passed + ${good:-0}))
  failed=$((failed + ${bad:-0}))
  grep -A 12 -E '^ *not ok ' "$log" >>"$logs/failures"
  [ "$code" -eq 0 ] || [ "${bad:-0}" -gt 0 ] || fail "realtimekit-js ended with code $code"
}

# What failed stands once more at the end, where one looks first.
finish() {
  [ -s "$logs/failures" ] && { say "What failed"; cat "$logs/failures"; }
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
  exit
}

install_missing
build
start_servers
run_dotnet_tests
run_all_elsewhere
run_javascript_tests
finish
