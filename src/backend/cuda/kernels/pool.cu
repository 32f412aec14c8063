/* Max pooling and its gradient.
 *
 * Grids: any number of blocks, at most BRIM_LANE_THREADS threads a block. The gradient needs no atomics: each
 * element of dx asks which of the windows that cover it are its own, so that the order of a sum is that of
 * the windows, whatever ran first. */
#include "backend/cuda/kernels/lanes.h"

/* A walk in which a block stays on few channels and many pixels: windows overlap, and what one thread read
 * the next finds in the first cache. Slabs of up to 8 x 8 channels, then pixels, then the channels of a slab.
 */
struct PoolWalk {
    int slab_bits; /* a slab has 1 << slab_bits eights: 1, 2, 4 or 8 */
    int64_t items;
};

BRIM_DEVICE PoolWalk pool_walk(const BrimKernelFeature &feature)
{
    PoolWalk walk;
    int groups = feature.padded / BRIM_EIGHT;
    walk.slab_bits = groups % 8 == 0 ? 3 : groups % 4 == 0 ? 2 : groups % 2 == 0 ? 1 : 0;
    walk.items = brim_pixels(feature) * groups;
    return walk;
}

/* Where a thread stands: the eight channels of a pixel. */
struct PoolPlace {
    int image, y, x, channel; /* image: its first pixel */
};

BRIM_DEVICE PoolPlace pool_place(const BrimKernelFeature &feature, const PoolWalk &walk, int64_t item)
{
    PoolPlace place;
    int pixels = (int)brim_pixels(feature);
    int64_t rest = item >> walk.slab_bits;
    int group = (int)(item & ((1 << walk.slab_bits) - 1));
    int slab = (int)(rest / pixels), pixel = (int)(rest - (int64_t)slab * pixels);
    place.channel = ((slab << walk.slab_bits) + group) * BRIM_EIGHT;
    int row = pixel / feature.w;
    place.x = pixel - row * feature.w;
    place.y = row % feature.h;
    place.image = (row - place.y) * feature.w;
    return place;
}

BRIM_DEVICE int pool_pixel(const BrimKernelFeature &feature, const PoolPlace &place, int y, int x)
{
    return place.image + y * feature.w + x;
}

BRIM_DEVICE bool pool_inside(const BrimKernelFeature &feature, int y, int x)
{
    return y >= 0 && y < feature.h && x >= 0 && x < feature.w;
}

template <class T>
BRIM_DEVICE BrimEight pool_load(const BrimKernelFeature &feature, const PoolPlace &place, int y, int x)
{
    return brim_get8<T>(feature, pool_pixel(feature, place, y, x), place.channel);
}

template <class T> BRIM_DEVICE BrimEight pool_maximum(const BrimPoolArgs &args, const PoolPlace &place)
{
    int reach = args.kernel / 2;
    BrimEight most = pool_load<T>(args.x, place, place.y, place.x);
    for (int y = place.y - reach; y <= place.y + reach; y++) {
        for (int x = place.x - reach; x <= place.x + reach; x++) {
            if (!pool_inside(args.x, y, x))
                continue;
            BrimEight value = pool_load<T>(args.x, place, y, x);
            BRIM_UNROLL
            for (int i = 0; i < BRIM_EIGHT; i++)
                most.v[i] = value.v[i] > most.v[i] ? value.v[i] : most.v[i];
        }
    }
    return most;
}

template <class T> BRIM_DEVICE void pool_forward_all(const BrimPoolArgs &args)
{
    PoolWalk walk = pool_walk(args.x);
    for (int64_t item = BRIM_GRID_FIRST; item < walk.items; item += BRIM_GRID_STEP) {
        PoolPlace place = pool_place(args.x, walk, item);
        BrimEight most = pool_maximum<T>(args, place);
        brim_put8<T>(args.y, pool_pixel(args.y, place, place.y, place.x), place.channel,
                     brim_trim8(most, place.channel, args.x.c));
    }
}

BRIM_LANE_KERNEL(4) brim_pool_forward(const BrimPoolArgs args)
{
    if (args.x.half)
        pool_forward_all<BrimHalf>(args);
    else
        pool_forward_all<float>(args);
}

/* The gradient of kernel 5, which is SPPF's, in one reading of the 9 x 9 pixels around an element. A pixel
 * takes the window away from it if it lies in the window and is larger, or as large and earlier. So each of
 * the nine rows becomes nine bits (who takes), then five (of which windows, by their column), and five rows
 * of those are or-ed to one row of windows: 25 bits in all, at 5 * row + column, set where the window is
 * somebody else's. Which is bounded by 81 loads, most of them from the first cache, where looking for each
 * window's maximum again would be 625. */
enum { POOL_K = 5, POOL_REACH = POOL_K / 2, POOL_AROUND = 2 * POOL_K - 1 };

/* Bits of the nine columns to bits of the five windows that cover one of them. */
BRIM_DEVICE uint32_t pool_windows_of(uint32_t columns)
{
    return (columns | columns >> 1 | columns >> 2 | columns >> 3 | columns >> 4) & 31u;
}

