# Real programs for `hob programs`. Each section runs in a fresh directory after this head, works for
# some seconds, and leaves a `result` that is the same each time. `jdk` is set.
set -eu
export LC_ALL=C
fail() { echo "$*" >&2; exit 1; }

# java_work COLLECTOR TASKS: threads that fill and sort maps.
java_work() {
  cat >Work.java <<'END'
import java.util.*; import java.util.concurrent.*; import java.util.stream.*;
class Work {
  static long part(int n) {
    Random random = new Random(n);
    Map<Integer, List<Integer>> map = new HashMap<>();
    for (int i = 0; i < 1_200_000; i++) map.computeIfAbsent(random.nextInt(5000), k -> new ArrayList<>()).add(i);
    return map.entrySet().stream().sorted(Map.Entry.comparingByKey())
        .mapToLong(e -> e.getKey() * 31L + e.getValue().stream().mapToLong(x -> x).sum()).reduce(7, (a, b) -> a * 31 + b);
  }
  public static void main(String[] a) throws Exception {
    try (ExecutorService e = Executors.newFixedThreadPool(3)) {
      for (Future<Long> f : e.invokeAll(IntStream.range(0, Integer.parseInt(a[0])).mapToObj(n -> (Callable<Long>) () -> part(n)).toList()))
        System.out.println(f.get());
    }
  }
}
END
  $jdk/bin/javac Work.java
  exec $jdk/bin/java -XX:+Use$1 -Xmx384m -cp . Work $2 >result
}

#: bash | traps, background jobs, arithmetic | bash | bash
cat >work.bash <<'END'
caught=0 ended=0 sum=0
trap 'caught=$((caught + 1))' USR1
trap 'last=$caught' EXIT
for round in $(seq 1 60); do
  ( for i in $(seq 1 40); do :; done; kill -USR1 $$; exit $((round % 7)) ) &
  wait $! || true
  status=$?
  jobs -p >/dev/null
  sum=$(( (sum * 31 + round + status) % 1000003 ))
  read -r -t 0.05 nothing <>/dev/zero 2>/dev/null || true
  words=($(echo "a b c $round" | tr a-z A-Z))
  [ "${words[3]}" = "$round" ] && ended=$((ended + 1))
  sleep 0.05
done
echo "caught $caught ended $ended sum $sum"
END
exec bash work.bash >result

#: perl | regular expressions, sorting, children with pipes | perl | perl
cat >work.pl <<'END'
use strict; use warnings;
my ($x, %count) = (7);
for my $round (1 .. 150) {
  pipe(my $from, my $to) or die;
  my $child = fork() // die;
  if (!$child) {
    close $from;
    for (1 .. 60000) { $x = ($x * 1103515245 + 12345 + $round) % 2147483648; print $to "$x\n"; }
    close $to; exit($round % 5);
  }
  close $to;
  while (<$from>) { chomp; $count{$1}++ if /(\d\d)$/; }
  waitpid($child, 0) == $child && ($? >> 8) == $round % 5 or die "child: $?";
}
print join(",", map { "$_=$count{$_}" } sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count), "\n";
END
exec perl work.pl >result

#: python-threads | python3: threads, queues, locks, hashes | python3 | python3
cat >work.py <<'END'
import hashlib, queue, threading
tasks, done, lock = queue.Queue(16), {}, threading.Lock()
def worker():
  while (n := tasks.get()) is not None:
    h = b'%d' % n
    for i in range(20000): h = hashlib.sha256(h).digest()
    with lock: done[n] = h.hex()
all = [threading.Thread(target=worker) for i in range(6)]
for t in all: t.start()
for n in range(200): tasks.put(n)
for t in all: tasks.put(None)
for t in all: t.join()
for n in sorted(done): print(n, done[n])
END
exec python3 work.py >result

