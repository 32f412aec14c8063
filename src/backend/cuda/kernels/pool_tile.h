/* Max pooling of kernel 5, which is SPPF's, by tiles: a block takes eight channels of a part of a plane, and
 * reads what its windows cover once, into shared memory.
 *
 * A window's maximum is found in two steps: the largest of five pixels side by side, then the largest of five
 * such rows, each time the first of those as large. That is the first maximum in the order of memory, after
 * ten comparisons instead of 25. Where a window goes beyond the plane, pixels of the border are looked at
 * again, which changes no maximum, nor who is first. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_POOL_TILE_H
#define BRIM_BACKEND_CUDA_KERNELS_POOL_TILE_H

#include <math.h>

#include "backend/cuda/kernels/lanes.h"
#include "backend/cuda/kernels/pool.h"

enum { POOL_K = BRIM_POOL_KERNEL, POOL_REACH = POOL_K / 2, POOL_MARGIN = 2 * POOL_REACH };

/* Eight channels from `channel` on of the pixels from top, left on, before bottom, right; image: the first
 * pixel of theirs. */
struct PoolTile {
    int image, channel, top, left, bottom, right;
};

/* A card divides in 32 bits quickly, and in 64 slowly: a launch has no more than 2^31 blocks, and so tiles.
 */
BRIM_DEVICE PoolTile pool_tile(const BrimKernelFeature &feature, int index)
{
    int down = brim_pool_parts(feature.h, feature.type), across = brim_pool_parts(feature.w, feature.type);
    int groups = feature.padded / BRIM_EIGHT;
    int place = brim_pool_over(index, groups), row = brim_pool_over(place, across);
    int image = brim_pool_over(row, down);
    int h = brim_pool_longest(feature.h, feature.type), w = brim_pool_longest(feature.w, feature.type);
    PoolTile tile;
    tile.channel = (index - place * groups) * BRIM_EIGHT;
    tile.image = image * feature.h * feature.w;
    tile.top = (row - image * down) * h;
    tile.left = (place - row * across) * w;
    tile.bottom = tile.top + h < feature.h ? tile.top + h : feature.h;
    tile.right = tile.left + w < feature.w ? tile.left + w : feature.w;
    return tile;
}

/* What a block keeps of a tile and the margin around it, as far as that is of use. */
template <class T> struct PoolRoom {
    enum {
        SIDE = sizeof(T) == 2 ? BRIM_POOL_SIDE_HALF : BRIM_POOL_SIDE_FLOAT,
        WIDE = SIDE + 2 * POOL_MARGIN,
        CELLS = WIDE * WIDE
    };
    BrimPack<T> x[CELLS], rows[CELLS]; /* rows: the largest of the five around each pixel of a row */
};

/* A walk of the block over the tile and `away` more pixels on each side, where the plane has them. */
struct PoolArea {
    int top, left, w, pixels;
    uint32_t inverse; /* a division by w: exact for fewer than 2000 pixels */
};

BRIM_DEVICE PoolArea pool_area(const BrimKernelFeature &feature, const PoolTile &tile, int down, int across)
{
    int bottom = tile.bottom + down < feature.h ? tile.bottom + down : feature.h;
    int right = tile.right + across < feature.w ? tile.right + across : feature.w;
    PoolArea area;
    area.top = tile.top > down ? tile.top - down : 0;
    area.left = tile.left > across ? tile.left - across : 0;
    area.w = right - area.left;
    area.pixels = area.w * (bottom - area.top);
    area.inverse = 65536u / (uint32_t)area.w + 1;
    return area;
}

/* A pixel of the plane, and its cell in the room. */
struct PoolSpot {
    int y, x, cell;
};

template <class T> BRIM_DEVICE PoolSpot pool_spot(const PoolTile &tile, const PoolArea &area, int item)
{
    PoolSpot spot;
    int row = (int)((uint32_t)item * area.inverse >> 16);
    spot.y = area.top + row;
    spot.x = area.left + item - row * area.w;
    spot.cell = (spot.y - tile.top + POOL_MARGIN) * PoolRoom<T>::WIDE + spot.x - tile.left + POOL_MARGIN;
    return spot;
}

BRIM_DEVICE int pool_pixel_of(const BrimKernelFeature &feature, const PoolTile &tile, const PoolSpot &spot)
{
    return tile.image + spot.y * feature.w + spot.x;
}

