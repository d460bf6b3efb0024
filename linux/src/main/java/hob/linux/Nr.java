package hob.linux;

/** System call numbers of x86-64 (asm/unistd_64.h), under their own names in capitals. */
public final class Nr {
  /** {@code read(2)}. */
  public static final int READ = 0;

  /** {@code write(2)}. */
  public static final int WRITE = 1;

  /** {@code open(2)}. */
  public static final int OPEN = 2;

  /** {@code close(2)}. */
  public static final int CLOSE = 3;

  /** {@code stat(2)}. */
  public static final int STAT = 4;

  /** {@code fstat(2)}. */
  public static final int FSTAT = 5;

  /** {@code lstat(2)}. */
  public static final int LSTAT = 6;

  /** {@code poll(2)}. */
  public static final int POLL = 7;

  /** {@code lseek(2)}. */
  public static final int LSEEK = 8;

  /** {@code mmap(2)}. */
  public static final int MMAP = 9;

  /** {@code mprotect(2)}. */
  public static final int MPROTECT = 10;

  /** {@code munmap(2)}. */
  public static final int MUNMAP = 11;

  /** {@code brk(2)}. */
  public static final int BRK = 12;

  /** {@code rt_sigaction(2)}. */
  public static final int RT_SIGACTION = 13;

  /** {@code rt_sigprocmask(2)}. */
  public static final int RT_SIGPROCMASK = 14;

  /** {@code rt_sigreturn(2)}. */
  public static final int RT_SIGRETURN = 15;

  /** {@code ioctl(2)}. */
  public static final int IOCTL = 16;

  /** {@code pread64(2)}. */
  public static final int PREAD64 = 17;

  /** {@code pwrite64(2)}. */
  public static final int PWRITE64 = 18;

  /** {@code readv(2)}. */
  public static final int READV = 19;

  /** {@code writev(2)}. */
  public static final int WRITEV = 20;

  /** {@code access(2)}. */
  public static final int ACCESS = 21;

  /** {@code pipe(2)}. */
  public static final int PIPE = 22;

  /** {@code select(2)}. */
  public static final int SELECT = 23;

  /** {@code sched_yield(2)}. */
  public static final int SCHED_YIELD = 24;

  /** {@code mremap(2)}. */
  public static final int MREMAP = 25;

  /** {@code msync(2)}. */
  public static final int MSYNC = 26;

  /** {@code mincore(2)}. */
  public static final int MINCORE = 27;

  /** {@code madvise(2)}. */
  public static final int MADVISE = 28;

  /** {@code shmget(2)}. */
  public static final int SHMGET = 29;

  /** {@code shmat(2)}. */
  public static final int SHMAT = 30;

  /** {@code shmctl(2)}. */
  public static final int SHMCTL = 31;

  /** {@code dup(2)}. */
  public static final int DUP = 32;

  /** {@code dup2(2)}. */
  public static final int DUP2 = 33;

  /** {@code pause(2)}. */
  public static final int PAUSE = 34;

  /** {@code nanosleep(2)}. */
  public static final int NANOSLEEP = 35;

  /** {@code getitimer(2)}. */
  public static final int GETITIMER = 36;

  /** {@code alarm(2)}. */
  public static final int ALARM = 37;

  /** {@code setitimer(2)}. */
  public static final int SETITIMER = 38;

  /** {@code getpid(2)}. */
  public static final int GETPID = 39;

  /** {@code sendfile(2)}. */
  public static final int SENDFILE = 40;

  /** {@code socket(2)}. */
  public static final int SOCKET = 41;

  /** {@code connect(2)}. */
  public static final int CONNECT = 42;

  /** {@code accept(2)}. */
  public static final int ACCEPT = 43;

  /** {@code sendto(2)}. */
  public static final int SENDTO = 44;

  /** {@code recvfrom(2)}. */
  public static final int RECVFROM = 45;

  /** {@code sendmsg(2)}. */
  public static final int SENDMSG = 46;

  /** {@code recvmsg(2)}. */
  public static final int RECVMSG = 47;

  /** {@code shutdown(2)}. */
  public static final int SHUTDOWN = 48;

  /** {@code bind(2)}. */
  public static final int BIND = 49;

