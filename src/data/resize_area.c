/* Area averages as OpenCV rounds them: whole numbers where both sides shrink by whole factors, else float
 * weights for the pixels that are covered in part. */
#include "data/resize_area.h"

#include <math.h>

/* One source place that counts for a place of the result. */
typedef struct Share {
    int32_t at;
    float weight;
} Share;

/* The shares of each place along one side, places[i] .. places[i + 1]. */
typedef struct Shares {
    Share *shares;
    int32_t *places; /* to + 1 */
} Shares;

/* A share is dropped when it is under a thousandth, as in OpenCV's computeResizeAreaTab. */
static const double least_share = 1e-3;

static void share_out(Shares *out, int from, int to)
{
    double scale = 1.0 / ((double)to / from);
    int count = 0;
    for (int i = 0; i < to; i++) {
        double begin = i * scale, end = begin + scale;
        double length = fmin(scale, from - begin);
        int last = (int)floor(end);
        last = last < from - 1 ? last : from - 1;
        int first = (int)ceil(begin);
        first = first < last ? first : last;
        out->places[i] = count;
        if (first - begin > least_share)
            out->shares[count++] = (Share){first - 1, (float)((first - begin) / length)};
        for (int at = first; at < last; at++)
            out->shares[count++] = (Share){at, (float)(1.0 / length)};
        if (end - last > least_share)
            out->shares[count++] = (Share){last, (float)(fmin(fmin(end - last, 1.0), length) / length)};
    }
    out->places[to] = count;
}

static size_t shares_bytes(int from, int to)
{
    return ((size_t)from + 2 * (size_t)to) * sizeof(Share) + ((size_t)to + 1) * sizeof(int32_t);
}

static char *place_shares(Shares *shares, char *at, int from, int to)
{
    shares->shares = (Share *)at;
    shares->places = (int32_t *)(shares->shares + from + 2 * (size_t)to);
    return (char *)(shares->places + to + 1);
}

size_t brim_resize_area_scratch_bytes(int from_side_px, int to_side_px)
{
    return 2 * shares_bytes(from_side_px, to_side_px) + 2 * 3 * (size_t)to_side_px * sizeof(float);
}

/* sum = or += weight * the row's averages along x. */
static void add_row(float *restrict sum, const uint8_t *restrict row, const Shares *columns, int width,
                    float weight, bool first)
{
    for (int x = 0; x < width; x++) {
        float mean[3] = {0, 0, 0};
        for (int i = columns->places[x]; i < columns->places[x + 1]; i++) {
            const uint8_t *pixel = row + (size_t)columns->shares[i].at * 3;
            for (int c = 0; c < 3; c++)
                mean[c] += pixel[c] * columns->shares[i].weight;
        }
        for (int c = 0; c < 3; c++)
            sum[3 * x + c] = first ? weight * mean[c] : sum[3 * x + c] + weight * mean[c];
    }
}

static uint8_t byte_of(float value)
{
    long rounded = lrintf(value);
    return (uint8_t)(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

static void average_shares(const BrimPicture *from, BrimPicture *to, void *scratch)
{
    Shares columns, rows;
    char *at = place_shares(&columns, scratch, from->width_px, to->width_px);
    float *sum = (float *)place_shares(&rows, at, from->height_px, to->height_px);
    share_out(&columns, from->width_px, to->width_px);
    share_out(&rows, from->height_px, to->height_px);
    for (int y = 0; y < to->height_px; y++) {
        for (int i = rows.places[y]; i < rows.places[y + 1]; i++) {
            const uint8_t *row = from->rgb + (size_t)rows.shares[i].at * (size_t)from->width_px * 3;
            add_row(sum, row, &columns, to->width_px, rows.shares[i].weight, i == rows.places[y]);
        }
        uint8_t *pixels = to->rgb + (size_t)y * (size_t)to->width_px * 3;
        for (int i = 0; i < to->width_px * 3; i++)
            pixels[i] = byte_of(sum[i]);
    }
}

/* Blocks of across x down pixels; 2 x 2 has a rounding of its own in OpenCV. */
static void average_blocks(const BrimPicture *from, BrimPicture *to, int across, int down)
{
    float part = 1.0f / (float)(across * down);
    size_t row_bytes = (size_t)from->width_px * 3;
    uint8_t *out = to->rgb;
    for (int y = 0; y < to->height_px; y++) {
        const uint8_t *block = from->rgb + (size_t)y * (size_t)down * row_bytes;
        for (int x = 0; x < to->width_px; x++, block += across * 3) {
            for (int c = 0; c < 3; c++) {
                int sum = 0;
                for (int j = 0; j < down; j++)
                    for (int i = 0; i < across; i++)
                        sum += block[(size_t)j * row_bytes + (size_t)i * 3 + (size_t)c];
                *out++ = across == 2 && down == 2 ? (uint8_t)((sum + 2) >> 2) : byte_of((float)sum * part);
            }
        }
    }
}

void brim_resize_area(const BrimPicture *from, BrimPicture *to, void *scratch)
{
    if (from->width_px % to->width_px == 0 && from->height_px % to->height_px == 0)
        average_blocks(from, to, from->width_px / to->width_px, from->height_px / to->height_px);
    else
        average_shares(from, to, scratch);
}