/* Bits of the channels in a word: four each, which hold a place in a row or column of a window. Channels two
 * by two, as a card compares elements of 16 bits. */
BRIM_DEVICE uint32_t pool_bits(int channel)
{
    return 15u << (channel / 2 * 4 + channel % 2 * 16);
}

/* The same place for all channels. */
BRIM_DEVICE uint32_t pool_everywhere(int place)
{
    return (uint32_t)place * 0x11111111u;
}

/* Keeps what is larger; the bits of the channels where that is `value`. NaN is larger than nothing. */
template <class T> BRIM_DEVICE uint32_t pool_larger(BrimPack<T> *best, const BrimPack<T> &value)
{
    BrimEight most = brim_unpack(*best), other = brim_unpack(value);
    uint32_t taken = 0;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        taken |= other.v[i] > most.v[i] ? pool_bits(i) : 0u;
        most.v[i] = other.v[i] > most.v[i] ? other.v[i] : most.v[i];
    }
    brim_store8((T *)best, most);
    return taken;
}

template <class T> BRIM_DEVICE void pool_nothing(BrimPack<T> *pack)
{
    BrimEight least;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++)
        least.v[i] = -INFINITY;
    brim_store8((T *)pack, least);
}

#ifdef __CUDACC__ /* the same on elements of 16 bits as they are, two at once: half of the steps */

template <class T> BRIM_DEVICE uint32_t pool_larger_pairs(BrimPack<T> *best, const BrimPack<T> &value)
{
    typedef typename BrimPack<T>::Pair Pair;
    uint32_t *mine = (uint32_t *)&best->pairs, taken = 0;
    const uint32_t *others = (const uint32_t *)&value.pairs;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT / 2; i++) {
        uint32_t larger = __hgt2_mask(*(const Pair *)&others[i], *(const Pair *)&mine[i]);
        mine[i] = (mine[i] & ~larger) | (others[i] & larger);
        taken |= larger & (pool_bits(2 * i) | pool_bits(2 * i + 1));
    }
    return taken;
}

BRIM_DEVICE uint32_t pool_larger(BrimPack<BrimHalf> *best, const BrimPack<BrimHalf> &value)
{
    return pool_larger_pairs(best, value);
}

#if __CUDA_ARCH__ >= 800 /* CUDA 12.0 has no such comparison for cards before */
BRIM_DEVICE uint32_t pool_larger(BrimPack<BrimBfloat> *best, const BrimPack<BrimBfloat> &value)
{
    return pool_larger_pairs(best, value);
}
#endif

BRIM_DEVICE void pool_nothing(BrimPack<BrimHalf> *pack)
{
    const uint32_t least = 0xFC00FC00u; /* -infinity, twice */
    pack->pairs = make_uint4(least, least, least, least);
}

BRIM_DEVICE void pool_nothing(BrimPack<BrimBfloat> *pack)
{
    const uint32_t least = 0xFF80FF80u;
    pack->pairs = make_uint4(least, least, least, least);
}

#endif

/* The largest so far, and where in the window it stands. */
template <class T> struct PoolBest {
    BrimPack<T> value;
    uint32_t rows, columns;
};

template <class T>
BRIM_DEVICE void pool_take(PoolBest<T> *best, const BrimPack<T> &value, uint32_t rows, uint32_t columns)
{
    uint32_t taken = pool_larger(&best->value, value);
    best->rows = (best->rows & ~taken) | (rows & taken);
    best->columns = (best->columns & ~taken) | (columns & taken);
}

BRIM_DEVICE int pool_kept_inside(int at, int count)
{
    return at < 0 ? 0 : at < count ? at : count - 1;
}

/* The first of the largest among the five pixels of a row around the spot. */
template <class T>
BRIM_DEVICE PoolBest<T> pool_best_of_row(const PoolRoom<T> &room, const PoolSpot &spot, int w)
{
    int first = spot.x - POOL_REACH;
    PoolBest<T> best;
    pool_nothing(&best.value);
    best.rows = 0;
    best.columns = pool_everywhere(pool_kept_inside(first, w) - first);
    BRIM_UNROLL
    for (int i = 0; i < POOL_K; i++) {
        int x = pool_kept_inside(first + i, w);
        pool_take<T>(&best, room.x[spot.cell + x - spot.x], 0, pool_everywhere(x - first));
    }
    return best;
}