  /** {@code listen(2)}. */
  public static final int LISTEN = 50;

  /** {@code getsockname(2)}. */
  public static final int GETSOCKNAME = 51;

  /** {@code getpeername(2)}. */
  public static final int GETPEERNAME = 52;

  /** {@code socketpair(2)}. */
  public static final int SOCKETPAIR = 53;

  /** {@code setsockopt(2)}. */
  public static final int SETSOCKOPT = 54;

  /** {@code getsockopt(2)}. */
  public static final int GETSOCKOPT = 55;

  /** {@code clone(2)}. */
  public static final int CLONE = 56;

  /** {@code fork(2)}. */
  public static final int FORK = 57;

  /** {@code vfork(2)}. */
  public static final int VFORK = 58;

  /** {@code execve(2)}. */
  public static final int EXECVE = 59;

  /** {@code exit(2)}. */
  public static final int EXIT = 60;

  /** {@code wait4(2)}. */
  public static final int WAIT4 = 61;

  /** {@code kill(2)}. */
  public static final int KILL = 62;

  /** {@code uname(2)}. */
  public static final int UNAME = 63;

  /** {@code semget(2)}. */
  public static final int SEMGET = 64;

  /** {@code semop(2)}. */
  public static final int SEMOP = 65;

  /** {@code semctl(2)}. */
  public static final int SEMCTL = 66;

  /** {@code shmdt(2)}. */
  public static final int SHMDT = 67;

  /** {@code msgget(2)}. */
  public static final int MSGGET = 68;

  /** {@code msgsnd(2)}. */
  public static final int MSGSND = 69;

  /** {@code msgrcv(2)}. */
  public static final int MSGRCV = 70;

  /** {@code msgctl(2)}. */
  public static final int MSGCTL = 71;

  /** {@code fcntl(2)}. */
  public static final int FCNTL = 72;

  /** {@code flock(2)}. */
  public static final int FLOCK = 73;

  /** {@code fsync(2)}. */
  public static final int FSYNC = 74;

  /** {@code fdatasync(2)}. */
  public static final int FDATASYNC = 75;

  /** {@code truncate(2)}. */
  public static final int TRUNCATE = 76;

  /** {@code ftruncate(2)}. */
  public static final int FTRUNCATE = 77;

  /** {@code getdents(2)}. */
  public static final int GETDENTS = 78;

  /** {@code getcwd(2)}. */
  public static final int GETCWD = 79;

  /** {@code chdir(2)}. */
  public static final int CHDIR = 80;

  /** {@code fchdir(2)}. */
  public static final int FCHDIR = 81;

  /** {@code rename(2)}. */
  public static final int RENAME = 82;

  /** {@code mkdir(2)}. */
  public static final int MKDIR = 83;

  /** {@code rmdir(2)}. */
  public static final int RMDIR = 84;

  /** {@code creat(2)}. */
  public static final int CREAT = 85;

  /** {@code link(2)}. */
  public static final int LINK = 86;

  /** {@code unlink(2)}. */
  public static final int UNLINK = 87;

  /** {@code symlink(2)}. */
  public static final int SYMLINK = 88;

  /** {@code readlink(2)}. */
  public static final int READLINK = 89;

  /** {@code chmod(2)}. */
  public static final int CHMOD = 90;

  /** {@code fchmod(2)}. */
  public static final int FCHMOD = 91;

  /** {@code chown(2)}. */
  public static final int CHOWN = 92;

  /** {@code fchown(2)}. */
  public static final int FCHOWN = 93;

  /** {@code lchown(2)}. */
  public static final int LCHOWN = 94;

  /** {@code umask(2)}. */
  public static final int UMASK = 95;

  /** {@code gettimeofday(2)}. */
  public static final int GETTIMEOFDAY = 96;

  /** {@code getrlimit(2)}. */
  public static final int GETRLIMIT = 97;

  /** {@code getrusage(2)}. */
  public static final int GETRUSAGE = 98;

  /** {@code sysinfo(2)}. */
  public static final int SYSINFO = 99;

  /** {@code times(2)}. */
  public static final int TIMES = 100;

  /** {@code ptrace(2)}. */
  public static final int PTRACE = 101;

