/* The two layouts of filters. */
#include "backend/cpu/filter.h"

#include <string.h>

#include "base/round.h"

/* Channels with their pads. */
typedef struct Padded {
    int out, in;
} Padded;

static bool is_plain_inside(const BrimFilter *filter)
{
    return filter->in == BRIM_PICTURE_CHANNELS;
}

static Padded padded(const BrimFilter *filter)
{
    int block = filter->block;
    return (Padded){brim_round_up_int(filter->out, block),
                    is_plain_inside(filter) ? filter->in : brim_round_up_int(filter->in, block)};
}

/* Where the element lies; o and i may be pads. */
static size_t place(const BrimFilter *filter, Padded size, int o, int i, int y, int x)
{
    size_t block = (size_t)filter->block, height = (size_t)filter->height, width = (size_t)filter->width;
    size_t outer = (size_t)o / block, lane = (size_t)o % block;
    if (is_plain_inside(filter))
        return (((outer * height + (size_t)y) * width + (size_t)x) * (size_t)filter->in + (size_t)i) * block +
               lane;
    size_t inner = outer * ((size_t)size.in / block) + (size_t)i / block;
    return (((inner * height + (size_t)y) * width + (size_t)x) * block + (size_t)i % block) * block + lane;
}

BrimFilter brim_filter(const BrimTensor *tensor, void *data, int block)
{
    return (BrimFilter){data, tensor->dims[0], tensor->dims[1], tensor->dims[2], tensor->dims[3], block};
}

bool brim_filter_reads_pictures(const BrimTensor *tensor)
{
    return tensor->dims[1] == BRIM_PICTURE_CHANNELS;
}

size_t brim_filter_bytes(const BrimFilter *filter)
{
    Padded size = padded(filter);
    return (size_t)size.out * (size_t)size.in * (size_t)filter->height * (size_t)filter->width *
           sizeof(float);
}

void brim_filter_write(const BrimFilter *filter, const float *plain)
{
    Padded size = padded(filter);
    memset(filter->data, 0, brim_filter_bytes(filter));
    for (int o = 0; o < filter->out; o++)
        for (int i = 0; i < filter->in; i++)
            for (int y = 0; y < filter->height; y++)
                for (int x = 0; x < filter->width; x++)
                    filter->data[place(filter, size, o, i, y, x)] = *plain++;
}

void brim_filter_read(const BrimFilter *filter, float *plain)
{
    Padded size = padded(filter);
    for (int o = 0; o < filter->out; o++)
        for (int i = 0; i < filter->in; i++)
            for (int y = 0; y < filter->height; y++)
                for (int x = 0; x < filter->width; x++)
                    *plain++ = filter->data[place(filter, size, o, i, y, x)];
}

void brim_filter_zero_pads(const BrimFilter *filter)
{
    Padded size = padded(filter);
    for (int o = 0; o < size.out; o++)
        for (int i = o < filter->out ? filter->in : 0; i < size.in; i++)
            for (int y = 0; y < filter->height; y++)
                for (int x = 0; x < filter->width; x++)
                    filter->data[place(filter, size, o, i, y, x)] = 0.0f;
}

void brim_filter_scale(const BrimFilter *to, const BrimFilter *from, const float *factors)
{
    Padded size = padded(to);
    for (int o = 0; o < size.out; o++)
        for (int i = 0; i < size.in; i++)
            for (int y = 0; y < to->height; y++)
                for (int x = 0; x < to->width; x++) {
                    size_t at = place(to, size, o, i, y, x);
                    to->data[at] = from->data[at] * (o < to->out ? factors[o] : 0.0f);
                }
}
