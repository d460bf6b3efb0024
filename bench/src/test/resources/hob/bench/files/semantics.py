"""What file system calls do in a directory, in words: the same words wherever the same holds."""

import ctypes
import errno
import fcntl
import mmap
import os
import struct
import sys

os.chdir(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)


def tell(what, call):
    try:
        print(what, "->", call())
    except OSError as e:
        print(what, "->", errno.errorcode[e.errno])


def create(name, text=b"0123456789"):
    fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(fd, text)
    return fd


def content(name):
    with open(name, "rb") as f:
        return f.read()


def renameat2(old, new, flags):
    if libc.renameat2(-100, old.encode(), -100, new.encode(), flags):
        raise OSError(ctypes.get_errno(), "renameat2")


# Links and names.
fd = create("a")
os.link("a", "b")
tell("links", lambda: os.stat("b").st_nlink)
tell("same inode", lambda: os.stat("a").st_ino == os.stat("b").st_ino)
os.unlink("a")
tell("links of one that is left", lambda: os.fstat(fd).st_nlink)
os.unlink("b")
tell("unlinked, still open", lambda: os.pread(fd, 99, 0))
os.pwrite(fd, b"XY", 3)
tell("unlinked, written", lambda: (os.pread(fd, 99, 0), os.fstat(fd).st_nlink, os.fstat(fd).st_size))
os.close(fd)
for name in (b"\xff\xfe", b"a b", b"new\nline", b"x" * 255):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
tell("names that are not UTF-8", lambda: sorted(os.listdir(b".")))
tell("a name too long", lambda: os.stat(b"x" * 256))
for name in os.listdir(b"."):
    os.unlink(name)

# Renames.
os.close(create("r1", b"one"))
os.close(create("r2", b"two"))
tell("noreplace", lambda: renameat2("r1", "r2", 1))
tell("exchange", lambda: (renameat2("r1", "r2", 2), content("r1"), content("r2")))
fd = os.open("r2", os.O_RDONLY)
tell("rename over an open file", lambda: (os.rename("r1", "r2"), os.read(fd, 9), content("r2")))
os.close(fd)
os.mkdir("d")
tell("rename a file over a directory", lambda: os.rename("r2", "d"))
tell("rename a directory into itself", lambda: os.rename("d", "d/e"))
os.rmdir("d")
os.unlink("r2")

# Files without a name.
fd = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600)
os.write(fd, b"hidden")
tell("nothing to see", lambda: os.listdir("."))
libc.linkat(-100, b"/proc/self/fd/%d" % fd, -100, b"shown", 0x400)
tell("a name at last", lambda: (content("shown"), os.stat("shown").st_nlink))
os.close(fd)
os.unlink("shown")

# Space.
fd = create("sparse", b"")
os.ftruncate(fd, 5 << 30)
os.pwrite(fd, b"end", (5 << 30) - 3)
tell("over 4 GiB", lambda: (os.fstat(fd).st_size, os.fstat(fd).st_blocks < 100))
tell("its end", lambda: os.pread(fd, 9, (5 << 30) - 3))
tell("hole", lambda: os.lseek(fd, 0, os.SEEK_HOLE))
tell("data", lambda: os.lseek(fd, 0, os.SEEK_DATA) > (4 << 30))
tell("no data after the end", lambda: os.lseek(fd, 5 << 30, os.SEEK_DATA))
tell("fallocate", lambda: (os.posix_fallocate(fd, 0, 1 << 20), os.fstat(fd).st_blocks >= 2048))
tell("punch", lambda: libc.fallocate(fd, 3, ctypes.c_long(0), ctypes.c_long(1 << 20)))
tell("punched", lambda: os.fstat(fd).st_blocks < 100)
os.close(fd)
os.unlink("sparse")
src, dst = create("src", bytes(range(256)) * 4096), create("dst", b"")
tell("copy_file_range", lambda: os.copy_file_range(src, dst, 1 << 19, 256, 0))
tell("copied", lambda: content("dst") == (bytes(range(256)) * 4096)[256 : 256 + (1 << 19)])
os.close(src)
os.close(dst)

# Appending, truncating, modes.
fd = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
other = os.open("log", os.O_WRONLY | os.O_APPEND)
for i in range(4):
    os.write((fd, other)[i % 2], b"%d" % i)
