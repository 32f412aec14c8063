/* JPEG through libjpeg-turbo. The library's defaults (accurate integer DCT, smooth upsampling) are what
 * OpenCV uses too, so that pixels agree. */
#include "data/decode_format.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

/* A progressive file of a few kilobytes can ask for millions of passes over its coefficients. */
enum { MOST_SCANS = 500 };

typedef struct Reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf away;
    char problem[JMSG_LENGTH_MAX];
} Reader;

static void leave(j_common_ptr jpeg)
{
    Reader *reader = (Reader *)jpeg;
    jpeg->err->format_message(jpeg, reader->problem);
    longjmp(reader->away, 1);
}

static void note(j_common_ptr jpeg, int level)
{
    /* Other warnings concern damage inside the data, which OpenCV and PIL also decode over. */
    if (level < 0 && jpeg->err->msg_code == JWRN_JPEG_EOF)
        leave(jpeg);
}

static void print_nothing(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void limit_scans(j_common_ptr jpeg)
{
    Reader *reader = (Reader *)jpeg;
    if (reader->jpeg.input_scan_number <= MOST_SCANS)
        return;
    snprintf(reader->problem, sizeof reader->problem, "more than %d scans", MOST_SCANS);
    longjmp(reader->away, 1);
}

/* Up to and with the header; EXIF markers are kept. */
static void read_header(Reader *reader, const BrimPictureBytes *source)
{
    jpeg_create_decompress(&reader->jpeg);
    reader->progress.progress_monitor = limit_scans;
    reader->jpeg.progress = &reader->progress;
    jpeg_mem_src(&reader->jpeg, source->data, (unsigned long)source->bytes);
    jpeg_save_markers(&reader->jpeg, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&reader->jpeg, TRUE);
}

static BrimStatus refuse(const Reader *reader, const BrimPictureBytes *source)
{
    bool memory = reader->errors.msg_code == JERR_OUT_OF_MEMORY;
    return brim_fail(memory ? BRIM_ERROR_MEMORY : BRIM_ERROR_INPUT, "%s: not a whole JPEG picture (%s)",
                     source->name, reader->problem);
}

static int orientation_of(const struct jpeg_decompress_struct *jpeg)
{
    static const char intro[6] = "Exif\0";
    for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker; marker = marker->next)
        if (marker->data_length > sizeof intro && memcmp(marker->data, intro, sizeof intro) == 0)
            return brim_exif_orientation(marker->data + sizeof intro, marker->data_length - sizeof intro);
    return 1;
}

/* CMYK to RGB by OpenCV's arithmetic: 255 is no ink, as Adobe stores it and, in practice, everyone who writes
 * CMYK. */
static void rgb_from_cmyk(uint8_t *rgb, const uint8_t *cmyk, int width_px)
{
    for (int x = 0; x < width_px; x++, rgb += 3, cmyk += 4)
        for (int i = 0; i < 3; i++)
            rgb[i] = (uint8_t)(cmyk[3] - ((255 - cmyk[i]) * cmyk[3] >> 8));
}

/* All rows. The row of CMYK values belongs to libjpeg's pool, which jpeg_destroy_decompress gives back. */
static void read_rows(Reader *reader, BrimPicture *picture)
{
    j_decompress_ptr jpeg = &reader->jpeg;
    bool cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(jpeg);
    size_t row_bytes = (size_t)picture->width_px * 3;
    JSAMPARRAY inks = NULL;
    if (cmyk)
        inks = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, (JDIMENSION)picture->width_px * 4, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *row = picture->rgb + jpeg->output_scanline * row_bytes;
        jpeg_read_scanlines(jpeg, cmyk ? inks : &row, 1);
        if (cmyk)
            rgb_from_cmyk(row, inks[0], picture->width_px);
    }
    jpeg_finish_decompress(jpeg);
}

/* The header and, unless picture is NULL, the pixels; false with reader->problem. A function of its own,
 * since what setjmp's own function keeps in variables is lost by the jump. */
static bool read_jpeg(Reader *reader, const BrimPictureBytes *source, BrimPicture *picture)
{
    reader->jpeg.err = jpeg_std_error(&reader->errors);
    reader->errors.error_exit = leave;
    reader->errors.emit_message = note;
    reader->errors.output_message = print_nothing;
    if (setjmp(reader->away))
        return false;
    read_header(reader, source);
    if (picture)
        read_rows(reader, picture);
    return true;
}

static BrimStatus jpeg_header(BrimPictureHeader *header, const BrimPictureBytes *source)
{
    Reader reader = {0};
    BrimStatus status = BRIM_OK;
    if (read_jpeg(&reader, source, NULL)) {
        header->width_px = (int)reader.jpeg.image_width; /* at most 65500, as libjpeg checks */
        header->height_px = (int)reader.jpeg.image_height;
        header->orientation = orientation_of(&reader.jpeg);
    } else {
        status = refuse(&reader, source);
    }
    jpeg_destroy_decompress(&reader.jpeg);
    return status;
}

static BrimStatus jpeg_pixels(BrimPicture *picture, const BrimPictureBytes *source)
{
    Reader reader = {0};
    BrimStatus status = read_jpeg(&reader, source, picture) ? BRIM_OK : refuse(&reader, source);
    jpeg_destroy_decompress(&reader.jpeg);
    return status;
}

static bool jpeg_starts(const uint8_t *data, size_t bytes)
{
    return bytes >= 3 && data[0] == 0xFF && data[1] == 0xD8 && data[2] == 0xFF;
}

static bool jpeg_ends(const BrimPictureBytes *beginning, const uint8_t *tail, size_t file_bytes)
{
    (void)beginning, (void)file_bytes;
    return tail[BRIM_PICTURE_TAIL_BYTES - 2] == 0xFF && tail[BRIM_PICTURE_TAIL_BYTES - 1] == 0xD9;
}

const BrimPictureFormat brim_format_jpeg = {jpeg_starts, jpeg_header, jpeg_pixels, jpeg_ends};
