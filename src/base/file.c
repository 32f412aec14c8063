/* Whole files in and out. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct BrimAtomicFile {
    int descriptor;
    char *path;
    char *temporary;
};

/* read(2) until all came, an error, or the end of a file that shrank meanwhile. */
static ssize_t read_all(int descriptor, char *data, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = read(descriptor, data + done, bytes - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/* Opens a regular file of at most most_bytes. */
static BrimStatus open_to_read(const char *path, size_t most_bytes, int *descriptor, size_t *bytes)
{
    struct stat info;
    BrimStatus status;
    *descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for a writer */
    if (*descriptor < 0)
        return brim_fail(BRIM_ERROR_IO, "cannot open %s: %s", path, strerror(errno));
    *bytes = 0;
    if (fstat(*descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
        status = brim_fail(BRIM_ERROR_INPUT, "%s is not a regular file", path);
    } else if ((uint64_t)info.st_size > most_bytes) {
        status = brim_fail(BRIM_ERROR_INPUT, "%s has %lld bytes, more than the %zu that such a file may have", path,
                           (long long)info.st_size, most_bytes);
    } else {
        *bytes = (size_t)info.st_size;
        return BRIM_OK;
    }
    close(*descriptor);
    return status;
}

BrimStatus brim_file_read(const char *path, size_t most_bytes, char **data, size_t *size_bytes)
{
    int descriptor;
    size_t bytes;
    BrimStatus status = open_to_read(path, most_bytes, &descriptor, &bytes);
    if (status != BRIM_OK)
        return status;
    char *content = brim_mem_take(BRIM_MEM_OTHER, bytes + 1, 1);
    ssize_t got = content ? read_all(descriptor, content, bytes) : 0;
    if (!content)
        status = BRIM_ERROR_MEMORY;
    else if (got < 0)
        status = brim_fail(BRIM_ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    close(descriptor);
    if (status != BRIM_OK) {
        brim_mem_give(content);
        return status;
    }
    *data = content;
    *size_bytes = (size_t)got;
    return BRIM_OK;
}

BrimStatus brim_file_read_into(const char *path, void *room, size_t room_bytes, size_t *size_bytes)
{
    int descriptor;
    BrimStatus status = open_to_read(path, room_bytes, &descriptor, size_bytes);
    if (status != BRIM_OK)
        return status;
    ssize_t got = read_all(descriptor, room, *size_bytes);
    if (got < 0)
        status = brim_fail(BRIM_ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    close(descriptor);
    *size_bytes = got < 0 ? 0 : (size_t)got;
    return status;
}

BrimStatus brim_file_read_tail(const char *path, void *room, size_t room_bytes, size_t *got_bytes)
{
    int descriptor;
    size_t bytes;
    *got_bytes = 0;
    BrimStatus status = open_to_read(path, SIZE_MAX, &descriptor, &bytes);
    if (status != BRIM_OK)
        return status;
    size_t start = bytes > room_bytes ? bytes - room_bytes : 0;
    ssize_t got = lseek(descriptor, (off_t)start, SEEK_SET) < 0 ? -1 : read_all(descriptor, room, bytes - start);
    if (got < 0)
        status = brim_fail(BRIM_ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    close(descriptor);
    *got_bytes = got < 0 ? 0 : (size_t)got;
    return status;
}

bool brim_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool brim_folder_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

BrimStatus brim_folder_make(const char *path)
{
    if (!path[0])
        return BRIM_OK;
    char *partial = brim_mem_text(BRIM_MEM_OTHER, path);
    if (!partial)
        return BRIM_ERROR_MEMORY;
    for (char *at = partial + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char kept = *at;
        *at = '\0';
        int reason = mkdir(partial, 0777) == 0 ? 0 : errno; /* before the next call has its own */
        if (reason && !brim_folder_exists(partial)) {
            BrimStatus status =
                brim_fail(BRIM_ERROR_IO, "cannot make folder %s: %s", partial, strerror(reason));
            brim_mem_give(partial);
            return status;
        }
        *at = kept;
        if (!kept)
            break;
    }
    brim_mem_give(partial);
    return BRIM_OK;
}

BrimStatus brim_folder_lock(const char *path, int *descriptor)
{
    *descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*descriptor < 0 || flock(*descriptor, LOCK_EX | LOCK_NB) == 0)
        return BRIM_OK;
    bool taken = errno == EWOULDBLOCK;
    close(*descriptor);
    *descriptor = -1;
    return taken ? brim_fail(BRIM_ERROR_IO,
                             "another run is writing into %s; let it end, or choose another --name", path)
                 : BRIM_OK;
}

char *brim_path_join(const char *folder, const char *name)
{
    while (name[0] == '.' && name[1] == '/') /* data.yaml's `path: .` and `train: ./images` */
        name += strspn(name + 1, "/") + 1;
    if (name[0] == '/' || !folder || !folder[0])
        return brim_mem_text(BRIM_MEM_OTHER, name);
    if (strcmp(name, ".") == 0)
        return brim_mem_text(BRIM_MEM_OTHER, folder);
    size_t folder_bytes = strlen(folder);
    const char *slash = folder[folder_bytes - 1] == '/' ? "" : "/";
    size_t bytes = folder_bytes + strlen(name) + 2;
    char *path = brim_mem_take(BRIM_MEM_OTHER, bytes, 1);
    if (path)
        snprintf(path, bytes, "%s%s%s", folder, slash, name);
    return path;
}

BrimStatus brim_atomic_open(BrimAtomicFile **file, const char *path)
{
    *file = NULL;
    BrimAtomicFile *made = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof *made);
    if (!made)
        return BRIM_ERROR_MEMORY;
    size_t bytes = strlen(path) + 32;
    made->descriptor = -1;
    made->path = brim_mem_text(BRIM_MEM_OTHER, path);
    made->temporary = brim_mem_take(BRIM_MEM_OTHER, bytes, 1);
    if (!made->path || !made->temporary) {
        brim_atomic_discard(&made);
        return BRIM_ERROR_MEMORY;
    }
    /* Beside the target, since rename is atomic only within one file system. */
    snprintf(made->temporary, bytes, "%s.%ld.tmp", path, (long)getpid());
    made->descriptor = open(made->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (made->descriptor < 0) {
        BrimStatus status = brim_fail(BRIM_ERROR_IO, "cannot write %s: %s", path, strerror(errno));
        brim_atomic_discard(&made);
        return status;
    }
    *file = made;
    return BRIM_OK;
}

/* write(2) until all went, or an error. */
static bool write_all(int descriptor, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t put = write(descriptor, data, bytes);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        data += put;
        bytes -= (size_t)put;
    }
    return true;
}

BrimStatus brim_atomic_write(BrimAtomicFile *file, const void *data, size_t bytes)
{
    if (write_all(file->descriptor, data, bytes))
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_IO, "cannot write %s: %s; the file there before, if any, is unchanged",
                     file->path, strerror(errno));
}

/* Makes the rename itself survive a power cut; best effort, as some file systems cannot. */
static void sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    fsync(descriptor);
    close(descriptor);
}

static BrimStatus commit(BrimAtomicFile **file, bool sync)
{
    BrimAtomicFile *done = *file;
    BrimStatus status = BRIM_OK;
    int synced = sync ? fsync(done->descriptor) : 0;
    int closed = close(done->descriptor);
    done->descriptor = -1;
    if (synced != 0 || closed != 0 || rename(done->temporary, done->path) != 0)
        status = brim_fail(BRIM_ERROR_IO, "cannot finish %s: %s; the file there before, if any, is unchanged",
                           done->path, strerror(errno));
    else if (sync)
        sync_folder_of(done->path);
    if (status == BRIM_OK) {
        brim_mem_give(done->temporary);
        done->temporary = NULL;
    }
    brim_atomic_discard(file);
    return status;
}

BrimStatus brim_atomic_commit(BrimAtomicFile **file)
{
    return commit(file, true);
}

void brim_atomic_discard(BrimAtomicFile **file)
{
    BrimAtomicFile *gone = *file;
    if (!gone)
        return;
    if (gone->descriptor >= 0)
        close(gone->descriptor);
    if (gone->temporary)
        unlink(gone->temporary);
    brim_mem_give(gone->temporary);
    brim_mem_give(gone->path);
    brim_mem_give(gone);
    *file = NULL;
}

static BrimStatus write_whole(const char *path, const void *data, size_t bytes, bool sync)
{
    BrimAtomicFile *file = NULL;
    BrimStatus status = brim_atomic_open(&file, path);
    if (status == BRIM_OK)
        status = brim_atomic_write(file, data, bytes);
    if (status == BRIM_OK)
        return commit(&file, sync);
    brim_atomic_discard(&file);
    return status;
}

BrimStatus brim_file_write(const char *path, const void *data, size_t bytes)
{
    return write_whole(path, data, bytes, true);
}

BrimStatus brim_file_write_unsynced(const char *path, const void *data, size_t bytes)
{
    return write_whole(path, data, bytes, false);
}

BrimStatus brim_file_append(const char *path, const void *data, size_t bytes)
{
    BrimStatus status = BRIM_OK;
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    off_t end = descriptor < 0 ? -1 : lseek(descriptor, 0, SEEK_END);
    if (end < 0 || !write_all(descriptor, data, bytes)) {
        status = brim_fail(BRIM_ERROR_IO, "cannot write to the end of %s: %s", path, strerror(errno));
        if (end >= 0 && ftruncate(descriptor, end) != 0) /* what stays of it is a line cut short */
            status = brim_fail_within(status, "what is written of it stays: ");
    }
    if (descriptor >= 0)
        close(descriptor);
    return status;
}