tell("two that append", lambda: content("log"))
os.close(fd)
os.close(other)
fd = os.open("ro", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o400)
tell("write to a file made read-only", lambda: (os.write(fd, b"x"), content("ro")))
os.close(fd)
tell("exclusive", lambda: os.open("ro", os.O_CREAT | os.O_EXCL))
os.close(os.open("ro", os.O_WRONLY | os.O_TRUNC)) if os.getuid() == 0 else None
tell("mode", lambda: oct(os.stat("ro").st_mode))
os.umask(0o027)
os.close(os.open("masked", os.O_CREAT, 0o666))
os.mkdir("masked-d", 0o777)
tell("umask", lambda: (oct(os.stat("masked").st_mode), oct(os.stat("masked-d").st_mode)))
os.chmod("masked", 0o4755)
fd = os.open("masked", os.O_WRONLY)
os.utime("masked", ns=(1_000_000_001, 2_000_000_002))
tell("times", lambda: (os.stat("masked").st_atime_ns, os.stat("masked").st_mtime_ns))
os.close(fd)

# Extended attributes and access control lists.
os.setxattr("ro", "user.colour", b"blue\0green")
tell("xattr", lambda: (os.getxattr("ro", "user.colour"), os.listxattr("ro")))
tell("xattr, exclusive", lambda: os.setxattr("ro", "user.colour", b"", os.XATTR_CREATE))
os.removexattr("ro", "user.colour")
tell("xattr, none", lambda: os.getxattr("ro", "user.colour"))
acl = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, perm, who)
    for tag, perm, who in ((1, 6, -1 & 0xFFFFFFFF), (2, 4, 1234), (4, 0, -1 & 0xFFFFFFFF), (16, 4, -1 & 0xFFFFFFFF), (32, 0, -1 & 0xFFFFFFFF))
)
tell("acl", lambda: (os.setxattr("ro", "system.posix_acl_access", acl), oct(os.stat("ro").st_mode)))
tell("acl back", lambda: os.getxattr("ro", "system.posix_acl_access") == acl)
os.setxattr("masked-d", "system.posix_acl_default", acl)
os.close(os.open("masked-d/heir", os.O_CREAT, 0o666))
tell("acl inherited", lambda: (oct(os.stat("masked-d/heir").st_mode), len(os.getxattr("masked-d/heir", "system.posix_acl_access"))))

# Mappings.
fd = create("map", b"." * 8192)
m = mmap.mmap(fd, 8192)
m[4096:4100] = b"abcd"
tell("store through a mapping", lambda: os.pread(fd, 4, 4096))
m.flush()
os.pwrite(fd, b"efgh", 100)
tell("write under a mapping", lambda: m[100:104])
m.close()
os.close(fd)

# Locks of a process against another.
fd = create("lock")


def child(call):
    r, w = os.pipe()
    if os.fork() == 0:
        try:
            call()
            os.write(w, b"got it")
        except OSError as e:
            os.write(w, errno.errorcode[e.errno].encode())
        os._exit(0)
    os.wait()
    return os.read(r, 99)


fcntl.lockf(fd, fcntl.LOCK_EX, 10, 0)
tell("same range", lambda: child(lambda: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 5)))
tell("another range", lambda: child(lambda: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 20)))
fcntl.lockf(fd, fcntl.LOCK_UN)
tell("unlocked", lambda: child(lambda: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 5)))
fcntl.flock(fd, fcntl.LOCK_EX)
tell("flock", lambda: child(lambda: fcntl.flock(os.open("lock", os.O_RDWR), fcntl.LOCK_SH | fcntl.LOCK_NB)))
fcntl.flock(fd, fcntl.LOCK_UN)
tell("no flock", lambda: child(lambda: fcntl.flock(os.open("lock", os.O_RDWR), fcntl.LOCK_SH | fcntl.LOCK_NB)))
os.close(fd)

# Directories.
os.mkdir("many")
for i in range(3000):
    os.close(os.open("many/%d" % i, os.O_CREAT))
tell("many", lambda: (len(os.listdir("many")), os.stat("many").st_nlink))
tell("not empty", lambda: os.rmdir("many"))
with os.scandir("many") as entries:
    tell("types", lambda: all(e.is_file(follow_symlinks=False) for e in entries))
deep = "deep"
cwd = os.getcwd()
path = ""
for i in range(15):
    step = "s" * 250
    os.mkdir(step)
    os.chdir(step)
    path += step + "/"
os.close(create("bottom", b"deep"))
os.chdir(cwd)
tell("a long path", lambda: (len(path) > 3700, content(path + "bottom")))
os.symlink("dangling", "link")
tell("symlink", lambda: (os.readlink("link"), os.lstat("link").st_size))
tell("through it", lambda: os.open("link", os.O_RDONLY))
os.mkfifo("fifo")
tell("fifo", lambda: oct(os.stat("fifo").st_mode))
tell("statvfs", lambda: (os.statvfs(".").f_bsize, os.statvfs(".").f_namemax))
fd = os.open(".", os.O_RDONLY)
tell("fsync of a directory", lambda: os.fsync(fd))
