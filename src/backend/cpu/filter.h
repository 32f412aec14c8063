/* Filters as the cpu backend keeps them: OIhw{b}i{b}o, channels padded to blocks with zeros; Ohwi{b}o where
 * pictures are read, with the three input channels as they are. */
#ifndef BRIM_BACKEND_CPU_FILTER_H
#define BRIM_BACKEND_CPU_FILTER_H

#include "graph/graph.h"

enum { BRIM_PICTURE_CHANNELS = 3 };

typedef struct BrimFilter {
    float *data;
    int out, in, height, width;
    int block;
} BrimFilter;

BrimFilter brim_filter(const BrimTensor *tensor, void *data, int block);

/* True for a filter that reads pictures: nothing else in a network has three channels. */
bool brim_filter_reads_pictures(const BrimTensor *tensor);

/* Storage, pads included. */
size_t brim_filter_bytes(const BrimFilter *filter);

/* From and to [out, in, height, width]. Writing zeroes the pads. */
void brim_filter_write(const BrimFilter *filter, const float *plain);
void brim_filter_read(const BrimFilter *filter, float *plain);

/* Zeroes the pads and leaves the rest. */
void brim_filter_zero_pads(const BrimFilter *filter);

/* to = from, times factors[out]. Both are of the same shape. */
void brim_filter_scale(const BrimFilter *to, const BrimFilter *from, const float *factors);

#endif