  /** {@code getuid(2)}. */
  public static final int GETUID = 102;

  /** {@code syslog(2)}. */
  public static final int SYSLOG = 103;

  /** {@code getgid(2)}. */
  public static final int GETGID = 104;

  /** {@code setuid(2)}. */
  public static final int SETUID = 105;

  /** {@code setgid(2)}. */
  public static final int SETGID = 106;

  /** {@code geteuid(2)}. */
  public static final int GETEUID = 107;

  /** {@code getegid(2)}. */
  public static final int GETEGID = 108;

  /** {@code setpgid(2)}. */
  public static final int SETPGID = 109;

  /** {@code getppid(2)}. */
  public static final int GETPPID = 110;

  /** {@code getpgrp(2)}. */
  public static final int GETPGRP = 111;

  /** {@code setsid(2)}. */
  public static final int SETSID = 112;

  /** {@code setreuid(2)}. */
  public static final int SETREUID = 113;

  /** {@code setregid(2)}. */
  public static final int SETREGID = 114;

  /** {@code getgroups(2)}. */
  public static final int GETGROUPS = 115;

  /** {@code setgroups(2)}. */
  public static final int SETGROUPS = 116;

  /** {@code setresuid(2)}. */
  public static final int SETRESUID = 117;

  /** {@code getresuid(2)}. */
  public static final int GETRESUID = 118;

  /** {@code setresgid(2)}. */
  public static final int SETRESGID = 119;

  /** {@code getresgid(2)}. */
  public static final int GETRESGID = 120;

  /** {@code getpgid(2)}. */
  public static final int GETPGID = 121;

  /** {@code setfsuid(2)}. */
  public static final int SETFSUID = 122;

  /** {@code setfsgid(2)}. */
  public static final int SETFSGID = 123;

  /** {@code getsid(2)}. */
  public static final int GETSID = 124;

  /** {@code capget(2)}. */
  public static final int CAPGET = 125;

  /** {@code capset(2)}. */
  public static final int CAPSET = 126;

  /** {@code rt_sigpending(2)}. */
  public static final int RT_SIGPENDING = 127;

  /** {@code rt_sigtimedwait(2)}. */
  public static final int RT_SIGTIMEDWAIT = 128;

  /** {@code rt_sigqueueinfo(2)}. */
  public static final int RT_SIGQUEUEINFO = 129;

  /** {@code rt_sigsuspend(2)}. */
  public static final int RT_SIGSUSPEND = 130;

  /** {@code sigaltstack(2)}. */
  public static final int SIGALTSTACK = 131;

  /** {@code utime(2)}. */
  public static final int UTIME = 132;

  /** {@code mknod(2)}. */
  public static final int MKNOD = 133;

  /** {@code uselib(2)}. */
  public static final int USELIB = 134;

  /** {@code personality(2)}. */
  public static final int PERSONALITY = 135;

  /** {@code ustat(2)}. */
  public static final int USTAT = 136;

  /** {@code statfs(2)}. */
  public static final int STATFS = 137;

  /** {@code fstatfs(2)}. */
  public static final int FSTATFS = 138;

  /** {@code sysfs(2)}. */
  public static final int SYSFS = 139;

  /** {@code getpriority(2)}. */
  public static final int GETPRIORITY = 140;

  /** {@code setpriority(2)}. */
  public static final int SETPRIORITY = 141;

  /** {@code sched_setparam(2)}. */
  public static final int SCHED_SETPARAM = 142;

  /** {@code sched_getparam(2)}. */
  public static final int SCHED_GETPARAM = 143;

  /** {@code sched_setscheduler(2)}. */
  public static final int SCHED_SETSCHEDULER = 144;

  /** {@code sched_getscheduler(2)}. */
  public static final int SCHED_GETSCHEDULER = 145;

  /** {@code sched_get_priority_max(2)}. */
  public static final int SCHED_GET_PRIORITY_MAX = 146;

  /** {@code sched_get_priority_min(2)}. */
  public static final int SCHED_GET_PRIORITY_MIN = 147;

  /** {@code sched_rr_get_interval(2)}. */
  public static final int SCHED_RR_GET_INTERVAL = 148;

