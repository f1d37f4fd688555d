#!/usr/bin/env bash
# The loop of a contributor: what needs no server and no browser. The engine, the transports, the stores in memory and on SQLite, the
# architecture and the .NET client against a scripted server. Not the million hostile frames, which take most of the engine's time.
# ARGS go to the build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
for project in RealtimeKit.Tests RealtimeKit.Client.Tests; do
  dotnet build "tests/$project" -c Release --nologo -v quiet -clp:ErrorsOnly "$@"
done
dotnet test --project tests/RealtimeKit.Tests -c Release --no-build --no-progress \
  --filter-class 'RealtimeKit.Tests.Engine.*' 'RealtimeKit.Tests.Transports.*' 'RealtimeKit.Tests.Stores.InMemory*' 'RealtimeKit.Tests.Stores.Sqlite*' \
  'RealtimeKit.Tests.ArchitectureTests' 'RealtimeKit.Tests.EveryAdapterHasItsSuites' --filter-not-class '*.UserNameTests' '*.FuzzTests'
dotnet test --project tests/RealtimeKit.Client.Tests -c Release --no-build --no-progress --filter-not-class '*.ChatTests' '*.RecoveryTests' '*.RollingRestartTests'