#: python-processes | python3: multiprocessing with a pool, a queue and shared memory | python3 | python3
cat >work.py <<'END'
import hashlib, multiprocessing as m
def work(n):
  h = b'%d' % n
  for i in range(60000): h = hashlib.sha256(h).digest()
  return n, h.hex()
def tell(q, a, n):
  for i in range(200):
    with a.get_lock(): a[i % 10] += n
    q.put((n, i))
if __name__ == '__main__':
  m.set_start_method('fork')
  with m.Pool(3) as pool: print(sorted(pool.imap_unordered(work, range(60))))
  q, a = m.Queue(), m.Array('l', 10)
  all = [m.Process(target=tell, args=(q, a, n)) for n in range(1, 4)]
  for p in all: p.start()
  got = sorted(q.get() for i in range(600))
  for p in all: p.join()
  print(len(got), sum(n * i for n, i in got), list(a), [p.exitcode for p in all])
END
exec python3 work.py >result

#: node | node: timers, promises, worker threads, hashes, a child | node | nodejs
cat >work.js <<'END'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto'), { execFile } = require('child_process');
const hash = (n, times) => { let h = Buffer.from(String(n));
  for (let i = 0; i < times; i++) h = crypto.createHash('sha256').update(h).digest(); return h.toString('hex'); };
if (!isMainThread) { for (let n = 0; n < 6; n++) parentPort.postMessage([workerData * 100 + n, hash(workerData * 100 + n, 60000)]); }
else (async () => {
  const got = [], all = [];
  for (let w = 0; w < 3; w++) all.push(new Promise((ok, no) => new Worker(__filename, { workerData: w })
    .on('message', m => got.push(m)).on('error', no).on('exit', ok)));
  let ticks = 0;
  for (let i = 0; i < 40; i++) await new Promise(ok => setTimeout(() => { ticks++; ok(); }, 50));
  await Promise.all(all);
  const said = await new Promise((ok, no) => execFile('sh', ['-c', 'sleep 0.5; echo from a child'], (e, out) => e ? no(e) : ok(out)));
  console.log(ticks, said.trim(), JSON.stringify(got.sort((a, b) => a[0] - b[0])));
})();
END
exec node work.js >result

#: java-g1 | a JVM with G1: threads, garbage, maps, sorting | $jdk/bin/java | openjdk-25-jdk-headless
java_work G1GC 24

#: java-zgc | a JVM with ZGC: the same | $jdk/bin/java | openjdk-25-jdk-headless
java_work ZGC 16

#: go | a Go program: goroutines, channels, hashes, garbage, timers | go | golang-go
export GOCACHE=$PWD/cache GOPATH=$PWD/path GO111MODULE=off HOME=$PWD
cat >work.go <<'END'
package main
import ("crypto/sha256"; "fmt"; "sort"; "sync"; "time")
func main() {
  tasks, out := make(chan int), make(chan string, 8)
  var all sync.WaitGroup
  for w := 0; w < 8; w++ {
    all.Add(1)
    go func() { defer all.Done()
      for n := range tasks {
        h := sha256.Sum256([]byte(fmt.Sprint(n)))
        for i := 0; i < 60000; i++ { b := make([]byte, 0, 64); h = sha256.Sum256(append(b, h[:]...)) }
        out <- fmt.Sprintf("%04d %x", n, h)
      } }()
  }
  ticks := 0
  ticker := time.NewTicker(20 * time.Millisecond)
  go func() { for range ticker.C { ticks++ } }()
  go func() { for n := 0; n < 400; n++ { tasks <- n }; close(tasks); all.Wait(); close(out) }()
  var lines []string
  for l := range out { lines = append(lines, l) }
  sort.Strings(lines)
  for _, l := range lines { fmt.Println(l) }
  fmt.Println(ticks > 5)
}
END
go build -o work work.go
exec ./work >result

