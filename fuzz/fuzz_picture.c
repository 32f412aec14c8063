/* Any bytes as a picture file: size and pixels agree, or both are refused; memory is given back. */
#include <stdlib.h>

#include "data/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BrimPicture picture;
    int width = 0, height = 0;
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    brim_mem_limit(before + ((size_t)4 << 20)); /* large claims must fail quickly here */
    BrimStatus size_status = brim_decode_size("input", data, size, &width, &height);
    if (size_status == BRIM_OK && (int64_t)width * height > 1 << 20)
        return 0; /* the libraries' own memory for such a picture is not what is searched for */
    BrimStatus status = brim_decode(&picture, "input", data, size);
    if (status == BRIM_OK &&
        (size_status != BRIM_OK || picture.width_px != width || picture.height_px != height))
        abort();
    if (status != BRIM_OK && !brim_last_error()[0])
        abort();
    brim_picture_clear(&picture);
    if (brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) != before)
        abort();
    return 0;
}
