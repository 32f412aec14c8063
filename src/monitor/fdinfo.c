/* Lines of "drm-key-name: number unit". */
#include "monitor/fdinfo.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line, taken apart; pointers into the text. */
typedef struct Line {
    const char *key, *value;
    size_t key_length, value_length;
} Line;

/* What is behind the prefix in the key, as a name; false for another key, and for a name without room. */
static bool take_name(const Line *line, const char *prefix, char name[24])
{
    size_t skip = strlen(prefix);
    if (line->key_length <= skip || line->key_length - skip >= 24 || strncmp(line->key, prefix, skip) != 0)
        return false;
    memcpy(name, line->key + skip, line->key_length - skip);
    name[line->key_length - skip] = '\0';
    return true;
}

static bool is_key(const Line *line, const char *key)
{
    return line->key_length == strlen(key) && strncmp(line->key, key, line->key_length) == 0;
}

static void take_text(const Line *line, char *text, size_t room)
{
    if (line->value_length >= room)
        return;
    memcpy(text, line->value, line->value_length);
    text[line->value_length] = '\0';
}

/* The number, and the unit behind it; false where the value does not begin with one or it has no room. */
static bool take_number(const Line *line, uint64_t *number, const char **unit, size_t *unit_length)
{
    char *end;
    if (line->value_length == 0 || !isdigit((unsigned char)line->value[0]))
        return false;
    errno = 0;
    unsigned long long got = strtoull(line->value, &end, 10);
    size_t used = (size_t)(end - line->value);
    if (errno || used > line->value_length)
        return false;
    used += strspn(end, " \t");
    *unit = line->value + used;
    *unit_length = used < line->value_length ? line->value_length - used : 0;
    *number = got;
    return true;
}

static bool take_count(const Line *line, const char *expected_unit, uint64_t *count)
{
    const char *unit;
    size_t length;
    uint64_t number;
    if (!take_number(line, &number, &unit, &length))
        return false;
    if (length && (length != strlen(expected_unit) || strncmp(unit, expected_unit, length) != 0))
        return false;
    *count = number;
    return true;
}

static double take_bytes(const Line *line)
{
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};
    const char *unit;
    size_t length;
    uint64_t number;
    if (!take_number(line, &number, &unit, &length))
        return NAN;
    if (length == 0)
        return (double)number;
    for (int i = 0; i < 3; i++)
        if (length == 3 && strncmp(unit, units[i].name, 3) == 0)
            return (double)number * units[i].bytes;
    return NAN;
}

static BrimFdinfoEngine *engine_of(BrimFdinfo *info, const char *name)
{
    for (int i = 0; i < info->engine_count; i++)
        if (strcmp(info->engines[i].name, name) == 0)
            return &info->engines[i];
    if (info->engine_count == BRIM_FDINFO_MOST_ENGINES)
        return NULL;
    BrimFdinfoEngine *engine = &info->engines[info->engine_count++];
    *engine = (BrimFdinfoEngine){.capacity = 1,
                                 .busy_ns = BRIM_FDINFO_UNKNOWN,
                                 .busy_cycles = BRIM_FDINFO_UNKNOWN,
                                 .total_cycles = BRIM_FDINFO_UNKNOWN};
    snprintf(engine->name, sizeof engine->name, "%s", name);
    return engine;
}

static BrimFdinfoRegion *region_of(BrimFdinfo *info, const char *name)
{
    for (int i = 0; i < info->region_count; i++)
        if (strcmp(info->regions[i].name, name) == 0)
            return &info->regions[i];
    if (info->region_count == BRIM_FDINFO_MOST_REGIONS)
        return NULL;
    BrimFdinfoRegion *region = &info->regions[info->region_count++];
    *region = (BrimFdinfoRegion){.resident_bytes = NAN, .total_bytes = NAN, .shared_bytes = NAN};
    snprintf(region->name, sizeof region->name, "%s", name);
    return region;
}