  /** {@code mlock(2)}. */
  public static final int MLOCK = 149;

  /** {@code munlock(2)}. */
  public static final int MUNLOCK = 150;

  /** {@code mlockall(2)}. */
  public static final int MLOCKALL = 151;

  /** {@code munlockall(2)}. */
  public static final int MUNLOCKALL = 152;

  /** {@code vhangup(2)}. */
  public static final int VHANGUP = 153;

  /** {@code modify_ldt(2)}. */
  public static final int MODIFY_LDT = 154;

  /** {@code pivot_root(2)}. */
  public static final int PIVOT_ROOT = 155;

  /** {@code _sysctl(2)}. */
  public static final int _SYSCTL = 156;

  /** {@code prctl(2)}. */
  public static final int PRCTL = 157;

  /** {@code arch_prctl(2)}. */
  public static final int ARCH_PRCTL = 158;

  /** {@code adjtimex(2)}. */
  public static final int ADJTIMEX = 159;

  /** {@code setrlimit(2)}. */
  public static final int SETRLIMIT = 160;

  /** {@code chroot(2)}. */
  public static final int CHROOT = 161;

  /** {@code sync(2)}. */
  public static final int SYNC = 162;

  /** {@code acct(2)}. */
  public static final int ACCT = 163;

  /** {@code settimeofday(2)}. */
  public static final int SETTIMEOFDAY = 164;

  /** {@code mount(2)}. */
  public static final int MOUNT = 165;

  /** {@code umount2(2)}. */
  public static final int UMOUNT2 = 166;

  /** {@code swapon(2)}. */
  public static final int SWAPON = 167;

  /** {@code swapoff(2)}. */
  public static final int SWAPOFF = 168;

  /** {@code reboot(2)}. */
  public static final int REBOOT = 169;

  /** {@code sethostname(2)}. */
  public static final int SETHOSTNAME = 170;

  /** {@code setdomainname(2)}. */
  public static final int SETDOMAINNAME = 171;

  /** {@code iopl(2)}. */
  public static final int IOPL = 172;

  /** {@code ioperm(2)}. */
  public static final int IOPERM = 173;

  /** {@code create_module(2)}. */
  public static final int CREATE_MODULE = 174;

  /** {@code init_module(2)}. */
  public static final int INIT_MODULE = 175;

  /** {@code delete_module(2)}. */
  public static final int DELETE_MODULE = 176;

  /** {@code get_kernel_syms(2)}. */
  public static final int GET_KERNEL_SYMS = 177;

  /** {@code query_module(2)}. */
  public static final int QUERY_MODULE = 178;

  /** {@code quotactl(2)}. */
  public static final int QUOTACTL = 179;

  /** {@code nfsservctl(2)}. */
  public static final int NFSSERVCTL = 180;

  /** {@code getpmsg(2)}. */
  public static final int GETPMSG = 181;

  /** {@code putpmsg(2)}. */
  public static final int PUTPMSG = 182;

  /** {@code afs_syscall(2)}. */
  public static final int AFS_SYSCALL = 183;

  /** {@code tuxcall(2)}. */
  public static final int TUXCALL = 184;

  /** {@code security(2)}. */
  public static final int SECURITY = 185;

  /** {@code gettid(2)}. */
  public static final int GETTID = 186;

  /** {@code readahead(2)}. */
  public static final int READAHEAD = 187;

  /** {@code setxattr(2)}. */
  public static final int SETXATTR = 188;

  /** {@code lsetxattr(2)}. */
  public static final int LSETXATTR = 189;

  /** {@code fsetxattr(2)}. */
  public static final int FSETXATTR = 190;

  /** {@code getxattr(2)}. */
  public static final int GETXATTR = 191;

  /** {@code lgetxattr(2)}. */
  public static final int LGETXATTR = 192;

  /** {@code fgetxattr(2)}. */
  public static final int FGETXATTR = 193;

  /** {@code listxattr(2)}. */
  public static final int LISTXATTR = 194;

  /** {@code llistxattr(2)}. */
  public static final int LLISTXATTR = 195;

  /** {@code flistxattr(2)}. */
  public static final int FLISTXATTR = 196;

  /** {@code removexattr(2)}. */
  public static final int REMOVEXATTR = 197;

