/* A driver's words on one opened card: whatever they are, figures that could be. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/fdinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bytes(double bytes, double shared_bytes)
{
    if (isinf(bytes) || bytes < 0 || !(shared_bytes >= 0) || (shared_bytes > 0 && !(shared_bytes <= bytes)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Of its exact size, so that a sanitizer sees each byte too many. */
    char *text = malloc(size + 1);
    BrimFdinfo info;
    double shared;
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    brim_fdinfo_parse(&info, text);
    if (info.engine_count > BRIM_FDINFO_MOST_ENGINES || info.region_count > BRIM_FDINFO_MOST_REGIONS)
        abort();
    for (int i = 0; i < info.engine_count; i++)
        if (!info.engines[i].name[0] || info.engines[i].capacity == 0)
            abort();
    double bytes = brim_fdinfo_device_bytes(&info, &shared);
    check_bytes(bytes, shared);
    bytes = brim_fdinfo_host_bytes(&info, &shared);
    check_bytes(bytes, shared);
    free(text);
    return 0;
}