/* Longer prefixes first: "drm-engine-capacity-" is no engine of the name "capacity-...". */
static bool take_engine(BrimFdinfo *info, const Line *line)
{
    static const struct {
        const char *prefix, *unit;
        size_t offset;
    } keys[] = {{"drm-engine-capacity-", "", offsetof(BrimFdinfoEngine, capacity)},
                {"drm-engine-", "ns", offsetof(BrimFdinfoEngine, busy_ns)},
                {"drm-total-cycles-", "", offsetof(BrimFdinfoEngine, total_cycles)},
                {"drm-cycles-", "", offsetof(BrimFdinfoEngine, busy_cycles)}};
    char name[24];
    uint64_t count;
    for (int i = 0; i < 4; i++) {
        if (!take_name(line, keys[i].prefix, name))
            continue;
        bool counts = take_count(line, keys[i].unit, &count) && (i > 0 || count > 0);
        BrimFdinfoEngine *engine = counts ? engine_of(info, name) : NULL;
        if (engine)
            *(uint64_t *)((char *)engine + keys[i].offset) = count;
        return true;
    }
    return false;
}

static void take_region(BrimFdinfo *info, const Line *line)
{
    char name[24];
    int kind = take_name(line, "drm-resident-", name) ? 0
               : take_name(line, "drm-memory-", name) ? 1
               : take_name(line, "drm-total-", name)  ? 2
               : take_name(line, "drm-shared-", name) ? 3
                                                      : -1;
    double bytes = kind < 0 ? NAN : take_bytes(line);
    BrimFdinfoRegion *region = isnan(bytes) ? NULL : region_of(info, name);
    if (!region)
        return;
    if (kind == 0 || (kind == 1 && isnan(region->resident_bytes))) /* an older word for the same */
        region->resident_bytes = bytes;
    else if (kind == 2)
        region->total_bytes = bytes;
    else if (kind == 3)
        region->shared_bytes = bytes;
}

static void take_line(BrimFdinfo *info, const Line *line)
{
    if (is_key(line, "drm-driver"))
        take_text(line, info->driver, sizeof info->driver);
    else if (is_key(line, "drm-pdev"))
        take_text(line, info->address, sizeof info->address);
    else if (is_key(line, "drm-client-id"))
        info->has_client = take_count(line, "", &info->client);
    else if (!take_engine(info, line))
        take_region(info, line);
}

void brim_fdinfo_parse(BrimFdinfo *info, const char *text)
{
    *info = (BrimFdinfo){.engine_count = 0};
    for (const char *at = text; *at;) {
        size_t length = strcspn(at, "\n");
        const char *colon = memchr(at, ':', length);
        if (colon && strncmp(at, "drm-", 4) == 0) {
            Line line = {.key = at, .key_length = (size_t)(colon - at), .value = colon + 1};
            line.value += strspn(line.value, " \t");
            const char *end = at + length;
            while (end > line.value && isspace((unsigned char)end[-1]))
                end--;
            line.value_length = end > line.value ? (size_t)(end - line.value) : 0;
            take_line(info, &line);
        }
        at += length + (at[length] == '\n');
    }
}

/* The sum over the regions whose names begin so. */
static double sum_of(const BrimFdinfo *info, const char *const *beginnings, double *shared_bytes)
{
    double sum = NAN;
    *shared_bytes = 0;
    for (int i = 0; i < info->region_count; i++) {
        const BrimFdinfoRegion *region = &info->regions[i];
        double bytes = isnan(region->resident_bytes) ? region->total_bytes : region->resident_bytes;
        for (const char *const *beginning = beginnings; *beginning && !isnan(bytes); beginning++) {
            if (strncmp(region->name, *beginning, strlen(*beginning)) != 0)
                continue;
            sum = isnan(sum) ? bytes : sum + bytes;
            *shared_bytes += isnan(region->shared_bytes) ? 0 : fmin(region->shared_bytes, bytes);
            break;
        }
    }
    return sum;
}

double brim_fdinfo_device_bytes(const BrimFdinfo *info, double *shared_bytes)
{
    return sum_of(info, (const char *const[]){"vram", "local", NULL}, shared_bytes);
}

double brim_fdinfo_host_bytes(const BrimFdinfo *info, double *shared_bytes)
{
    return sum_of(info, (const char *const[]){"system", "gtt", "memory", NULL}, shared_bytes);
}
