/* A disk that fails as it is told, between the program and the system: for files below $COPYTASTER_TEST_DIR, in the way whose
   word stands in $COPYTASTER_TEST_DISK. And a process that is killed at a call: at the one of this number in $COPYTASTER_TEST_KILL
   among those that change a file there, the rows left out, from the first that names $COPYTASTER_TEST_FROM on.
   Loaded before the C library; tests/it/faulty.rs and tests/it/soak/steps.rs say what for. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
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

/* The path of an open file; empty where it has none. */
static const char *path_of(int file, char path[4096]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, 4095);
    path[length > 0 ? length : 0] = 0;
    return path;
}

static int is_ours(int file) {
    char path[4096];
    return is_below(path_of(file, path));
}

static atomic_long calls;

/* Counts a call that changes a file; true where it is the last of this process. sled writes its rows when it likes. */
static int is_last(const char *path) {
    static atomic_int begun;
    const char *from = getenv("COPYTASTER_TEST_FROM"), *last = getenv("COPYTASTER_TEST_KILL");
    if (!last || !is_below(path) || (strstr(path, "/store/") && !strstr(path, "/store/rested"))) return 0;
    if (!from || strstr(path, from)) begun = 1;
    return begun && atomic_fetch_add(&calls, 1) + 1 == atol(last);
}

static void stroke(const char *path) {
    if (is_last(path)) kill(getpid(), SIGKILL);
}

static void stroke_at(int file) {
    char path[4096];
    if (getenv("COPYTASTER_TEST_KILL")) stroke(path_of(file, path));
}

static int refuses(int why) { errno = why; return -1; }

/* Not until it is told otherwise. */
static void hold(void) {
    struct timespec pause = {0, 5000000};
    while (told("hold")) nanosleep(&pause, 0);
}

/* A disk that takes its time, for benches. */
static void linger(void) {
    const char *millis = getenv("COPYTASTER_TEST_SYNC_MILLIS");
    if (!millis) return;
    struct timespec pause = {0, atol(millis) * 1000000};
    nanosleep(&pause, 0);
}

static int synced(int file, long call) {
    stroke_at(file);
    if (is_ours(file)) {
        linger();
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
    char path[4096];
    if (file > 2 && getenv("COPYTASTER_TEST_KILL") && is_last(path_of(file, path))) {
        syscall(SYS_write, file, bytes, length / 2);
        kill(getpid(), SIGKILL);
    }
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
    stroke_at(file);
    if (is_ours(file) && told("read-only")) return refuses(EROFS);
    return (int)syscall(SYS_ftruncate, file, length);
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
    va_end(more);
    if (flags & (O_CREAT | O_TRUNC)) stroke(path);
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) && is_below(path) && told("read-only")) return refuses(EROFS);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int rename(const char *from, const char *to) {
    stroke(to);
    return is_below(to) && told("read-only") ? refuses(EROFS) : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path) {
    stroke(path);
    return is_below(path) && told("read-only") ? refuses(EROFS) : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int rmdir(const char *path) {
    stroke(path);
    return is_below(path) && told("read-only") ? refuses(EROFS) : (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

int unlinkat(int folder, const char *name, int flags) {
    stroke_at(folder);
    return (int)syscall(SYS_unlinkat, folder, name, flags);
}

int mkdir(const char *path, mode_t mode) {
    stroke(path);
    return is_below(path) && told("read-only") ? refuses(EROFS) : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

/* Writes a word for the test beside the file that tells the disk. */
static void say(const char *end, const char *word) {
    const char *path = getenv("COPYTASTER_TEST_DISK");
    char sign[4096];
    if (!path || snprintf(sign, sizeof sign, "%s.%s", path, end) >= (int)sizeof sign) return;
    int file = (int)syscall(SYS_openat, AT_FDCWD, sign, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) return;
    syscall(SYS_write, file, word, strlen(word));
    syscall(SYS_close, file);
}

/* Tells the test that it is there. */
__attribute__((constructor)) static void here(void) { say("here", ""); }

/* And how many calls were counted. */
__attribute__((destructor)) static void gone(void) {
    char count[32];
    snprintf(count, sizeof count, "%ld", atomic_load(&calls));
    say("count", count);
}