/* The first of the largest of the window around the spot, of its five rows' largest; `columns`: where those
 * stand in their rows, by cell, or NULL where nobody asks. */
template <class T>
BRIM_DEVICE PoolBest<T> pool_best_of_rows(const PoolRoom<T> &room, const uint32_t *columns,
                                          const PoolSpot &spot, int h)
{
    int first = spot.y - POOL_REACH, start = pool_kept_inside(first, h);
    PoolBest<T> best;
    pool_nothing(&best.value);
    best.rows = pool_everywhere(start - first);
    best.columns = columns ? columns[spot.cell + (start - spot.y) * PoolRoom<T>::WIDE] : 0;
    BRIM_UNROLL
    for (int i = 0; i < POOL_K; i++) {
        int y = pool_kept_inside(first + i, h), cell = spot.cell + (y - spot.y) * PoolRoom<T>::WIDE;
        pool_take<T>(&best, room.rows[cell], pool_everywhere(y - first), columns ? columns[cell] : 0);
    }
    return best;
}

/* ---- forward ---- */

template <class T>
BRIM_DEVICE void pool_tile_forward(const BrimPoolArgs &args, const PoolTile &tile, PoolRoom<T> *room)
{
    PoolArea area = pool_area(args.x, tile, POOL_REACH, POOL_REACH);
    for (int item = brim_thread(); item < area.pixels; item += brim_threads()) {
        PoolSpot spot = pool_spot<T>(tile, area, item);
        room->x[spot.cell] = brim_get_pack<T>(args.x, pool_pixel_of(args.x, tile, spot), tile.channel);
    }
    brim_block_wait();
    area = pool_area(args.x, tile, POOL_REACH, 0);
    for (int item = brim_thread(); item < area.pixels; item += brim_threads()) {
        PoolSpot spot = pool_spot<T>(tile, area, item);
        room->rows[spot.cell] = pool_best_of_row<T>(*room, spot, args.x.w).value;
    }
    brim_block_wait();
    area = pool_area(args.x, tile, 0, 0);
    for (int item = brim_thread(); item < area.pixels; item += brim_threads()) {
        PoolSpot spot = pool_spot<T>(tile, area, item);
        BrimPack<T> most = room->x[spot.cell]; /* a NaN in the middle of its window stays */
        pool_larger(&most, pool_best_of_rows<T>(*room, NULL, spot, args.x.h).value);
        brim_put8<T>(args.y, pool_pixel_of(args.y, tile, spot), tile.channel,
                     brim_trim8(brim_unpack(most), tile.channel, args.y.c));
    }
}

/* ---- backward ---- */

/* Where in a window its first maximum stands, as in PoolBest. */
struct alignas(8) PoolOwner {
    uint32_t rows, columns;
};

template <class T> struct PoolGradientRoom {
    PoolRoom<T> forward;
    BrimPack<T> dy[PoolRoom<T>::CELLS];
    PoolOwner owners[PoolRoom<T>::CELLS];
    uint32_t columns[PoolRoom<T>::CELLS]; /* where the largest of a row stands */
};

/* Nobody owns what is no window, so that a gather need not ask where the plane ends: all cells that a tile's
 * windows may have. */
template <class T> BRIM_DEVICE void pool_disown(PoolGradientRoom<T> *room)
{
    const int around = PoolRoom<T>::WIDE - 2 * POOL_REACH;
    const PoolOwner nobody = {0xFFFFFFFFu, 0xFFFFFFFFu};
    for (int item = brim_thread(); item < around * around; item += brim_threads())
        room->owners[(item / around + POOL_REACH) * PoolRoom<T>::WIDE + item % around + POOL_REACH] = nobody;
}