#: rust | a Rust program: threads, channels, mutexes | rustc | rustc
cat >work.rs <<'END'
use std::collections::BTreeMap; use std::sync::{mpsc, Arc, Mutex}; use std::thread; use std::time::Duration;
fn work(n: u64) -> u64 { let mut x = n + 1;
  for i in 0..18_000_000u64 { x = x.wrapping_mul(6364136223846793005).wrapping_add(i ^ (x >> 29)); } x }
fn main() {
  let (to, from) = mpsc::channel(); let next = Arc::new(Mutex::new(0u64));
  let all: Vec<_> = (0..4).map(|_| { let to = to.clone(); let next = next.clone(); thread::spawn(move || loop {
    let n = { let mut n = next.lock().unwrap(); *n += 1; *n };
    if n > 120 { break; }
    to.send((n, work(n))).unwrap(); thread::sleep(Duration::from_millis(5));
  }) }).collect();
  drop(to);
  let got: BTreeMap<u64, u64> = from.into_iter().collect();
  for t in all { t.join().unwrap(); }
  for (n, x) in got { println!("{n} {x:x}"); }
}
END
rustc -O -o work work.rs
exec ./work >result

#: sqlite3 | sqlite3: transactions, indices, a dump | sqlite3 | sqlite3
{
  echo 'PRAGMA journal_mode=WAL; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL); CREATE INDEX i ON t(b);'
  for part in 1 2 3 4 5 6 7 8; do
    echo "BEGIN; WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 90000)
      INSERT INTO t(b, c) SELECT printf('%x', x * 7919 * $part % 100003), x * 1.5 FROM n; COMMIT;"
    echo "UPDATE t SET c = c + 1 WHERE a % $part = 0;"
  done
  echo 'SELECT count(*), sum(a), sum(c), min(b), max(b) FROM t; PRAGMA integrity_check; SELECT sum(length(b)) FROM t WHERE b > "8";'
} >work.sql
exec sqlite3 work.db <work.sql >result

#: redis | redis-server with clients in the tree | redis-server redis-cli | redis-server redis-tools
redis-server --port 0 --unixsocket $PWD/socket --bind 127.0.0.1 --port 7391 --dir $PWD --save '' --appendonly yes --daemonize no >log 2>&1 &
server=$!
for try in $(seq 1 100); do redis-cli -s socket ping >/dev/null 2>&1 && break; sleep 0.1; done
for client in 1 2 3; do
  seq 1 40000 | awk '{ print "INCR counter"; print "RPUSH list" $1 % 10 " " $1; if ($1 % 100 == 0) print "LRANGE list1 0 5" }' |
    redis-cli -p 7391 >client$client &
  clients="${clients:-} $!"
done
for c in $clients; do wait $c || fail "a client ended with $?"; done
{
  redis-cli -s socket get counter
  for l in 0 1 2 3 4 5 6 7 8 9; do redis-cli -s socket llen list$l; done
  cat client1 client2 client3 | grep -ci error || true
} >result.new
redis-cli -s socket shutdown nosave || true
wait $server || fail "the server ended with $?"
mv result.new result

#: nginx | nginx with two workers, asked by wrk in the tree | nginx wrk curl | nginx-light wrk curl
mkdir -p logs www
seq 1 20000 >www/numbers
cat >nginx.conf <<END
daemon off; user root; worker_processes 2; pid $PWD/nginx.pid; error_log $PWD/logs/error.log warn;
events { worker_connections 64; }
http { access_log off; client_body_temp_path $PWD/b; proxy_temp_path $PWD/p; fastcgi_temp_path $PWD/f; uwsgi_temp_path $PWD/u;
  scgi_temp_path $PWD/s; server { listen 127.0.0.1:7392; root $PWD/www; } }
