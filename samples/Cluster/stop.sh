#!/usr/bin/env bash
# Stops everything that the launcher started in FOLDER, and removes the folder.
#   stop.sh FOLDER SERVERS     SERVERS: the repository's tests/servers.sh
set -u
folder=$1 servers=$2

# Each part leads a process group of its own, by the number in its file.
end() { # SECONDS NAME…
  local patience=$1 name
  shift
  for name in "$@"; do [ -s "$folder/$name.pid" ] && kill -TERM -- "-$(cat "$folder/$name.pid")" 2>/dev/null; done
  for name in "$@"; do
    [ -s "$folder/$name.pid" ] || continue
    for _ in $(seq $((patience * 20))); do kill -0 -- "-$(cat "$folder/$name.pid")" 2>/dev/null || break; sleep 0.05; done
    kill -KILL -- "-$(cat "$folder/$name.pid")" 2>/dev/null
  done
}

end 20 n1 n2 n3
end 3 nginx
[ -f "$folder/rabbitmq/ports" ] && "$servers" stop rabbitmq "$folder/rabbitmq" >/dev/null 2>&1
[ -f "$folder/postgresql/data/postmaster.pid" ] && "$servers" stop postgresql "$folder/postgresql" >/dev/null 2>&1
rm -rf -- "$folder"
