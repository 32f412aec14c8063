/* Zip archives in memory, by libzip. */
#include "exchange/archive.h"

#include <zip.h>

/* torch.save stores without compression, other tools may deflate; weights do not shrink to a fiftieth. */
enum { MOST_RATIO = 50, MOST_MEMBERS = 100000 };
static const size_t always_allowed_bytes = (size_t)1 << 24;

struct BrimArchive {
    zip_t *zip;
    zip_source_t *source;
};

size_t brim_archive_most_bytes(size_t archive_bytes)
{
    return always_allowed_bytes + MOST_RATIO * archive_bytes;
}

static BrimStatus check_sizes(const BrimArchive *archive, size_t archive_bytes)
{
    zip_int64_t count = zip_get_num_entries(archive->zip, 0);
    size_t total = 0, most = brim_archive_most_bytes(archive_bytes);
    if (count > MOST_MEMBERS)
        return brim_fail(BRIM_ERROR_INPUT, "the archive has %lld members; at most %d are read", (long long)count,
                         MOST_MEMBERS);
    for (zip_int64_t i = 0; i < count; i++) {
        zip_stat_t info;
        if (zip_stat_index(archive->zip, (zip_uint64_t)i, 0, &info) != 0 || !(info.valid & ZIP_STAT_SIZE))
            return brim_fail(BRIM_ERROR_INPUT, "member %lld of the archive is damaged", (long long)i);
        if (__builtin_add_overflow(total, info.size, &total) || total > most)
            return brim_fail(BRIM_ERROR_INPUT,
                             "its members unpack to more than %zu bytes, %d times the file: not a checkpoint", most,
                             MOST_RATIO);
    }
    return BRIM_OK;
}

BrimStatus brim_archive_open(BrimArchive **archive, const void *data, size_t bytes)
{
    zip_error_t error;
    *archive = NULL;
    BrimArchive *made = brim_mem_take(BRIM_MEM_EXCHANGE, 1, sizeof *made);
    if (!made)
        return BRIM_ERROR_MEMORY;
    zip_error_init(&error);
    made->source = zip_source_buffer_create(data, bytes, 0, &error);
    if (made->source)
        made->zip = zip_open_from_source(made->source, ZIP_RDONLY, &error);
    if (made->zip)
        made->source = NULL; /* the archive owns it now */
    BrimStatus status = BRIM_OK;
    if (!made->zip)
        status = brim_fail(BRIM_ERROR_INPUT, "not a readable zip archive (%s)", zip_error_strerror(&error));
    else
        status = check_sizes(made, bytes);
    zip_error_fini(&error);
    if (status != BRIM_OK) {
        brim_archive_close(&made);
        return status;
    }
    *archive = made;
    return BRIM_OK;
}

void brim_archive_close(BrimArchive **archive)
{
    BrimArchive *gone = *archive;
    if (!gone)
        return;
    if (gone->zip)
        zip_discard(gone->zip);
    zip_source_free(gone->source);
    brim_mem_give(gone);
    *archive = NULL;
}

int brim_archive_count(const BrimArchive *archive)
{
    return (int)zip_get_num_entries(archive->zip, 0);
}

const char *brim_archive_name(const BrimArchive *archive, int i)
{
    return zip_get_name(archive->zip, (zip_uint64_t)i, 0);
}

bool brim_archive_has(const BrimArchive *archive, const char *name)
{
    return zip_name_locate(archive->zip, name, 0) >= 0;
}

/* Exactly bytes, and then the end, where libzip compares the checksum. */
static bool read_whole(zip_file_t *member, char *content, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        zip_int64_t got = zip_fread(member, content + done, bytes - done);
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    char beyond;
    return zip_fread(member, &beyond, 1) == 0;
}

BrimStatus brim_archive_read(BrimArchive *archive, const char *name, char **data, size_t *bytes)
{
    BrimStatus status = BRIM_OK;
    zip_stat_t info;
    zip_file_t *member = NULL;
    char *content = NULL;
    if (zip_stat(archive->zip, name, 0, &info) != 0)
        return brim_fail(BRIM_ERROR_INPUT, "the archive has no member %s", name);
    member = zip_fopen(archive->zip, name, 0);
    if (!member) {
        status = brim_fail(BRIM_ERROR_INPUT, "member %s cannot be read: %s", name, zip_strerror(archive->zip));
        goto fail;
    }
    content = brim_mem_take(BRIM_MEM_EXCHANGE, (size_t)info.size, 1);
    if (!content) {
        status = BRIM_ERROR_MEMORY;
        goto fail;
    }
    if (!read_whole(member, content, (size_t)info.size)) {
        status = brim_fail(BRIM_ERROR_INPUT, "member %s is damaged", name);
        goto fail;
    }
    *data = content;
    *bytes = (size_t)info.size;
    content = NULL;
fail:
    if (member)
        zip_fclose(member);
    brim_mem_give(content);
    return status;
}
