#!/bin/sh
# The part of `exec` that runs on the host, as parent of the command:
#   enter HOST pipes|terminal DIRECTORY COMMAND...
host=$1 mode=$2 directory=$3
shift 3

while read -r cgroup; do
  echo 0 >"$cgroup/cgroup.procs" || exit 255
done <"${0%/*}/$host/cgroups"

cd "$directory" 2>/dev/null || {
  printf 'hob: no directory %s on %s; change to one that is there\n' "$directory" "$host" >&2
  exit 255
}

case $mode in
  pipes)
    # A shell gives background commands an empty input and has them ignore INT and QUIT: undo both.
    exec 3<&0
    setsid env --default-signal=INT,QUIT -- "$@" <&3 3<&- &
    exec 3<&- </dev/null >/dev/null 2>&1
    wait $!
    ;;
  terminal)
    # script(1) makes the terminal and stays as parent, like sshd.
    exec script -qec "$1" /dev/null
    ;;
esac
