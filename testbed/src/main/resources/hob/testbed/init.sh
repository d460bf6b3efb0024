# A host's pid 1: sets the host up, then does nothing but reap.
# arguments: HOST FIRST-PID HOSTS-FILE PID-MAX FIFO
# Where a FIFO is given it ends when nobody has that open for writing any more.
set -e
exec 3<"${5:-/dev/null}"
mount -t proc -o nosuid,nodev,noexec proc /proc
mkdir -p /run/hob
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run/hob
mount --bind "$3" /etc/hosts
echo "$1" >/proc/sys/kernel/hostname

# Homes have the pids below 2^21. Not given where the limit is the whole machine's.
if [ -n "$4" ]; then echo "$4" >/proc/sys/kernel/pid_max; fi
# Each host counts from elsewhere, so that nobody can take one host's pid for another's.
echo "$2" >/proc/sys/kernel/ns_last_pid

echo ready
# An ignored SIGCHLD has the kernel reap orphans. Nothing else of this process's past is kept.
if [ -n "$5" ]; then set -- cat; else set -- sleep infinity; fi
exec env -i --default-signal --ignore-signal=CHLD "$@" <&3 3<&- >/dev/null 2>&1
