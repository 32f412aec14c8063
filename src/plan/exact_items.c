/* Sections, groups and preferences. */
#include "plan/exact_items.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "plan/exact_node.h"

static const BrimExactKey preferences[BRIM_EXACT_FIXED_ROUNDS + 1][3] = {
    {BRIM_EXACT_LENGTH, BRIM_EXACT_AREA, BRIM_EXACT_TOTAL},
    {BRIM_EXACT_TOTAL, BRIM_EXACT_AREA, BRIM_EXACT_LENGTH},
    {BRIM_EXACT_TOTAL, BRIM_EXACT_LENGTH, BRIM_EXACT_AREA},
    {BRIM_EXACT_AREA, BRIM_EXACT_LENGTH, BRIM_EXACT_TOTAL},
    {BRIM_EXACT_SIZE, BRIM_EXACT_LENGTH, BRIM_EXACT_TOTAL},
    {BRIM_EXACT_CHANCE, BRIM_EXACT_AREA, BRIM_EXACT_TOTAL},
};

static int compare_moments(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int compare_starts(const void *a, const void *b)
{
    const BrimExactRanked *x = a, *y = b;
    return x->first != y->first ? x->first - y->first : x->buffer - y->buffer;
}

static int compare_ranked(const void *a, const void *b)
{
    const BrimExactRanked *x = a, *y = b;
    for (int i = 0; i < 3; i++) {
        BrimExactKey by = x->by[i];
        if (x->key[by] != y->key[by])
            return x->key[by] > y->key[by] ? -1 : 1;
    }
    return x->buffer - y->buffer;
}

static int32_t section_at(const int32_t *moments, int count, int32_t moment)
{
    const int32_t *at = bsearch(&moment, moments, (size_t)count, sizeof moment, compare_moments);
    return (int32_t)(at - moments);
}

/* Sections are stretches of time in which nothing begins or ends; moments becomes where each begins. */
static int find_moments(const BrimBuffer *buffers, const BrimExactRanked *ranked, int count, int32_t *moments)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        moments[2 * i] = buffers[ranked[i].buffer].first;
        moments[2 * i + 1] = buffers[ranked[i].buffer].last + 1;
    }
    qsort(moments, 2 * (size_t)count, sizeof *moments, compare_moments);
    for (int i = 0; i < 2 * count; i++)
        if (kept == 0 || moments[i] != moments[kept - 1])
            moments[kept++] = moments[i];
    return kept;
}

/* Keeps only the sections whose items are not all alive in a neighbour too, and says the items' times in
 * those. moments, which is not needed any more, becomes how many are kept before each. */
static void merge_sections(BrimExactRanked *ranked, int count, int32_t *moments, int moment_count)
{
    enum { BEGINS = 1, ENDS = 2 };
    int32_t kept = 0;
    bool begun = false;
    memset(moments, 0, ((size_t)moment_count + 1) * sizeof *moments);
    for (int i = 0; i < count; i++) {
        moments[ranked[i].first] |= BEGINS;
        moments[ranked[i].last] |= ENDS;
    }
    for (int i = 0; i < moment_count; i++) {
        int32_t changes = moments[i];
        moments[i] = kept;
        begun = begun || (changes & BEGINS);
        if (!begun || !(changes & ENDS))
            continue;
        kept++;
        begun = false;
    }
    moments[moment_count] = kept;
    for (int i = 0; i < count; i++) {
        ranked[i].first = moments[ranked[i].first];
        ranked[i].last = moments[ranked[i].last + 1] - 1;
    }
}

static void find_keys(BrimExactRanked *ranked, int count, int64_t *totals)
{
    for (int i = 0; i < count; i++) {
        int64_t *key = ranked[i].key;
        key[BRIM_EXACT_SIZE] = ranked[i].bytes;
        /* A product of the two may be more than 64 bits hold. */
        key[BRIM_EXACT_AREA] = (int64_t)((double)ranked[i].bytes * (double)key[BRIM_EXACT_LENGTH] / 16);
        for (int32_t section = ranked[i].first; section <= ranked[i].last; section++)
            totals[section] += ranked[i].bytes;
    }
    for (int i = 0; i < count; i++) {
        int64_t *total = &ranked[i].key[BRIM_EXACT_TOTAL];
        for (int32_t section = ranked[i].first; section <= ranked[i].last; section++)
            *total = totals[section] > *total ? totals[section] : *total;
    }
}

static int split_groups(const BrimBuffer *buffers, BrimExactRanked *ranked, int count, BrimExactGroup *groups)
{
    int group_count = 0;
    int32_t end = -1;
    for (int i = 0; i < count; i++) {
        if (ranked[i].first > end)
            groups[group_count++] = (BrimExactGroup){.ranked = &ranked[i]};
        BrimExactGroup *group = &groups[group_count - 1];
        size_t top = buffers[ranked[i].buffer].offset + (size_t)ranked[i].bytes;
        group->count++;
        group->top_bytes = top > group->top_bytes ? top : group->top_bytes;
        end = ranked[i].last > end ? ranked[i].last : end;
        for (int j = i + 1; j < count && ranked[j].first <= ranked[i].last; j++)
            group->pair_count += 2;
    }
    return group_count;
}

