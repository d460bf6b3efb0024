#!/bin/sh
# Keeps a host's daemon running, as systemd's Restart=always would. Runs on the host.
#   supervise start    starts the daemon, and again whenever it ends, until /run/hob/hold exists
run=/run/hob
here=${0%/*}

# running WHAT: sets pid and tells whether that process is there.
running() {
  pid=
  read -r pid <"$run/$1.pid"
  [ -n "$pid" ] && kill -0 "$pid"
} 2>/dev/null

case ${1:-} in
  start)
    rm -f "$run/hold"
    running supervisor && exit 0
    # Its supervisor was killed: two daemons at once would be worse than a restart.
    running daemon && kill -9 "$pid"
    : >"$run/daemon.pid"
    setsid /bin/sh "$0" loop </dev/null >>"$here/daemon.out" 2>&1 &
    # Whoever asked may rely on the daemon's pid being known.
    while ! [ -s "$run/daemon.pid" ]; do sleep 0.01; done
    ;;
  loop)
    cd /
    echo $$ >"$run/supervisor.pid"
    while ! [ -e "$run/hold" ]; do
      read -r started _ </proc/uptime
      setsid /bin/sh "$here/daemon" &
      echo $! >"$run/daemon.pid"
      wait $!
      status=$?
      : >"$run/daemon.pid"
      read -r ended _ </proc/uptime
      echo "supervise: the daemon ended with status $status after $((${ended%.*} - ${started%.*})) s"
      # One that cannot start must not eat up the machine.
      [ $((${ended%.*} - ${started%.*})) -gt 0 ] || sleep 0.1
    done
    rm -f "$run/supervisor.pid"
    ;;
  *)
    echo "usage: supervise start" >&2
    exit 2
    ;;
esac