  /** {@code lremovexattr(2)}. */
  public static final int LREMOVEXATTR = 198;

  /** {@code fremovexattr(2)}. */
  public static final int FREMOVEXATTR = 199;

  /** {@code tkill(2)}. */
  public static final int TKILL = 200;

  /** {@code time(2)}. */
  public static final int TIME = 201;

  /** {@code futex(2)}. */
  public static final int FUTEX = 202;

  /** {@code sched_setaffinity(2)}. */
  public static final int SCHED_SETAFFINITY = 203;

  /** {@code sched_getaffinity(2)}. */
  public static final int SCHED_GETAFFINITY = 204;

  /** {@code set_thread_area(2)}. */
  public static final int SET_THREAD_AREA = 205;

  /** {@code io_setup(2)}. */
  public static final int IO_SETUP = 206;

  /** {@code io_destroy(2)}. */
  public static final int IO_DESTROY = 207;

  /** {@code io_getevents(2)}. */
  public static final int IO_GETEVENTS = 208;

  /** {@code io_submit(2)}. */
  public static final int IO_SUBMIT = 209;

  /** {@code io_cancel(2)}. */
  public static final int IO_CANCEL = 210;

  /** {@code get_thread_area(2)}. */
  public static final int GET_THREAD_AREA = 211;

  /** {@code lookup_dcookie(2)}. */
  public static final int LOOKUP_DCOOKIE = 212;

  /** {@code epoll_create(2)}. */
  public static final int EPOLL_CREATE = 213;

  /** {@code epoll_ctl_old(2)}. */
  public static final int EPOLL_CTL_OLD = 214;

  /** {@code epoll_wait_old(2)}. */
  public static final int EPOLL_WAIT_OLD = 215;

  /** {@code remap_file_pages(2)}. */
  public static final int REMAP_FILE_PAGES = 216;

  /** {@code getdents64(2)}. */
  public static final int GETDENTS64 = 217;

  /** {@code set_tid_address(2)}. */
  public static final int SET_TID_ADDRESS = 218;

  /** {@code restart_syscall(2)}. */
  public static final int RESTART_SYSCALL = 219;

  /** {@code semtimedop(2)}. */
  public static final int SEMTIMEDOP = 220;

  /** {@code fadvise64(2)}. */
  public static final int FADVISE64 = 221;

  /** {@code timer_create(2)}. */
  public static final int TIMER_CREATE = 222;

  /** {@code timer_settime(2)}. */
  public static final int TIMER_SETTIME = 223;

  /** {@code timer_gettime(2)}. */
  public static final int TIMER_GETTIME = 224;

  /** {@code timer_getoverrun(2)}. */
  public static final int TIMER_GETOVERRUN = 225;

  /** {@code timer_delete(2)}. */
  public static final int TIMER_DELETE = 226;

  /** {@code clock_settime(2)}. */
  public static final int CLOCK_SETTIME = 227;

  /** {@code clock_gettime(2)}. */
  public static final int CLOCK_GETTIME = 228;

  /** {@code clock_getres(2)}. */
  public static final int CLOCK_GETRES = 229;

  /** {@code clock_nanosleep(2)}. */
  public static final int CLOCK_NANOSLEEP = 230;

  /** {@code exit_group(2)}. */
  public static final int EXIT_GROUP = 231;

  /** {@code epoll_wait(2)}. */
  public static final int EPOLL_WAIT = 232;

  /** {@code epoll_ctl(2)}. */
  public static final int EPOLL_CTL = 233;

  /** {@code tgkill(2)}. */
  public static final int TGKILL = 234;

  /** {@code utimes(2)}. */
  public static final int UTIMES = 235;

  /** {@code vserver(2)}. */
  public static final int VSERVER = 236;

  /** {@code mbind(2)}. */
  public static final int MBIND = 237;

  /** {@code set_mempolicy(2)}. */
  public static final int SET_MEMPOLICY = 238;

  /** {@code get_mempolicy(2)}. */
  public static final int GET_MEMPOLICY = 239;

  /** {@code mq_open(2)}. */
  public static final int MQ_OPEN = 240;

  /** {@code mq_unlink(2)}. */
  public static final int MQ_UNLINK = 241;

