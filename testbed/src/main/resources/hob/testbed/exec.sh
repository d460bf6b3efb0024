#!/bin/sh
# Runs a command on a host of the testbed whose directory this file is in, as ssh would:
#   exec HOST [--] [COMMAND...]
# Streams, environment, working directory and exit status pass through. On a terminal the command
# gets a terminal of the host's own, otherwise a session of its own there; its parent is a process
# of that host. Status 255 says that the command was not run.
here=${0%/*}

fail() {
  printf 'hob: %s\n' "$*" >&2
  exit 255
}

host=$1
shift
[ "${1:-}" != -- ] || shift
[ $# -gt 0 ] || set -- "${SHELL:-/bin/sh}"

# ---------------------------------------------------------------- is the host there?

read -r init born 2>/dev/null <"$here/$host/init" ||
  fail "testbed '${here##*/}' has no host '$host'; it has:" "$(cd "$here" && echo h[1-9]*)"

# A pid may have gone to another process; a pid and its start time never do.
same_process() {
  read -r stat <"/proc/$init/stat" || return 1
  set -- ${stat##*) }
  [ "$1" != Z ] && [ "${20}" = "$born" ]
} 2>/dev/null
same_process || fail "host '$host' is dead; end the testbed with: hob testbed down"
[ -e "/proc/$init/ns/net" ] || fail "may not enter host '$host'; run it as root"

# ---------------------------------------------------------------- run it there

# Appends $1 to line as one word of shell.
quote() {
  rest=$1 word=
  while :; do
    case $rest in
      *\'*) word="$word${rest%%\'*}'\\''" rest=${rest#*\'} ;;
      *) break ;;
    esac
  done
  line="$line '$word$rest'"
}

# Jobs in the background may not touch the terminal.
in_foreground() {
  read -r stat </proc/self/stat
  set -- ${stat##*) }
  [ "$3" = "$6" ]
}

exec 3<&0
mode=pipes
if [ -t 0 ]; then
  if ! in_foreground; then
    exec 3</dev/null
  elif [ -t 1 ] && command -v script >/dev/null; then
    mode=terminal
  fi
fi

on_host="nsenter -t $init -n -m -u -i -p /bin/sh /var/lib/hob/testbed/${here##*/}/enter $host"
case $mode in
  pipes)
    # A session of its own, so that no signal from a terminal here reaches it but by `forward`.
    setsid $on_host pipes "$PWD" "$@" <&3 3<&- &
    ;;
  terminal)
    line='exec env --default-signal=INT,QUIT --'
    for argument; do quote "$argument"; done
    # script(1) runs $SHELL, which need not be a POSIX shell.
    if [ -n "${SHELL+set}" ]; then
      command=$line line=SHELL=
      quote "$SHELL"
      line="SHELL=${line#SHELL= } $command"
    else
      line="unset SHELL; $line"
    fi
    # Errors that go elsewhere stay apart.
    [ -t 2 ] || line="$line 2>&4"
    SHELL=/bin/sh $on_host terminal "$PWD" "$line" <&3 3<&- 4>&2 2>&1 &
    ;;
esac
nsenter=$!
exec 3<&-

# ---------------------------------------------------------------- signals and the end

# Passes a signal on: one that a terminal sends to the whole foreground, others to the command alone.
forward() {
  signal=$1 parent= command=
  # These files have no line end, so read(1) fails even when it reads.
  read -r parent <"/proc/$nsenter/task/$nsenter/children"
  parent=${parent%% *}
  read -r command <"/proc/$parent/task/$parent/children"
  command=${command%% *}
  case $mode/$signal in
    terminal/*) kill -s "$signal" "$parent" ;;
    */TERM) kill -s "$signal" "$command" ;;
    *) kill -s "$signal" -- "-$command" ;;
  esac
} 2>/dev/null
for signal in INT QUIT TERM HUP; do trap "caught=yes; forward $signal" $signal; done
signal= status=

while :; do
  caught= interrupted=$status
  wait "$nsenter"
  status=$?
  # A caught signal ends the waiting with a status above 128; below, it is the command's in any case.
  [ -n "$caught" ] && [ "$status" -gt 128 ] || break
done
# The shell tells a status only once: it may have been the command's after all.
[ "$status" != 127 ] || status=${interrupted:-127}

# Whoever called must see that its own signal ended us, or a script would go on after ^C.
if [ -n "$signal" ] && [ "$status" -gt 128 ] && [ "$(kill -l "$status")" = "$signal" ]; then
  trap - "$signal"
  kill -s "$signal" $$
fi
exit "$status"