/* A row of windows' bits, repeated in all rows of windows that reach `away` rows from the element: -4 to 4.
 */
BRIM_DEVICE uint32_t pool_spread(uint32_t windows, int away)
{
    int first = away > 0 ? away : 0, last = away < 0 ? POOL_K - 1 + away : POOL_K - 1;
    uint32_t spread = 0;
    BRIM_UNROLL
    for (int row = 0; row < POOL_K; row++)
        spread |= row >= first && row <= last ? windows << (POOL_K * row) : 0u;
    return spread;
}

/* Adds to `taken` what the pixels of one row take of the element's windows. */
template <class T>
BRIM_DEVICE void pool_take_row(const BrimPoolArgs &args, const PoolPlace &place, const BrimEight &own,
                               int away, uint32_t taken[BRIM_EIGHT])
{
    uint32_t columns[BRIM_EIGHT] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int i = 0; i < POOL_AROUND; i++) {
        int x = place.x + i - (POOL_K - 1);
        if (x < 0 || x >= args.x.w)
            continue;
        BrimEight value = pool_load<T>(args.x, place, place.y + away, x);
        bool earlier = away < 0 || (away == 0 && x < place.x);
        BRIM_UNROLL
        for (int j = 0; j < BRIM_EIGHT; j++)
            columns[j] |= value.v[j] > own.v[j] || (earlier && value.v[j] == own.v[j]) ? 1u << i : 0u;
    }
    BRIM_UNROLL
    for (int j = 0; j < BRIM_EIGHT; j++)
        taken[j] |= pool_spread(pool_windows_of(columns[j]), away);
}

template <class T>
BRIM_DEVICE void pool_gather5(const BrimPoolArgs &args, const PoolPlace &place, BrimEight *sum)
{
    BrimEight own = pool_load<T>(args.x, place, place.y, place.x);
    uint32_t taken[BRIM_EIGHT] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int away = 1 - POOL_K; away < POOL_K; away++) {
        if (place.y + away >= 0 && place.y + away < args.x.h)
            pool_take_row<T>(args, place, own, away, taken);
    }
    for (int window = 0; window < POOL_K * POOL_K; window++) {
        int y = place.y + window / POOL_K - POOL_REACH, x = place.x + window % POOL_K - POOL_REACH;
        if (!pool_inside(args.x, y, x))
            continue;
        BrimEight dy = pool_load<T>(args.dy, place, y, x);
        BRIM_UNROLL
        for (int j = 0; j < BRIM_EIGHT; j++)
            sum->v[j] += taken[j] >> window & 1u ? 0.0f : dy.v[j];
    }
}

/* Whether the element of channel j is the first maximum of the window around y, x. */
template <class T>
BRIM_DEVICE bool pool_is_first(const BrimPoolArgs &args, const PoolPlace &place, int j, float own, int y,
                               int x)
{
    int reach = args.kernel / 2;
    for (int row = y - reach; row <= y + reach; row++) {
        for (int column = x - reach; column <= x + reach; column++) {
            if (!pool_inside(args.x, row, column))
                continue;
            float value =
                brim_load(brim_at<T>(args.x, pool_pixel(args.x, place, row, column), place.channel + j));
            bool earlier = row < place.y || (row == place.y && column < place.x);
            if (value > own || (earlier && value == own))
                return false;
        }
    }
    return true;
}

/* Of any kernel, a channel at a time; a search ends at the first pixel that takes the window. */
template <class T>
BRIM_DEVICE void pool_gather(const BrimPoolArgs &args, const PoolPlace &place, BrimEight *sum)
{
    int reach = args.kernel / 2;
    BrimEight own = pool_load<T>(args.x, place, place.y, place.x);
    for (int y = place.y - reach; y <= place.y + reach; y++) {
        for (int x = place.x - reach; x <= place.x + reach; x++) {
            if (!pool_inside(args.x, y, x))
                continue;
            BrimEight dy = pool_load<T>(args.dy, place, y, x);
            BRIM_UNROLL
            for (int j = 0; j < BRIM_EIGHT; j++)
                sum->v[j] += pool_is_first<T>(args, place, j, own.v[j], y, x) ? dy.v[j] : 0.0f;
        }
    }
}

template <class T> BRIM_DEVICE void pool_backward_all(const BrimPoolArgs &args)
{
    PoolWalk walk = pool_walk(args.x);
    for (int64_t item = BRIM_GRID_FIRST; item < walk.items; item += BRIM_GRID_STEP) {
        PoolPlace place = pool_place(args.x, walk, item);
        BrimEight sum = pool_load<T>(args.dx, place, place.y, place.x);
        if (args.kernel == POOL_K)
            pool_gather5<T>(args, place, &sum);
        else
            pool_gather<T>(args, place, &sum);
        brim_put8<T>(args.dx, pool_pixel(args.dx, place, place.y, place.x), place.channel,
                     brim_trim8(sum, place.channel, args.x.c));
    }
}

BRIM_LANE_KERNEL(3) brim_pool_backward(const BrimPoolArgs args)
{
    if (args.x.half)
        pool_backward_all<BrimHalf>(args);
    else
        pool_backward_all<float>(args);
}
