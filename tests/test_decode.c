/* Every picture form against OpenCV's pixels (tests/pictures/make.py), cut files, damaged sizes, encoding. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <jpeglib.h>

#include "base/file.h"
#include "base/random.h"
#include "data/decode.h"
#include "data/encode.h"
#include "support/support.h"

#define SAMPLES "fuzz/corpus/picture"

static void read_sample(const char *name, char **data, size_t *bytes)
{
    char path[300];
    snprintf(path, sizeof path, SAMPLES "/%s", name);
    assert_ok(brim_file_read(path, 1 << 20, data, bytes));
}

/* The largest difference of any channel; fails when sizes differ. */
static int largest_difference(const char *name, const BrimPicture *got, const BrimPicture *expected)
{
    if (got->width_px != expected->width_px || got->height_px != expected->height_px)
        fail_msg("%s: %d x %d instead of %d x %d", name, got->width_px, got->height_px, expected->width_px,
                 expected->height_px);
    int worst = 0;
    for (int i = 0; i < got->width_px * got->height_px * 3; i++)
        worst = abs(got->rgb[i] - expected->rgb[i]) > worst ? abs(got->rgb[i] - expected->rgb[i]) : worst;
    return worst;
}

static void fill_from_hex(BrimPicture *picture, const char *hex)
{
    size_t bytes = (size_t)picture->width_px * (size_t)picture->height_px * 3;
    assert_int_equal(strlen(hex), bytes * 2);
    for (size_t i = 0; i < bytes; i++) {
        unsigned value;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        picture->rgb[i] = (uint8_t)value;
    }
}

/* The same size from the header, from the file's beginning, and with its end checked. */
static void check_sizes(const char *name, const void *data, size_t bytes, const BrimPicture *picture)
{
    char path[300];
    int width, height;
    snprintf(path, sizeof path, SAMPLES "/%s", name);
    assert_ok(brim_decode_size(name, data, bytes, &width, &height));
    assert_int_equal(width, picture->width_px);
    assert_int_equal(height, picture->height_px);
    width = height = 0;
    assert_ok(brim_decode_file_size(path, &width, &height));
    assert_int_equal(width, picture->width_px);
    assert_int_equal(height, picture->height_px);
    width = height = 0;
    assert_ok(brim_decode_file_check(path, &width, &height));
    assert_int_equal(width, picture->width_px);
    assert_int_equal(height, picture->height_px);
}

static void every_form_has_opencvs_pixels(void **state)
{
    (void)state;
    static char name[100], hex[2000];
    int width, height, forms = 0;
    FILE *table = fopen("tests/pictures/expected.txt", "r");
    assert_non_null(table);
    while (fscanf(table, "%99s %d %d %1999s", name, &width, &height, hex) == 4) {
        BrimPicture expected, got;
        char *data;
        size_t bytes;
        assert_ok(brim_picture_make(&expected, width, height));
        fill_from_hex(&expected, hex);
        read_sample(name, &data, &bytes);
        assert_ok(brim_decode(&got, name, data, bytes));
        int worst = largest_difference(name, &got, &expected);
        if (worst > 1)
            fail_msg("%s: a channel is off by %d", name, worst);
        check_sizes(name, data, bytes, &got);
        brim_mem_give(data);
        brim_picture_clear(&expected);
        brim_picture_clear(&got);
        forms++;
    }
    fclose(table);
    assert_int_equal(forms, 36);
}

/* The first bytes of a file decode to an error or, where only the end mark is missing, to a picture; never
 * from half. */
static void try_cuts(const char *name)
{
    char *data;
    size_t bytes;
    read_sample(name, &data, &bytes);
    bool jpeg = strstr(name, ".jpg") != NULL;
    for (size_t cut = 0; cut < bytes; cut++) {
        /* A copy of its own size, so that AddressSanitizer sees a read past the end. */
        void *piece = brim_mem_take(BRIM_MEM_OTHER, cut, 1);
        BrimPicture picture;
        int width, height;
        memcpy(piece, data, cut);
        BrimStatus status = brim_decode(&picture, name, piece, cut);
        if (status == BRIM_OK && (jpeg || cut < bytes / 2))
            fail_msg("%s decoded from %zu of its %zu bytes", name, cut, bytes);
        if (status != BRIM_OK)
            assert_refused(status, BRIM_ERROR_INPUT, name);
        brim_decode_size(name, piece, cut, &width, &height);
        brim_picture_clear(&picture);
        brim_mem_give(piece);
    }
    brim_mem_give(data);
}

static void cut_files_are_refused(void **state)
{
    (void)state;
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    DIR *folder = opendir(SAMPLES);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (brim_decode_knows(entry->d_name))
            try_cuts(entry->d_name);
    closedir(folder);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
}

