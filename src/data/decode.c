/* Chooses the format, applies the orientation, and reads no more of a file than the question needs. */
#include "data/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "data/decode_format.h"

#define MOST_FILE_BYTES ((size_t)1 << 30)

/* Enough for the header behind an EXIF block with a thumbnail, which is at most 64 KiB. */
enum { BEGINNING_BYTES = 96 << 10 };

static const BrimPictureFormat *const formats[] = {&brim_format_jpeg, &brim_format_png, &brim_format_webp,
                                                   &brim_format_bmp};

static const BrimPictureFormat *format_of(const BrimPictureBytes *source)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i]->starts(source->data, source->bytes))
            return formats[i];
    brim_fail(BRIM_ERROR_INPUT, "%s: not a JPEG, PNG, WebP or BMP picture", source->name);
    return NULL;
}

static BrimStatus header_of(const BrimPictureFormat *format, BrimPictureHeader *header,
                            const BrimPictureBytes *source)
{
    BrimStatus status = format->header(header, source);
    if (status != BRIM_OK)
        return status;
    int64_t width = header->width_px, height = header->height_px;
    if (width < 1 || height < 1 || width > BRIM_PICTURE_MAX_SIDE_PX || height > BRIM_PICTURE_MAX_SIDE_PX ||
        width * height > BRIM_DECODE_MOST_PX)
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s: %lld x %lld px; a picture may have %d px a side and %d in all", source->name,
                         (long long)width, (long long)height, BRIM_PICTURE_MAX_SIDE_PX, BRIM_DECODE_MOST_PX);
    return BRIM_OK;
}

BrimStatus brim_decode(BrimPicture *picture, const char *name, const void *data, size_t bytes)
{
    BrimPictureBytes source = {name, data, bytes};
    BrimPictureHeader header;
    *picture = (BrimPicture){0};
    const BrimPictureFormat *format = format_of(&source);
    if (!format)
        return BRIM_ERROR_INPUT;
    BrimStatus status;
    BRIM_TRY(header_of(format, &header, &source));
    BRIM_TRY(brim_picture_make(picture, header.width_px, header.height_px));
    BRIM_TRY(format->pixels(picture, &source));
    BRIM_TRY(brim_exif_apply(picture, header.orientation));
    return BRIM_OK;
fail:
    brim_picture_clear(picture);
    return status;
}

BrimStatus brim_decode_size(const char *name, const void *data, size_t bytes, int *width_px, int *height_px)
{
    BrimPictureBytes source = {name, data, bytes};
    BrimPictureHeader header;
    const BrimPictureFormat *format = format_of(&source);
    if (!format)
        return BRIM_ERROR_INPUT;
    BrimStatus status = header_of(format, &header, &source);
    if (status != BRIM_OK)
        return status;
    bool swap = header.orientation >= 5;
    *width_px = swap ? header.height_px : header.width_px;
    *height_px = swap ? header.width_px : header.height_px;
    return BRIM_OK;
}

BrimStatus brim_decode_file(BrimPicture *picture, const char *path)
{
    char *data;
    size_t bytes;
    *picture = (BrimPicture){0};
    BrimStatus status = brim_file_read(path, MOST_FILE_BYTES, &data, &bytes);
    if (status != BRIM_OK)
        return status;
    status = brim_decode(picture, path, data, bytes);
    brim_mem_give(data);
    return status;
}