/* Adds up dy of the windows whose first maximum is the spot's pixel, in the order of windows. */
template <class T>
BRIM_DEVICE void pool_gather_tile(const PoolGradientRoom<T> &room, const PoolSpot &spot, BrimEight *sum)
{
    BRIM_UNROLL
    for (int window = 0; window < POOL_K * POOL_K; window++) {
        int row = window / POOL_K, column = window % POOL_K;
        int cell = spot.cell + (row - POOL_REACH) * PoolRoom<T>::WIDE + column - POOL_REACH;
        PoolOwner owner = room.owners[cell];
        uint32_t others = (owner.rows ^ pool_everywhere(POOL_K - 1 - row)) |
                          (owner.columns ^ pool_everywhere(POOL_K - 1 - column));
        BrimEight dy = brim_unpack(room.dy[cell]);
        BRIM_UNROLL
        for (int i = 0; i < BRIM_EIGHT; i++)
            sum->v[i] = others & pool_bits(i) ? sum->v[i] : sum->v[i] + dy.v[i];
    }
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) /* no -0, as a sum with zeros for the other windows has none */
        sum->v[i] += 0.0f;
}

/* Whose the windows are, for the tile and the windows' reach around it. */
template <class T>
BRIM_DEVICE void pool_find_owners(const BrimPoolArgs &args, const PoolTile &tile, PoolGradientRoom<T> *room)
{
    PoolArea area = pool_area(args.x, tile, POOL_MARGIN, POOL_REACH);
    for (int item = brim_thread(); item < area.pixels; item += brim_threads()) {
        PoolSpot spot = pool_spot<T>(tile, area, item);
        PoolBest<T> best = pool_best_of_row<T>(room->forward, spot, args.x.w);
        room->forward.rows[spot.cell] = best.value;
        room->columns[spot.cell] = best.columns;
    }
    brim_block_wait();
    area = pool_area(args.x, tile, POOL_REACH, POOL_REACH);
    for (int item = brim_thread(); item < area.pixels; item += brim_threads()) {
        PoolSpot spot = pool_spot<T>(tile, area, item);
        PoolBest<T> best = pool_best_of_rows<T>(room->forward, room->columns, spot, args.x.h);
        PoolOwner owner = {best.rows, best.columns};
        room->owners[spot.cell] = owner;
    }
}

/* x and dy of the tile and its margin: dy has no use for all of that, but so both are loaded at a time. */
template <class T>
BRIM_DEVICE void pool_fetch(const BrimPoolArgs &args, const PoolTile &tile, PoolGradientRoom<T> *room)
{
    PoolArea area = pool_area(args.x, tile, POOL_MARGIN, POOL_MARGIN);
    for (int item = brim_thread(); item < area.pixels; item += brim_threads()) {
        PoolSpot spot = pool_spot<T>(tile, area, item);
        int pixel = pool_pixel_of(args.x, tile, spot);
        BrimPack<T> x = brim_get_pack<T>(args.x, pixel, tile.channel);
        BrimPack<T> dy = brim_get_pack<T>(args.dy, pixel, tile.channel);
        room->forward.x[spot.cell] = x;
        room->dy[spot.cell] = dy;
    }
}

/* What dx holds at an item of the tile; zeros beyond the last. */
template <class T>
BRIM_DEVICE BrimPack<T> pool_held(const BrimPoolArgs &args, const PoolTile &tile, const PoolArea &area,
                                  int item)
{
    BrimPack<T> pack = {};
    if (item < area.pixels)
        pack = brim_get_pack<T>(args.dx, pool_pixel_of(args.dx, tile, pool_spot<T>(tile, area, item)),
                                tile.channel);
    return pack;
}

template <class T>
BRIM_DEVICE void pool_tile_backward(const BrimPoolArgs &args, const PoolTile &tile, PoolGradientRoom<T> *room)
{
    pool_fetch<T>(args, tile, room);
    pool_disown<T>(room);
    brim_block_wait();
    pool_find_owners<T>(args, tile, room);
    PoolArea area = pool_area(args.x, tile, 0, 0);
    BrimPack<T> held = pool_held<T>(args, tile, area, brim_thread()); /* on its way while others come */
    brim_block_wait();
    for (int item = brim_thread(); item < area.pixels; item += brim_threads()) {
        PoolSpot spot = pool_spot<T>(tile, area, item);
        BrimEight sum = brim_unpack(held);
        held = pool_held<T>(args, tile, area, item + brim_threads());
        pool_gather_tile<T>(*room, spot, &sum);
        brim_put8<T>(args.dx, pool_pixel_of(args.dx, tile, spot), tile.channel,
                     brim_trim8(sum, tile.channel, args.x.c));
    }
}

#endif