static void a_check_of_a_file_finds_a_missing_end(void **state)
{
    (void)state;
    static const char *const names[] = {"plain.jpg", "plain.png", "lossy.webp", "plain24.bmp"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *data, *path = brim_path_join(scratch_folder(), names[i]);
        size_t bytes;
        int width, height;
        read_sample(names[i], &data, &bytes);
        assert_ok(brim_file_write(path, data, bytes - 30));
        assert_ok(brim_decode_file_size(path, &width, &height));
        assert_refused(brim_decode_file_check(path, &width, &height), BRIM_ERROR_INPUT, path);
        /* Bytes after the end are no damage; YOLOv5 writes such a file anew. */
        char *longer = brim_mem_grow(BRIM_MEM_OTHER, data, bytes + 5, 1);
        assert_ok(brim_file_write(path, longer, bytes + 5));
        assert_ok(brim_decode_file_check(path, &width, &height));
        brim_mem_give(longer);
        brim_mem_give(path);
    }
}

/* A header that claims a side or an area beyond the limits is refused before memory is taken for it. */
static void huge_claims_are_refused(void **state)
{
    (void)state;
    BrimPicture picture;
    char *data;
    size_t bytes;
    read_sample("plain24.bmp", &data, &bytes);
    brim_mem_limit(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) + (1 << 20));
    memcpy(data + 18, "\x01\x80\x00\x00", 4); /* 32769 px wide */
    assert_refused(brim_decode(&picture, "wide.bmp", data, bytes), BRIM_ERROR_INPUT, "wide.bmp side");
    memcpy(data + 18, "\x00\x80\x00\x00\x00\x80\x00\x00", 8); /* 32768 x 32768 */
    assert_refused(brim_decode(&picture, "large.bmp", data, bytes), BRIM_ERROR_INPUT,
                   "large.bmp 32768 in all");
    memcpy(data + 18, "\x00\x00\x00\x00", 4);
    assert_refused(brim_decode(&picture, "none.bmp", data, bytes), BRIM_ERROR_INPUT, "none.bmp");
    memcpy(data + 18, "\x00\x10\x00\x00\x00\x10\x00\x00",
           8); /* 4096 x 4096 is fine but for the limit on memory */
    assert_refused(brim_decode(&picture, "square.bmp", data, bytes), BRIM_ERROR_MEMORY, "");
    brim_mem_limit(0);
    brim_mem_give(data);
    assert_refused(brim_decode(&picture, "words.txt", "no picture", 10), BRIM_ERROR_INPUT,
                   "words.txt JPEG PNG");
    assert_refused(brim_decode_file(&picture, "no/such.jpg"), BRIM_ERROR_IO, "no/such.jpg");
}

/* What the committed samples do not show: rows from the top, and an index past the palette. */
static void a_bitmap_may_start_at_the_top(void **state)
{
    (void)state;
    uint8_t file[14 + 40 + 8 + 8] = "BM";
    file[10] = 62;                            /* the pixels' offset: two colours before them */
    file[14] = 40;                            /* header bytes */
    file[18] = 3;                             /* width */
    memcpy(file + 22, "\xFE\xFF\xFF\xFF", 4); /* height -2: from the top */
    file[26] = 1, file[28] = 8;               /* planes, bits */
    memcpy(file + 54, "\x10\x20\x30\0\x40\x50\x60\0", 8);
    memcpy(file + 62, "\0\1\2\0\1\1\1\0", 8);
    static const uint8_t expected[] = {0x30, 0x20, 0x10, 0x60, 0x50, 0x40, 0,    0,    0,
                                       0x60, 0x50, 0x40, 0x60, 0x50, 0x40, 0x60, 0x50, 0x40};
    BrimPicture picture;
    assert_ok(brim_decode(&picture, "top.bmp", file, sizeof file));
    assert_memory_equal(picture.rgb, expected, sizeof expected);
    brim_picture_clear(&picture);
    file[30] = 1; /* run lengths */
    assert_refused(brim_decode(&picture, "packed.bmp", file, sizeof file), BRIM_ERROR_INPUT,
                   "packed.bmp compressed");
}

/* The one form that neither PIL nor ImageMagick writes: a flat YCCK picture, whose colour survives the
 * compression. */
static void ycck_is_converted(void **state)
{
    (void)state;
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL;
    unsigned long bytes = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &bytes);
    jpeg.image_width = 16;
    jpeg.image_height = 16;
    jpeg.input_components = 4;
    jpeg.in_color_space = JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, JCS_YCCK);
    jpeg_start_compress(&jpeg, TRUE);
    uint8_t inks[16 * 4], *row = inks;
    for (int i = 0; i < 16; i++)
        memcpy(inks + 4 * i, (uint8_t[]){200, 120, 40, 230}, 4);
    while (jpeg.next_scanline < jpeg.image_height)
        jpeg_write_scanlines(&jpeg, &row, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);

    BrimPicture picture;
    assert_ok(brim_decode(&picture, "ycck.jpg", data, bytes));
    static const int expected[] = {230 - 55 * 230 / 256, 230 - 135 * 230 / 256, 230 - 215 * 230 / 256};
    for (int i = 0; i < 16 * 16 * 3; i++)
        assert_in_range(picture.rgb[i] + 5, expected[i % 3], expected[i % 3] + 10);
    brim_picture_clear(&picture);
    free(data);
}