BrimStatus brim_decode_file_into(BrimPicture *picture, const BrimDecodeRoom *room, const char *path)
{
    BrimPictureBytes source = {path, room->file, 0};
    BrimPictureHeader header;
    *picture = (BrimPicture){0};
    BrimStatus status = brim_file_read_into(path, room->file, room->file_bytes, &source.bytes);
    if (status != BRIM_OK)
        return status;
    const BrimPictureFormat *format = format_of(&source);
    if (!format)
        return BRIM_ERROR_INPUT;
    status = header_of(format, &header, &source);
    if (status != BRIM_OK)
        return status;
    size_t bytes = (size_t)header.width_px * (size_t)header.height_px * 3;
    if (bytes > room->pixel_bytes)
        return brim_fail(BRIM_ERROR_INPUT, "%s: %d x %d px, larger than any picture was when the folder was read", path,
                         header.width_px, header.height_px);
    memset(room->pixels, 0, bytes);
    BrimPicture stored = {header.width_px, header.height_px, room->pixels};
    status = format->pixels(&stored, &source);
    if (status != BRIM_OK)
        return status;
    *picture = stored;
    if (header.orientation > 1 && header.orientation <= 8) {
        picture->rgb = room->turned;
        brim_exif_turn(picture, &stored, header.orientation);
    }
    return BRIM_OK;
}

/* The two ends of a file. */
typedef struct Ends {
    uint8_t *beginning; /* BEGINNING_BYTES of room */
    size_t beginning_bytes;
    uint8_t tail[BRIM_PICTURE_TAIL_BYTES];
    size_t file_bytes;
} Ends;

static BrimStatus read_ends(Ends *ends, const char *path)
{
    struct stat info;
    BrimStatus status = BRIM_OK;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* as brim_file_read */
    if (file < 0)
        return brim_fail(BRIM_ERROR_IO, "cannot open %s: %s", path, strerror(errno));
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size < BRIM_PICTURE_TAIL_BYTES) {
        status = brim_fail(BRIM_ERROR_INPUT, "%s: no file, or too short for a picture", path);
    } else {
        ends->file_bytes = (size_t)info.st_size;
        ssize_t got = pread(file, ends->beginning, BEGINNING_BYTES, 0);
        ssize_t got_tail =
            pread(file, ends->tail, sizeof ends->tail, info.st_size - (off_t)sizeof ends->tail);
        ends->beginning_bytes = got > 0 ? (size_t)got : 0;
        if (got < 0 || got_tail != (ssize_t)sizeof ends->tail)
            status = brim_fail(BRIM_ERROR_IO, "cannot read %s: %s", path, strerror(errno));
    }
    close(file);
    return status;
}

/* The size by reading all, and with decode set by decoding all. */
static BrimStatus size_of_whole_file(const char *path, bool decode, int *width_px, int *height_px)
{
    char *data;
    size_t bytes;
    BrimPicture picture = {0};
    BrimStatus status = brim_file_read(path, MOST_FILE_BYTES, &data, &bytes);
    if (status != BRIM_OK)
        return status;
    status = brim_decode_size(path, data, bytes, width_px, height_px);
    if (status == BRIM_OK && decode)
        status = brim_decode(&picture, path, data, bytes);
    brim_picture_clear(&picture);
    brim_mem_give(data);
    return status;
}

static BrimStatus size_of_file(const char *path, bool whole, int *width_px, int *height_px)
{
    Ends ends = {.beginning = brim_mem_take(BRIM_MEM_DATA, BEGINNING_BYTES, 1)};
    if (!ends.beginning)
        return BRIM_ERROR_MEMORY;
    BrimStatus status = read_ends(&ends, path);
    if (status == BRIM_OK) {
        BrimPictureBytes source = {path, ends.beginning, ends.beginning_bytes};
        status = brim_decode_size(path, source.data, source.bytes, width_px, height_px);
        bool decode =
            whole && status == BRIM_OK && !format_of(&source)->ends(&source, ends.tail, ends.file_bytes);
        bool more = status == BRIM_ERROR_INPUT && ends.file_bytes > ends.beginning_bytes;
        if (decode || more)
            status = size_of_whole_file(path, whole, width_px, height_px);
    }
    brim_mem_give(ends.beginning);
    return status;
}

BrimStatus brim_decode_file_size(const char *path, int *width_px, int *height_px)
{
    return size_of_file(path, false, width_px, height_px);
}

BrimStatus brim_decode_file_check(const char *path, int *width_px, int *height_px)
{
    return size_of_file(path, true, width_px, height_px);
}

bool brim_decode_knows(const char *path)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".bmp", ".webp"};
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}
