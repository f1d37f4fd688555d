#!/usr/bin/env bash
# Private PostgreSQL, RabbitMQ and S3 (moto) servers for the tests, the checker and the cluster sample: on loopback, in a folder of
# their own, never the system's. What is missing is installed from Debian's packages.
#
#   servers.sh install                             install what is missing, nginx too (apt; needs root)
#   servers.sh port [COUNT]                        print free ports
#   servers.sh start postgresql DIR PORT           start and wait until it answers; user postgres, no password
#   servers.sh stop postgresql DIR [fast|immediate]
#   servers.sh start-standby postgresql DIR PORT PRIMARY   make and start a standby of the server on port PRIMARY
#   servers.sh promote postgresql DIR              make a standby the primary
#   servers.sh start rabbitmq DIR PORT [COUNT]     start COUNT clustered nodes (1) on PORT, PORT+1, …; guest:guest
#   servers.sh start-tls rabbitmq DIR PORT         start one node that takes amqps only; makes DIR/tls/{ca,server,client}.{pem,key}
#   servers.sh stop rabbitmq DIR
#   servers.sh ctl rabbitmq DIR NODE ARGS…         rabbitmqctl against node NODE (0 is the first)
#   servers.sh start s3 DIR PORT                   start a server of S3 in memory; any key, and any signature
#   servers.sh stop s3 DIR
#   servers.sh pid postgresql|rabbitmq|s3 DIR [NODE]   print the process that a test may kill or stop
#
# A stopped or killed server starts again, with its data (S3 without), by the same "start".
set -eu
action=${1:-} kind=${2:-} dir=${3:-}
postgresql_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
rabbitmq_bin=/usr/lib/rabbitmq/bin
# Where the system has no moto: a Debian that has it, unpacked.
moto_root=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/realtimekit/moto

die() { echo "servers.sh: $*" >&2; exit 1; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# A killed process may stay a zombie until its parent looks at it: that counts as ended.
alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }

wait_for_port() { # PORT PID LOG
  for _ in $(seq 1200); do
    answers "$1" && return 0
    sleep 0.05
  done
  tail -n 30 "$2" >&2 || true
  die "$kind did not open port $1 within a minute (its log: $2)"
}

end() { # PID: asks it to end, and insists after 15 s
  alive "$1" || return 0
  kill -TERM "$1" 2>/dev/null || true
  for _ in $(seq 300); do alive "$1" || return 0; sleep 0.05; done
  kill -KILL "$1" 2>/dev/null || true
}

# Below the range from which the system takes ports for outgoing connections.
free_ports() {
  local found=0 port
  while [ "$found" -lt "$1" ]; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    answers "$port" || { echo "$port"; found=$((found + 1)); }
  done
}

has_moto() { "$@" python3 -c "import moto.server, moto.s3.responses, cryptography.x509" 2>/dev/null; }

install_moto() {
  ! has_moto && ! has_moto chroot "$moto_root" || return 0
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  local packages=(python3-moto python3-flask python3-flask-cors python3-cffi-backend)
  if apt-cache show python3-moto >/dev/null 2>&1; then
    apt-get install -y -qq "${packages[@]}" >/dev/null
  else
    apt-get install -y -qq debootstrap >/dev/null
    rm -rf "$moto_root"
    mkdir -p "$moto_root"
    debootstrap --variant=minbase --include="$(IFS=,; echo "${packages[*]}")" trixie "$moto_root" >"$moto_root.log" || { tail -n 30 "$moto_root.log" >&2; return 1; }
  fi
}

start_s3() { # PORT
  mkdir -p "$dir"
  alive "$(cat "$dir/process" 2>/dev/null)" && return
  local within=()
  has_moto || { has_moto chroot "$moto_root" && within=(chroot "$moto_root"); } || die "moto is not installed: run 'servers.sh install'"
  setsid "${within[@]}" python3 -c "import sys; from moto.server import main; main(sys.argv[1:])" -H 127.0.0.1 -p "$1" </dev/null >"$dir/log" 2>&1 &
  echo $! >"$dir/process"
  wait_for_port "$1" "$dir/log"
}