  /** {@code mq_timedsend(2)}. */
  public static final int MQ_TIMEDSEND = 242;

  /** {@code mq_timedreceive(2)}. */
  public static final int MQ_TIMEDRECEIVE = 243;

  /** {@code mq_notify(2)}. */
  public static final int MQ_NOTIFY = 244;

  /** {@code mq_getsetattr(2)}. */
  public static final int MQ_GETSETATTR = 245;

  /** {@code kexec_load(2)}. */
  public static final int KEXEC_LOAD = 246;

  /** {@code waitid(2)}. */
  public static final int WAITID = 247;

  /** {@code add_key(2)}. */
  public static final int ADD_KEY = 248;

  /** {@code request_key(2)}. */
  public static final int REQUEST_KEY = 249;

  /** {@code keyctl(2)}. */
  public static final int KEYCTL = 250;

  /** {@code ioprio_set(2)}. */
  public static final int IOPRIO_SET = 251;

  /** {@code ioprio_get(2)}. */
  public static final int IOPRIO_GET = 252;

  /** {@code inotify_init(2)}. */
  public static final int INOTIFY_INIT = 253;

  /** {@code inotify_add_watch(2)}. */
  public static final int INOTIFY_ADD_WATCH = 254;

  /** {@code inotify_rm_watch(2)}. */
  public static final int INOTIFY_RM_WATCH = 255;

  /** {@code migrate_pages(2)}. */
  public static final int MIGRATE_PAGES = 256;

  /** {@code openat(2)}. */
  public static final int OPENAT = 257;

  /** {@code mkdirat(2)}. */
  public static final int MKDIRAT = 258;

  /** {@code mknodat(2)}. */
  public static final int MKNODAT = 259;

  /** {@code fchownat(2)}. */
  public static final int FCHOWNAT = 260;

  /** {@code futimesat(2)}. */
  public static final int FUTIMESAT = 261;

  /** {@code newfstatat(2)}. */
  public static final int NEWFSTATAT = 262;

  /** {@code unlinkat(2)}. */
  public static final int UNLINKAT = 263;

  /** {@code renameat(2)}. */
  public static final int RENAMEAT = 264;

  /** {@code linkat(2)}. */
  public static final int LINKAT = 265;

  /** {@code symlinkat(2)}. */
  public static final int SYMLINKAT = 266;

  /** {@code readlinkat(2)}. */
  public static final int READLINKAT = 267;

  /** {@code fchmodat(2)}. */
  public static final int FCHMODAT = 268;

  /** {@code faccessat(2)}. */
  public static final int FACCESSAT = 269;

  /** {@code pselect6(2)}. */
  public static final int PSELECT6 = 270;

  /** {@code ppoll(2)}. */
  public static final int PPOLL = 271;

  /** {@code unshare(2)}. */
  public static final int UNSHARE = 272;

  /** {@code set_robust_list(2)}. */
  public static final int SET_ROBUST_LIST = 273;

  /** {@code get_robust_list(2)}. */
  public static final int GET_ROBUST_LIST = 274;

  /** {@code splice(2)}. */
  public static final int SPLICE = 275;

  /** {@code tee(2)}. */
  public static final int TEE = 276;

  /** {@code sync_file_range(2)}. */
  public static final int SYNC_FILE_RANGE = 277;

  /** {@code vmsplice(2)}. */
  public static final int VMSPLICE = 278;

  /** {@code move_pages(2)}. */
  public static final int MOVE_PAGES = 279;

  /** {@code utimensat(2)}. */
  public static final int UTIMENSAT = 280;

  /** {@code epoll_pwait(2)}. */
  public static final int EPOLL_PWAIT = 281;

  /** {@code signalfd(2)}. */
  public static final int SIGNALFD = 282;

  /** {@code timerfd_create(2)}. */
  public static final int TIMERFD_CREATE = 283;

  /** {@code eventfd(2)}. */
  public static final int EVENTFD = 284;

  /** {@code fallocate(2)}. */
  public static final int FALLOCATE = 285;

  /** {@code timerfd_settime(2)}. */
  public static final int TIMERFD_SETTIME = 286;