int brim_exact_groups(const BrimBuffer *buffers, int count, size_t alignment_bytes, BrimExactRanked *ranked,
                      int32_t *moments, int64_t *totals, BrimExactGroup *groups)
{
    int taking = 0;
    for (int i = 0; i < count; i++)
        if (buffers[i].bytes > 0)
            ranked[taking++].buffer = i;
    int moment_count = find_moments(buffers, ranked, taking, moments);
    for (int i = 0; i < taking; i++) {
        const BrimBuffer *buffer = &buffers[ranked[i].buffer];
        ranked[i].first = section_at(moments, moment_count, buffer->first);
        ranked[i].last = section_at(moments, moment_count, buffer->last + 1) - 1;
        ranked[i].alignment = (int64_t)(buffer->alignment_bytes ? buffer->alignment_bytes : alignment_bytes);
        ranked[i].bytes = brim_exact_align((int64_t)buffer->bytes, (int64_t)alignment_bytes);
        ranked[i].key[BRIM_EXACT_LENGTH] = (int64_t)buffer->last - buffer->first + 1;
    }
    merge_sections(ranked, taking, moments, moment_count);
    find_keys(ranked, taking, totals);
    qsort(ranked, (size_t)taking, sizeof *ranked, compare_starts);
    return split_groups(buffers, ranked, taking, groups);
}

/* Lists for each item those that live at the same time. */
static void link_items(BrimExactSearch *search)
{
    int32_t link = 0;
    for (int32_t i = 0; i < search->count; i++) {
        BrimExactItem *item = &search->items[i];
        item->other_first = link;
        item->least_other = INT64_MAX / 4;
        for (int32_t j = 0; j < search->count; j++) {
            const BrimExactItem *other = &search->items[j];
            if (i == j || item->first > other->last || other->first > item->last)
                continue;
            search->others[link++] = j;
            item->least_other = other->bytes < item->least_other ? other->bytes : item->least_other;
        }
        item->other_count = link - item->other_first;
    }
}

/* Draws what chance prefers: one of the keys, more or less blurred, and in every second round those more that
 * had no room in the searches before. */
static void draw_keys(const BrimExactSearch *search, const BrimExactGroup *group, int round)
{
    static const double blurs[] = {0.1, 0.3, 0.6, 0.9};
    enum { BLURS = sizeof blurs / sizeof blurs[0] };
    BrimRandom random = brim_random((uint64_t)group->count, (uint64_t)round);
    BrimExactKey base = (BrimExactKey)(round / 2 % BRIM_EXACT_CHANCE);
    double blur = blurs[round / 2 / BRIM_EXACT_CHANCE % BLURS], mean = 0;
    for (int32_t i = 0; i < group->count; i++)
        mean += (double)search->blame[group->ranked[i].buffer] / group->count;
    for (int32_t i = 0; i < group->count; i++) {
        BrimExactRanked *ranked = &group->ranked[i];
        double value = (double)ranked->key[base] * (1 - blur + 2 * blur * brim_random_unit(&random));
        if (round % 2 == 0 && mean > 0)
            value *= 0.2 + (double)search->blame[ranked->buffer] / mean;
        ranked->key[BRIM_EXACT_CHANCE] = value < 0x1p62 ? (int64_t)value : INT64_MAX;
    }
}

static void fill_items(BrimExactSearch *search, const BrimExactGroup *group, int32_t first_section)
{
    memset(search->left, 0, (size_t)search->section_count * sizeof *search->left);
    for (int32_t i = 0; i < group->count; i++) {
        const BrimExactRanked *ranked = &group->ranked[i];
        search->items[i] = (BrimExactItem){.first = ranked->first - first_section,
                                           .last = ranked->last - first_section,
                                           .bytes = ranked->bytes,
                                           .alignment = ranked->alignment,
                                           .offset = -1,
                                           .buffer = ranked->buffer};
        for (int32_t section = search->items[i].first; section <= search->items[i].last; section++)
            search->left[section] += ranked->bytes;
    }
    link_items(search);
}

void brim_exact_rank(BrimExactSearch *search, const BrimExactGroup *group, int round)
{
    BrimExactRanked *ranked = group->ranked;
    int fixed = round < BRIM_EXACT_FIXED_ROUNDS ? round : BRIM_EXACT_FIXED_ROUNDS;
    qsort(ranked, (size_t)group->count, sizeof *ranked,
          compare_starts); /* chance meets the same order each time */
    draw_keys(search, group, round);
    int32_t first_section = ranked[0].first;
    search->count = group->count;
    search->section_count = 0;
    for (int32_t i = 0; i < group->count; i++) {
        int32_t end = ranked[i].last - first_section + 1;
        ranked[i].by = preferences[fixed];
        search->section_count = end > search->section_count ? end : search->section_count;
    }
    qsort(ranked, (size_t)group->count, sizeof *ranked, compare_ranked);
    fill_items(search, group, first_section);
}