static void memory_may_fail_anywhere(void **state)
{
    (void)state;
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    int failures = 0;
    for (uint64_t nth = 1;; nth++) {
        BrimPicture picture;
        brim_mem_fail_at(nth);
        BrimStatus status = brim_decode_file(&picture, SAMPLES "/exif6.jpg");
        brim_mem_fail_at(0);
        brim_picture_clear(&picture);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
        if (status == BRIM_OK)
            break;
        assert_int_equal(status, BRIM_ERROR_MEMORY);
        failures++;
    }
    assert_int_equal(failures, 3); /* the file, the picture as stored, the picture upright */
}

static void what_is_saved_is_read_again(void **state)
{
    (void)state;
    BrimPicture picture, again;
    assert_ok(brim_picture_make(&picture, 40, 24));
    for (int i = 0; i < 40 * 24; i++) {
        picture.rgb[3 * i] = (uint8_t)(i % 40 * 6);
        picture.rgb[3 * i + 1] = (uint8_t)(i / 40 * 10);
        picture.rgb[3 * i + 2] = 90;
    }
    char *png = brim_path_join(scratch_folder(), "saved.PNG"),
         *jpeg = brim_path_join(scratch_folder(), "saved.jpg");
    assert_ok(brim_encode_file(&picture, png, 1));
    assert_ok(brim_decode_file(&again, png));
    assert_int_equal(largest_difference(png, &again, &picture), 0);
    brim_picture_clear(&again);
    assert_ok(brim_encode_file(&picture, jpeg, BRIM_ENCODE_JPEG_QUALITY));
    assert_ok(brim_decode_file_check(jpeg, &again.width_px, &again.height_px));
    assert_ok(brim_decode_file(&again, jpeg));
    int worst = largest_difference(jpeg, &again, &picture);
    assert_in_range(worst, 1, 12); /* lossy, but near */
    brim_picture_clear(&again);
    assert_refused(brim_encode_file(&picture, "no/such/folder.jpg", 95), BRIM_ERROR_IO, "no/such/folder.jpg");
    brim_picture_clear(&picture);
    brim_mem_give(png);
    brim_mem_give(jpeg);
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    BrimPicture picture;
    assert_ok(brim_picture_make(&picture, 300, 300));
    BrimRandom random = brim_random(1, 0);
    for (int i = 0; i < 300 * 300 * 3; i++)
        picture.rgb[i] = (uint8_t)brim_random_below(&random, 256);
    struct rlimit unlimited, little = {20000, 20000};
    getrlimit(RLIMIT_FSIZE, &unlimited);
    little.rlim_max = unlimited.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    static const char *const names[] = {"full.jpg", "full.png"};
    for (int i = 0; i < 2; i++) {
        char *path = brim_path_join(scratch_folder(), names[i]);
        setrlimit(RLIMIT_FSIZE, &little);
        BrimStatus status = brim_encode_file(&picture, path, 95);
        setrlimit(RLIMIT_FSIZE, &unlimited);
        assert_refused(status, BRIM_ERROR_IO, names[i]);
        assert_false(brim_file_exists(path));
        brim_mem_give(path);
    }
    brim_picture_clear(&picture);
}

static void real_pictures_have_a_size(void **state)
{
    (void)state;
    need_shared("reference/pictures/bus.jpg");
    BrimPicture picture;
    int width, height;
    assert_ok(brim_decode_file_check(shared_path("reference/pictures/bus.jpg"), &width, &height));
    assert_int_equal(width, 810);
    assert_int_equal(height, 1080);
    assert_ok(brim_decode_file(&picture, shared_path("reference/pictures/bus.jpg")));
    uint64_t hash = 14695981039346656037u; /* FNV-1a; the pixels were bit for bit those of OpenCV 4.6 */
    for (size_t i = 0; i < (size_t)810 * 1080 * 3; i++)
        hash = (hash ^ picture.rgb[i]) * 1099511628211u;
    if (hash != 0x32f9f162e8ed8f7aull)
        print_message(
            "bus.jpg: this libjpeg rounds differently from the one that OpenCV 4.6 was compared with\n");
    double mean = 0;
    for (size_t i = 0; i < (size_t)810 * 1080 * 3; i++)
        mean += picture.rgb[i];
    assert_float_equal(mean / (810 * 1080 * 3), 117.0229, 0.05);
    brim_picture_clear(&picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_has_opencvs_pixels),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(a_check_of_a_file_finds_a_missing_end),
        cmocka_unit_test(huge_claims_are_refused),
        cmocka_unit_test(a_bitmap_may_start_at_the_top),
        cmocka_unit_test(ycck_is_converted),
        cmocka_unit_test(memory_may_fail_anywhere),
        cmocka_unit_test(what_is_saved_is_read_again),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(real_pictures_have_a_size),
    };
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