END
nginx -p $PWD -c $PWD/nginx.conf &
server=$!
for try in $(seq 1 100); do curl -fs http://127.0.0.1:7392/numbers >/dev/null && break; sleep 0.1; done
wrk -t2 -c8 -d6s http://127.0.0.1:7392/numbers >wrk.out || fail "wrk ended with $?"
grep -E 'Socket errors|Non-2xx' wrk.out >&2 && exit 1
grep -q 'requests in' wrk.out || fail "wrk says nothing"
curl -fs http://127.0.0.1:7392/numbers | sha256sum >result.new
kill -QUIT $server
wait $server || fail "nginx ended with $?"
mv result.new result

#: postgres | a PostgreSQL server with pgbench in the tree | postgres initdb pgbench setpriv | postgresql postgresql-contrib
chmod 777 .
cat >work.sh <<'END'
set -eu
export HOME=$PWD PGHOST=$PWD PGPORT=7393 PGUSER=nobody PGDATABASE=postgres
initdb -D data -U nobody -A trust >/dev/null
postgres -D data -k $PWD -p 7393 -c listen_addresses=127.0.0.1 -c shared_buffers=8MB -c fsync=off >log 2>&1 &
server=$!
for try in $(seq 1 100); do psql -c 'select 1' >/dev/null 2>&1 && break; sleep 0.1; done
pgbench -q -i -s 1 >/dev/null 2>&1
pgbench -c 3 -j 2 -t 1500 >bench.out 2>bench.err || { cat bench.err >&2; exit 1; }
{
  grep -E 'actually processed|failed' bench.out
  psql -At -c 'select count(*), (select sum(abalance) from pgbench_accounts) = sum(delta),
    (select sum(tbalance) from pgbench_tellers) = sum(delta), (select sum(bbalance) from pgbench_branches) = sum(delta) from pgbench_history'
} >result.new
kill -INT $server
wait $server
mv result.new result
END
PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin /usr/local/bin 2>/dev/null | tr '\n' ':')
export PATH
exec setpriv --reuid 65534 --regid 65534 --clear-groups sh work.sh

#: ffmpeg | ffmpeg encodes a film of its own with threads | ffmpeg | ffmpeg
ffmpeg -v error -f lavfi -i testsrc2=size=640x360:rate=25:duration=300 -f lavfi -i sine=duration=300 \
  -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -c:v mpeg4 -threads 2 -q:v 5 -c:a pcm_s16le -f avi film.avi </dev/null
exec sha256sum film.avi >result

#: tar-xz | a pipeline of tar, xz and sha256sum, and back | tar xz sha256sum | tar xz-utils coreutils
mkdir in
for i in $(seq 1 30); do awk "BEGIN { srand($i); for (n = 0; n < 25000; n++) print int(rand() * 1000000) }" >in/file$i; done
tar --sort=name --owner=0 --group=0 --mtime=@0 -cf - in | xz -T2 -3 | tee all.tar.xz | sha256sum >result.new
mkdir out
xz -dc all.tar.xz | tar -C out -xf -
(cd out/in && cat file*) | sha256sum >>result.new
mv result.new result

#: make | make with two compilers at a time | make gcc | make gcc
for i in $(seq 1 24); do
  { echo '#include <math.h>'
    for f in $(seq 1 120); do echo "double f${i}_$f(double x) { for (int i = 0; i < $f; i++) x = sin(x * $i) + x / (i + 1.5); return x; }"; done
  } >part$i.c
done
{ for i in $(seq 1 24); do echo "double f${i}_7(double);"; done
  echo '#include <stdio.h>'; echo 'int main(void) { double s = 0;'
  for i in $(seq 1 24); do echo "s += f${i}_7($i);"; done; printf '%s\n' 'printf("%.12f\n", s); return 0; }'; } >main.c
printf 'OBJECTS := $(patsubst %%.c,%%.o,$(wildcard *.c))\nall: work\nwork: $(OBJECTS)\n\tgcc -o $@ $(OBJECTS) -lm\n%%.o: %%.c\n\tgcc -O2 -c -o $@ $<\n' >Makefile
make -s -j2
./work >result.new
sha256sum part1.o part24.o main.o >>result.new
mv result.new result
