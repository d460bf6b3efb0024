# A host's pid 1: sets the host up, then does nothing but reap.
# arguments: HOST FIRST-PID HOSTS-FILE PID-MAX FIFO DIRECTORY
# Where a FIFO is given it ends when nobody has that open for writing any more.
# Where a directory is given it holds what the host does not share with the others.
set -e
exec 3<"${5:-/dev/null}"
mount -t proc -o nosuid,nodev,noexec proc /proc
mkdir -p /run/hob
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run/hob
mount --bind "$3" /etc/hosts
if [ -n "$6" ]; then
  mkdir -p "$6/home" "$6/tmp" "$6/var/tmp" "$6/var/log" "$6/var/cache" "$6/var/lib/hob/testbed" "$6/usr"
  chmod 1777 "$6/tmp" "$6/var/tmp"
  ln -s /run "$6/var/run"
  ln -s /run/lock "$6/var/lock"
  # Who reads one of these files knows whose they are.
  for directory in home tmp var usr; do echo "$1" >"$6/$directory/hob-host"; done
  echo "$1" >"$6/hostname"
  # The testbed's own files have the same path everywhere.
  mount --bind /var/lib/hob/testbed "$6/var/lib/hob/testbed"
  [ -e /etc/hostname ] || : >/etc/hostname
  mount --bind "$6/hostname" /etc/hostname
  mkdir -p /home /usr/local/games
  mount --bind "$6/home" /home
  mount --bind "$6/tmp" /tmp
  mount --bind "$6/usr" /usr/local/games
  mount --rbind "$6/var" /var
fi
echo "$1" >/proc/sys/kernel/hostname

# Homes have the pids below 2^21. Not given where the limit is the whole machine's.
if [ -n "$4" ]; then echo "$4" >/proc/sys/kernel/pid_max; fi
# Each host counts from elsewhere, so that nobody can take one host's pid for another's.
echo "$2" >/proc/sys/kernel/ns_last_pid

echo ready
# An ignored SIGCHLD has the kernel reap orphans. Nothing else of this process's past is kept.
if [ -n "$5" ]; then set -- cat; else set -- sleep infinity; fi
exec env -i --default-signal --ignore-signal=CHLD "$@" <&3 3<&- >/dev/null 2>&1