  /** {@code timerfd_gettime(2)}. */
  public static final int TIMERFD_GETTIME = 287;

  /** {@code accept4(2)}. */
  public static final int ACCEPT4 = 288;

  /** {@code signalfd4(2)}. */
  public static final int SIGNALFD4 = 289;

  /** {@code eventfd2(2)}. */
  public static final int EVENTFD2 = 290;

  /** {@code epoll_create1(2)}. */
  public static final int EPOLL_CREATE1 = 291;

  /** {@code dup3(2)}. */
  public static final int DUP3 = 292;

  /** {@code pipe2(2)}. */
  public static final int PIPE2 = 293;

  /** {@code inotify_init1(2)}. */
  public static final int INOTIFY_INIT1 = 294;

  /** {@code preadv(2)}. */
  public static final int PREADV = 295;

  /** {@code pwritev(2)}. */
  public static final int PWRITEV = 296;

  /** {@code rt_tgsigqueueinfo(2)}. */
  public static final int RT_TGSIGQUEUEINFO = 297;

  /** {@code perf_event_open(2)}. */
  public static final int PERF_EVENT_OPEN = 298;

  /** {@code recvmmsg(2)}. */
  public static final int RECVMMSG = 299;

  /** {@code fanotify_init(2)}. */
  public static final int FANOTIFY_INIT = 300;

  /** {@code fanotify_mark(2)}. */
  public static final int FANOTIFY_MARK = 301;

  /** {@code prlimit64(2)}. */
  public static final int PRLIMIT64 = 302;

  /** {@code name_to_handle_at(2)}. */
  public static final int NAME_TO_HANDLE_AT = 303;

  /** {@code open_by_handle_at(2)}. */
  public static final int OPEN_BY_HANDLE_AT = 304;

  /** {@code clock_adjtime(2)}. */
  public static final int CLOCK_ADJTIME = 305;

  /** {@code syncfs(2)}. */
  public static final int SYNCFS = 306;

  /** {@code sendmmsg(2)}. */
  public static final int SENDMMSG = 307;

  /** {@code setns(2)}. */
  public static final int SETNS = 308;

  /** {@code getcpu(2)}. */
  public static final int GETCPU = 309;

  /** {@code process_vm_readv(2)}. */
  public static final int PROCESS_VM_READV = 310;

  /** {@code process_vm_writev(2)}. */
  public static final int PROCESS_VM_WRITEV = 311;

  /** {@code kcmp(2)}. */
  public static final int KCMP = 312;

  /** {@code finit_module(2)}. */
  public static final int FINIT_MODULE = 313;

  /** {@code sched_setattr(2)}. */
  public static final int SCHED_SETATTR = 314;

  /** {@code sched_getattr(2)}. */
  public static final int SCHED_GETATTR = 315;

  /** {@code renameat2(2)}. */
  public static final int RENAMEAT2 = 316;

  /** {@code seccomp(2)}. */
  public static final int SECCOMP = 317;

  /** {@code getrandom(2)}. */
  public static final int GETRANDOM = 318;

  /** {@code memfd_create(2)}. */
  public static final int MEMFD_CREATE = 319;

  /** {@code kexec_file_load(2)}. */
  public static final int KEXEC_FILE_LOAD = 320;

  /** {@code bpf(2)}. */
  public static final int BPF = 321;

  /** {@code execveat(2)}. */
  public static final int EXECVEAT = 322;

  /** {@code userfaultfd(2)}. */
  public static final int USERFAULTFD = 323;

  /** {@code membarrier(2)}. */
  public static final int MEMBARRIER = 324;

  /** {@code mlock2(2)}. */
  public static final int MLOCK2 = 325;

  /** {@code copy_file_range(2)}. */
  public static final int COPY_FILE_RANGE = 326;

  /** {@code preadv2(2)}. */
  public static final int PREADV2 = 327;

  /** {@code pwritev2(2)}. */
  public static final int PWRITEV2 = 328;

  /** {@code pkey_mprotect(2)}. */
  public static final int PKEY_MPROTECT = 329;

  /** {@code pkey_alloc(2)}. */
  public static final int PKEY_ALLOC = 330;

  /** {@code pkey_free(2)}. */
  public static final int PKEY_FREE = 331;