install_missing() {
  local missing=()
  [ -n "$postgresql_bin" ] && [ -x "$postgresql_bin/initdb" ] || missing+=(postgresql)
  [ -x "$rabbitmq_bin/rabbitmq-server" ] || missing+=(rabbitmq-server)
  [ -x /usr/sbin/nginx ] || missing+=(nginx)
  command -v openssl >/dev/null || missing+=(openssl)
  [ ${#missing[@]} -eq 0 ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null; }
  install_moto
}

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}

postgresql_folder() {
  [ -n "$postgresql_bin" ] || die "PostgreSQL is not installed: run 'servers.sh install'"
  if [ "$(id -u)" -eq 0 ]; then install -d -o postgres -g postgres -m 755 "$dir"; else mkdir -p "$dir"; fi
  as_postgres test -w "$dir" || die "the user postgres cannot write to $dir: its parent folders must be readable by all"
}

stop_postgresql() { # MODE
  # One that was killed has left its pid file behind.
  as_postgres "$postgresql_bin/pg_ctl" -D "$dir/data" status >/dev/null || return 0
  as_postgres "$postgresql_bin/pg_ctl" -D "$dir/data" -m "$1" -w stop >/dev/null
}

start_standby() { # PORT PRIMARY
  postgresql_folder
  [ -d "$dir/data" ] || as_postgres "$postgresql_bin/pg_basebackup" -h 127.0.0.1 -p "$2" -U postgres -D "$dir/data" -R -c fast --no-sync
  start_postgresql "$1"
}

start_postgresql() { # PORT
  postgresql_folder
  [ -d "$dir/data" ] || as_postgres "$postgresql_bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$dir/initdb.log"
  # A killed server's processes may hold its lock and its memory for a moment longer.
  local pid
  for _ in $(seq 300); do
    pid=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null || true)
    { [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; } || pgrep -f "^$postgresql_bin/postgres -D $dir/data" >/dev/null || break
    ! alive "$pid" || ! as_postgres "$postgresql_bin/pg_ctl" -D "$dir/data" status >/dev/null || return 0
    sleep 0.05
  done
  # shared_buffers as a small production server has it; the rest are the defaults.
  as_postgres "$postgresql_bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log" \
    -o "-p $1 -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir -c max_connections=200 -c shared_buffers=256MB" \
    start >/dev/null 2>"$dir/start.log" || { cat "$dir/start.log" >&2; tail -n 30 "$dir/log" >&2; die "PostgreSQL did not start"; }
}

rabbitmq_environment() { # NODE
  local node=$dir/node$1
  export HOME=$dir RABBITMQ_HOME=$dir
  export RABBITMQ_NODENAME=realtimekit$1@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
  export RABBITMQ_NODE_PORT=$(sed -n "$(($1 + 1))p" "$dir/ports") RABBITMQ_DIST_PORT=$(sed -n "$(($1 + 1))p" "$dir/distribution-ports")
  export RABBITMQ_MNESIA_BASE=$node/mnesia RABBITMQ_LOG_BASE=$node/log RABBITMQ_LOGS=$node/log/rabbit.log RABBITMQ_PID_FILE=$node/pid
  export RABBITMQ_ENABLED_PLUGINS_FILE=$node/enabled_plugins RABBITMQ_CONFIG_FILE=$node/rabbitmq RABBITMQ_ADVANCED_CONFIG_FILE=$node/none
  export RABBITMQ_CONF_ENV_FILE=$node/none RABBITMQ_FEATURE_FLAGS_FILE=$node/feature_flags
  export RABBITMQ_GENERATED_CONFIG_DIR=$node/schema RABBITMQ_SCHEMA_DIR=$node/schema RABBITMQ_QUORUM_DIR=$node/quorum RABBITMQ_STREAM_DIR=$node/stream
  export ERL_EPMD_PORT=$(cat "$dir/epmd-port") ERL_EPMD_ADDRESS=127.0.0.1
  # Idle schedulers that spin would take the processor from what is tested.
  export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
}

make_certificates() { # DIR
  mkdir -p "$1"
  [ -f "$1/ca.pem" ] && return
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=RealtimeKit test authority" -keyout "$1/ca.key" -out "$1/ca.pem" 2>/dev/null
  local name
  for name in server client; do
    openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout "$1/$name.key" -out "$1/$name.csr" 2>/dev/null
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=%sAuth\n' "$name" >"$1/$name.extensions"
    openssl x509 -req -days 30 -in "$1/$name.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -extfile "$1/$name.extensions" -out "$1/$name.pem" 2>/dev/null
  done
  chmod a+r "$1"/*
}

start_rabbitmq() { # PORT COUNT plain|tls
  local port=$1 count=$2 node other
  [ -x "$rabbitmq_bin/rabbitmq-server" ] || die "RabbitMQ is not installed: run 'servers.sh install'"
  mkdir -p "$dir"
  if [ ! -f "$dir/ports" ]; then
    seq "$port" $((port + count - 1)) >"$dir/ports"
    free_ports "$count" >"$dir/distribution-ports"
    free_ports 1 >"$dir/epmd-port"
    (umask 077 && head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$dir/.erlang.cookie")
  fi
  for ((node = 0; node < count; node++)); do
    alive "$(cat "$dir/node$node/process" 2>/dev/null)" && continue
    mkdir -p "$dir/node$node"/{mnesia,log,schema}
    echo "[]." >"$dir/node$node/enabled_plugins"
    {
      echo "loopback_users = none"
      echo "disk_free_limit.absolute = 50MB"
      echo "log.file.level = warning"
      if [ "$3" = tls ]; then
        make_certificates "$dir/tls"
        printf 'listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:%s\n' "$port"
        printf 'ssl_options.cacertfile = %s/tls/ca.pem\nssl_options.certfile = %s/tls/server.pem\nssl_options.keyfile = %s/tls/server.key\n' "$dir" "$dir" "$dir"
        printf 'ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = %s\n' "${REQUIRE_CLIENT_CERTIFICATE:-false}"
      fi
      if [ "$count" -gt 1 ]; then
        echo "cluster_formation.peer_discovery_backend = classic_config"
        for ((other = 0; other < count; other++)); do echo "cluster_formation.classic_config.nodes.$((other + 1)) = realtimekit$other@localhost"; done
      fi
    } >"$dir/node$node/rabbitmq.conf"
    (
      rabbitmq_environment "$node"
      [ "$3" = tls ] && unset RABBITMQ_NODE_PORT RABBITMQ_NODE_IP_ADDRESS
      setsid "$rabbitmq_bin/rabbitmq-server" </dev/null >"$dir/node$node/out" 2>&1 &
    )
  done
  for ((node = 0; node < count; node++)); do
    wait_for_port $((port + node)) "$dir/node$node/out"
    # The server removes its own pid file when it ends; who kills it needs to know it before and after.
    cp "$dir/node$node/pid" "$dir/node$node/process"
  done
}

stop_rabbitmq() {
  local process
  for process in "$dir"/node*/process; do [ -f "$process" ] && end "$(cat "$process")"; done
  [ -f "$dir/epmd-port" ] && ERL_EPMD_PORT=$(cat "$dir/epmd-port") epmd -kill >/dev/null 2>&1 || true
}

[ "$action" = port ] && { free_ports "${kind:-1}"; exit; }
[ "$action" = install ] && { install_missing; exit; }
[ -n "$dir" ] || { sed -n '2,/^set/p' "$0" | grep '^#' >&2; exit 2; }
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
case "$action $kind" in
"start postgresql") start_postgresql "${4:?a port is needed}" ;;
"start-standby postgresql") start_standby "${4:?a port is needed}" "${5:?the port of the primary is needed}" ;;
"promote postgresql") as_postgres "$postgresql_bin/pg_ctl" -D "$dir/data" -w promote >/dev/null ;;
"stop postgresql") stop_postgresql "${4:-fast}" ;;
"pid postgresql") head -n 1 "$dir/data/postmaster.pid" ;;
"start rabbitmq") start_rabbitmq "${4:?a port is needed}" "${5:-1}" plain ;;
"start-tls rabbitmq") start_rabbitmq "${4:?a port is needed}" 1 tls ;;
"stop rabbitmq") stop_rabbitmq ;;
"start s3") start_s3 "${4:?a port is needed}" ;;
"stop s3") end "$(cat "$dir/process" 2>/dev/null || true)" ;;
"pid s3") cat "$dir/process" ;;
"ctl rabbitmq") rabbitmq_environment "${4:?a node is needed}"; exec "$rabbitmq_bin/rabbitmqctl" -n "$RABBITMQ_NODENAME" "${@:5}" ;;
"pid rabbitmq") cat "$dir/node${4:-0}/process" ;;
*) die "unknown: $action $kind" ;;
esac
