/* A disk that fails as it is told, between the program and the system: for files below $COPYTASTER_TEST_DIR, in the way whose
   word stands in $COPYTASTER_TEST_DISK. Loaded before the C library; tests/it/faulty.rs says what for. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* True where the disk is told `word` at present. */
static int told(const char *word) {
    char now[32] = {0};
    const char *path = getenv("COPYTASTER_TEST_DISK");
    int file = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY) : -1;
    if (file < 0) return 0;
    long length = syscall(SYS_read, file, now, sizeof now - 1);
    syscall(SYS_close, file);
    return length > 0 && strcmp(now, word) == 0;
}

static int is_below(const char *path) {
    const char *dir = getenv("COPYTASTER_TEST_DIR");
    return dir && path && strncmp(path, dir, strlen(dir)) == 0;
}

static int is_ours(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int refuses(int why) { errno = why; return -1; }

/* Not until it is told otherwise. */
static void hold(void) {
    struct timespec pause = {0, 5000000};
    while (told("hold")) nanosleep(&pause, 0);
}

static int synced(int file, long call) {
    if (is_ours(file)) {
        if (told("eio")) return refuses(EIO);
        if (told("read-only")) return refuses(EROFS);
        hold();
    }
    return (int)syscall(call, file);
}

int fsync(int file) { return synced(file, SYS_fsync); }
int fdatasync(int file) { return synced(file, SYS_fdatasync); }

/* A part of what is written, and of the last byte nothing: that would be the end of it. */
static size_t part(size_t length) { return length > 1 ? length / 2 : length; }

ssize_t write(int file, const void *bytes, size_t length) {
    if (file > 2 && is_ours(file)) {
        if (told("read-only")) return refuses(EROFS);
        if (told("short")) length = part(length);
        if (told("torn")) {
            if (length < 16) return refuses(EIO);
            length = part(length);
        }
    }
    return syscall(SYS_write, file, bytes, length);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at) {
    if (is_ours(file)) {
        if (told("read-only")) return refuses(EROFS);
        if (told("short")) length = part(length);
    }
    return syscall(SYS_pwrite64, file, bytes, length, at);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at) { return pwrite64(file, bytes, length, at); }

int ftruncate64(int file, off64_t length) {
    if (is_ours(file) && told("read-only")) return refuses(EROFS);
    return (int)syscall(SYS_ftruncate, file, length);
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
    va_end(more);
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) && is_below(path) && told("read-only")) return refuses(EROFS);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int rename(const char *from, const char *to) {
    return is_below(to) && told("read-only") ? refuses(EROFS) : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path) {
    return is_below(path) && told("read-only") ? refuses(EROFS) : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int mkdir(const char *path, mode_t mode) {
    return is_below(path) && told("read-only") ? refuses(EROFS) : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

/* Tells the test that it is there. */
__attribute__((constructor)) static void here(void) {
    const char *path = getenv("COPYTASTER_TEST_DISK");
    char sign[4096];
    if (!path || snprintf(sign, sizeof sign, "%s.here", path) >= (int)sizeof sign) return;
    int file = (int)syscall(SYS_openat, AT_FDCWD, sign, O_WRONLY | O_CREAT, 0600);
    if (file >= 0) syscall(SYS_close, file);
}
