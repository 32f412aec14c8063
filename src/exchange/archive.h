/* Zip archives in memory, read only, with limits that a small file cannot unpack beyond. */
#ifndef BRIM_EXCHANGE_ARCHIVE_H
#define BRIM_EXCHANGE_ARCHIVE_H

#include "base/memory.h"

typedef struct BrimArchive BrimArchive;

/* data must stay until close. ERROR_INPUT when it is no zip archive or its members together are out of proportion to
 * it (a decompression bomb). */
BrimStatus brim_archive_open(BrimArchive **archive, const void *data, size_t bytes);
void brim_archive_close(BrimArchive **archive); /* NULL inside is allowed */

/* Bytes that all members together may have; also a fair limit for what is made of them. */
size_t brim_archive_most_bytes(size_t archive_bytes);

int brim_archive_count(const BrimArchive *archive);
const char *brim_archive_name(const BrimArchive *archive, int i); /* NULL when it has none */
bool brim_archive_has(const BrimArchive *archive, const char *name);

/* The content of a member, given back with brim_mem_give; its checksum holds. */
BrimStatus brim_archive_read(BrimArchive *archive, const char *name, char **data, size_t *bytes);

#endif
