/* JPEG and PNG, streamed into an atomic file. */
#include "data/encode.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <jpeglib.h>
#include <spng.h>

#include "base/file.h"

typedef struct JpegWriter {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    jmp_buf away;
    BrimAtomicFile *file;
    BrimStatus status; /* what the file said */
    char problem[JMSG_LENGTH_MAX];
    JOCTET buffer[16 << 10];
} JpegWriter;

static void leave(j_common_ptr jpeg)
{
    JpegWriter *writer = (JpegWriter *)jpeg;
    jpeg->err->format_message(jpeg, writer->problem);
    longjmp(writer->away, 1);
}

static void print_nothing(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void write_buffer(JpegWriter *writer, size_t bytes)
{
    writer->status = brim_atomic_write(writer->file, writer->buffer, bytes);
    if (writer->status != BRIM_OK)
        longjmp(writer->away, 1);
    writer->destination.next_output_byte = writer->buffer;
    writer->destination.free_in_buffer = sizeof writer->buffer;
}

static void start_buffer(j_compress_ptr jpeg)
{
    JpegWriter *writer = (JpegWriter *)jpeg;
    writer->destination.next_output_byte = writer->buffer;
    writer->destination.free_in_buffer = sizeof writer->buffer;
}

static boolean empty_buffer(j_compress_ptr jpeg)
{
    JpegWriter *writer = (JpegWriter *)jpeg;
    write_buffer(writer, sizeof writer->buffer);
    return TRUE;
}

static void end_buffer(j_compress_ptr jpeg)
{
    JpegWriter *writer = (JpegWriter *)jpeg;
    write_buffer(writer, sizeof writer->buffer - writer->destination.free_in_buffer);
}

/* A function of its own, since what setjmp's own function keeps in variables is lost by the jump. */
static bool write_rows(JpegWriter *writer, const BrimPicture *picture, int quality)
{
    j_compress_ptr jpeg = &writer->jpeg;
    jpeg->err = jpeg_std_error(&writer->errors);
    writer->errors.error_exit = leave;
    writer->errors.output_message = print_nothing;
    if (setjmp(writer->away))
        return false;
    jpeg_create_compress(jpeg);
    writer->destination.init_destination = start_buffer;
    writer->destination.empty_output_buffer = empty_buffer;
    writer->destination.term_destination = end_buffer;
    jpeg->dest = &writer->destination;
    jpeg->image_width = (JDIMENSION)picture->width_px;
    jpeg->image_height = (JDIMENSION)picture->height_px;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    jpeg_start_compress(jpeg, TRUE);
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = picture->rgb + (size_t)jpeg->next_scanline * (size_t)picture->width_px * 3;
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return true;
}

static BrimStatus write_jpeg(BrimAtomicFile *file, const BrimPicture *picture, const char *path, int quality)
{
    JpegWriter *writer = brim_mem_take(BRIM_MEM_DATA, 1, sizeof *writer);
    if (!writer)
        return BRIM_ERROR_MEMORY;
    writer->file = file;
    BrimStatus status = BRIM_OK;
    if (!write_rows(writer, picture, quality))
        status = writer->status != BRIM_OK
                     ? writer->status
                     : brim_fail(BRIM_ERROR_MEMORY, "%s: JPEG refused (%s)", path, writer->problem);
    jpeg_destroy_compress(&writer->jpeg);
    brim_mem_give(writer);
    return status;
}

static int write_png_piece(spng_ctx *png, void *file, void *data, size_t bytes)
{
    (void)png;
    return brim_atomic_write(file, data, bytes) == BRIM_OK ? 0 : SPNG_IO_ERROR;
}

static BrimStatus write_png(BrimAtomicFile *file, const BrimPicture *picture, const char *path)
{
    struct spng_ihdr ihdr = {.width = (uint32_t)picture->width_px,
                             .height = (uint32_t)picture->height_px,
                             .bit_depth = 8,
                             .color_type = SPNG_COLOR_TYPE_TRUECOLOR};
    size_t bytes = (size_t)picture->width_px * 3 * (size_t)picture->height_px;
    spng_ctx *png = spng_ctx_new(SPNG_CTX_ENCODER);
    int error = png ? spng_set_png_stream(png, write_png_piece, file) : SPNG_EMEM;
    if (!error)
        error = spng_set_ihdr(png, &ihdr);
    if (!error)
        error = spng_encode_image(png, picture->rgb, bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    spng_ctx_free(png);
    if (error == SPNG_IO_ERROR)
        return BRIM_ERROR_IO; /* the sentence is brim_atomic_write's */
    return error ? brim_fail(BRIM_ERROR_MEMORY, "%s: PNG refused (%s)", path, spng_strerror(error)) : BRIM_OK;
}

BrimStatus brim_encode_file(const BrimPicture *picture, const char *path, int jpeg_quality)
{
    BrimAtomicFile *file = NULL;
    BrimStatus status = brim_atomic_open(&file, path);
    if (status != BRIM_OK)
        return status;
    const char *dot = strrchr(path, '.');
    if (dot && strcasecmp(dot, ".png") == 0)
        status = write_png(file, picture, path);
    else
        status = write_jpeg(file, picture, path, jpeg_quality);
    if (status == BRIM_OK)
        return brim_atomic_commit(&file);
    brim_atomic_discard(&file);
    return status;
}