  /** {@code statx(2)}. */
  public static final int STATX = 332;

  /** {@code io_pgetevents(2)}. */
  public static final int IO_PGETEVENTS = 333;

  /** {@code rseq(2)}. */
  public static final int RSEQ = 334;

  /** {@code pidfd_send_signal(2)}. */
  public static final int PIDFD_SEND_SIGNAL = 424;

  /** {@code io_uring_setup(2)}. */
  public static final int IO_URING_SETUP = 425;

  /** {@code io_uring_enter(2)}. */
  public static final int IO_URING_ENTER = 426;

  /** {@code io_uring_register(2)}. */
  public static final int IO_URING_REGISTER = 427;

  /** {@code open_tree(2)}. */
  public static final int OPEN_TREE = 428;

  /** {@code move_mount(2)}. */
  public static final int MOVE_MOUNT = 429;

  /** {@code fsopen(2)}. */
  public static final int FSOPEN = 430;

  /** {@code fsconfig(2)}. */
  public static final int FSCONFIG = 431;

  /** {@code fsmount(2)}. */
  public static final int FSMOUNT = 432;

  /** {@code fspick(2)}. */
  public static final int FSPICK = 433;

  /** {@code pidfd_open(2)}. */
  public static final int PIDFD_OPEN = 434;

  /** {@code clone3(2)}. */
  public static final int CLONE3 = 435;

  /** {@code close_range(2)}. */
  public static final int CLOSE_RANGE = 436;

  /** {@code openat2(2)}. */
  public static final int OPENAT2 = 437;

  /** {@code pidfd_getfd(2)}. */
  public static final int PIDFD_GETFD = 438;

  /** {@code faccessat2(2)}. */
  public static final int FACCESSAT2 = 439;

  /** {@code process_madvise(2)}. */
  public static final int PROCESS_MADVISE = 440;

  /** {@code epoll_pwait2(2)}. */
  public static final int EPOLL_PWAIT2 = 441;

  /** {@code mount_setattr(2)}. */
  public static final int MOUNT_SETATTR = 442;

  /** {@code quotactl_fd(2)}. */
  public static final int QUOTACTL_FD = 443;

  /** {@code landlock_create_ruleset(2)}. */
  public static final int LANDLOCK_CREATE_RULESET = 444;

  /** {@code landlock_add_rule(2)}. */
  public static final int LANDLOCK_ADD_RULE = 445;

  /** {@code landlock_restrict_self(2)}. */
  public static final int LANDLOCK_RESTRICT_SELF = 446;

  /** {@code memfd_secret(2)}. */
  public static final int MEMFD_SECRET = 447;

  /** {@code process_mrelease(2)}. */
  public static final int PROCESS_MRELEASE = 448;

  /** {@code futex_waitv(2)}. */
  public static final int FUTEX_WAITV = 449;

  /** {@code set_mempolicy_home_node(2)}. */
  public static final int SET_MEMPOLICY_HOME_NODE = 450;

  /** {@code cachestat(2)}. */
  public static final int CACHESTAT = 451;

  /** {@code fchmodat2(2)}. */
  public static final int FCHMODAT2 = 452;

  /** {@code map_shadow_stack(2)}. */
  public static final int MAP_SHADOW_STACK = 453;

  /** {@code futex_wake(2)}. */
  public static final int FUTEX_WAKE = 454;

  /** {@code futex_wait(2)}. */
  public static final int FUTEX_WAIT = 455;

  /** {@code futex_requeue(2)}. */
  public static final int FUTEX_REQUEUE = 456;

  /** {@code statmount(2)}. */
  public static final int STATMOUNT = 457;

  /** {@code listmount(2)}. */
  public static final int LISTMOUNT = 458;

  /** {@code lsm_get_self_attr(2)}. */
  public static final int LSM_GET_SELF_ATTR = 459;

  /** {@code lsm_set_self_attr(2)}. */
  public static final int LSM_SET_SELF_ATTR = 460;

  /** {@code lsm_list_modules(2)}. */
  public static final int LSM_LIST_MODULES = 461;

  /** {@code mseal(2)}. */
  public static final int MSEAL = 462;

  private Nr() {}
}
