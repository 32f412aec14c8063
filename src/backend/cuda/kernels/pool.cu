/* Max pooling and its gradient: of kernel 5 by tiles (pool_tile.h), of any other pixel by pixel.
 *
 * Grids: any number of blocks, at most BRIM_POOL_THREADS threads a block; with kernel 5 a block for each
 * tile. The gradient needs no atomics: each element of dx asks which of the windows that cover it are its
 * own, so that the order of a sum is that of the windows, whatever ran first. */
#include "backend/cuda/kernels/pool_tile.h"

/* Room for whatever type an op is of. */
template <template <class> class Room> union PoolAnyRoom {
    Room<BrimHalf> half; /* as large as that of other types of 16 bits */
    Room<float> full;
};

#ifdef __CUDACC__
#define POOL_KERNEL extern "C" __global__ void __launch_bounds__(BRIM_POOL_THREADS, 2)
#else
#define POOL_KERNEL BRIM_KERNEL
#endif

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

template <class T> BRIM_DEVICE void pool_forward_tiles(const BrimPoolArgs &args, PoolRoom<T> *room)
{
    int tiles = (int)brim_pool_tiles(&args.x);
    for (int i = brim_block(); i < tiles; i += brim_blocks()) {
        brim_block_wait(); /* the tile before this one has been read */
        pool_tile_forward<T>(args, pool_tile(args.x, i), room);
    }
}

template <class T> BRIM_DEVICE void pool_forward(const BrimPoolArgs &args, PoolAnyRoom<PoolRoom> *room)
{
    if (args.kernel == BRIM_POOL_KERNEL)
        pool_forward_tiles<T>(args, (PoolRoom<T> *)room);
    else
        pool_forward_all<T>(args);
}

POOL_KERNEL brim_pool_forward(const BrimPoolArgs args)
{
    BRIM_SHARED PoolAnyRoom<PoolRoom> room;
    BRIM_BY_TYPE(args.x.type, pool_forward<T>(args, &room));
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

/* A channel at a time; a search ends at the first pixel that takes the window. */
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
        pool_gather<T>(args, place, &sum);
        brim_put8<T>(args.dx, pool_pixel(args.dx, place, place.y, place.x), place.channel,
                     brim_trim8(sum, place.channel, args.x.c));
    }
}

template <class T> BRIM_DEVICE void pool_backward_tiles(const BrimPoolArgs &args, PoolGradientRoom<T> *room)
{
    int tiles = (int)brim_pool_tiles(&args.x);
    for (int i = brim_block(); i < tiles; i += brim_blocks()) {
        brim_block_wait(); /* the tile before this one has been read */
        pool_tile_backward<T>(args, pool_tile(args.x, i), room);
    }
}

template <class T>
BRIM_DEVICE void pool_backward(const BrimPoolArgs &args, PoolAnyRoom<PoolGradientRoom> *room)
{
    if (args.kernel == BRIM_POOL_KERNEL)
        pool_backward_tiles<T>(args, (PoolGradientRoom<T> *)room);
    else
        pool_backward_all<T>(args);
}

POOL_KERNEL brim_pool_backward(const BrimPoolArgs args)
{
    BRIM_SHARED PoolAnyRoom<PoolGradientRoom> room;
    BRIM_BY_TYPE(args.x.type, pool_backward<T>(args, &room));
}
