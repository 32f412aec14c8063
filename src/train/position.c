/* A position's numbers, each under a key of its own. */
#include "train/position.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Each number of a position with its key; fractions travel as C99 hexadecimal, which loses no bit. */
typedef struct Field {
    const char *key;
    enum { FIELD_INT, FIELD_INT64, FIELD_BOOL, FIELD_DOUBLE, FIELD_SCALE } type;
    size_t offset;
    bool later; /* older files lack it */
} Field;

#define AT(member) offsetof(BrimPosition, member)
static const Field fields[] = {
    {"state.epoch", FIELD_INT, AT(epoch), false},
    {"state.batch", FIELD_INT, AT(batch), false},
    {"state.last_update", FIELD_INT64, AT(last_update), false},
    {"state.updates", FIELD_INT64, AT(updates), false},
    {"state.gradients_wait", FIELD_BOOL, AT(gradients_wait), false},
    {"state.box_loss_sum", FIELD_DOUBLE, AT(loss_sums[0]), false},
    {"state.obj_loss_sum", FIELD_DOUBLE, AT(loss_sums[1]), false},
    {"state.cls_loss_sum", FIELD_DOUBLE, AT(loss_sums[2]), false},
    {"state.best_fitness", FIELD_DOUBLE, AT(best_fitness), false},
    {"state.best_epoch", FIELD_INT, AT(best_epoch), false},
    {"state.loss_scale", FIELD_SCALE, AT(scaler.scale), true},
    {"state.loss_scale_streak", FIELD_INT, AT(scaler.streak), true},
    {"state.skipped_updates", FIELD_INT64, AT(scaler.skipped), true},
};
#undef AT
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

/* The loop counts on from what a file says, which no run reaches: there is room to count. */
static const long long MOST_INT = 1000000000, MOST_INT64 = 1000000000000000;

static void print_field(char *text, size_t bytes, const Field *field, const BrimPosition *position)
{
    const char *at = (const char *)position + field->offset;
    switch (field->type) {
    case FIELD_INT:
        snprintf(text, bytes, "%d", *(const int *)at);
        break;
    case FIELD_INT64:
        snprintf(text, bytes, "%lld", (long long)*(const int64_t *)at);
        break;
    case FIELD_BOOL:
        snprintf(text, bytes, "%d", *(const bool *)at);
        break;
    case FIELD_SCALE:
        snprintf(text, bytes, "%a", (double)*(const float *)at);
        break;
    default:
        snprintf(text, bytes, "%a", *(const double *)at);
    }
}

static bool parse_field(const char *text, const Field *field, BrimPosition *position)
{
    char *at = (char *)position + field->offset;
    char *end = NULL;
    bool fraction = field->type == FIELD_DOUBLE || field->type == FIELD_SCALE;
    long long whole = fraction ? 0 : strtoll(text, &end, 10);
    switch (field->type) {
    case FIELD_INT:
        *(int *)at = (int)whole;
        return *text && !*end && whole >= 0 && whole <= MOST_INT;
    case FIELD_INT64:
        *(int64_t *)at = whole;
        return *text && !*end && whole >= -1 && whole <= MOST_INT64;
    case FIELD_BOOL:
        *(bool *)at = whole != 0;
        return *text && !*end;
    case FIELD_SCALE: /* gradients are divided by it */
        *(float *)at = strtof(text, &end);
        return *text && !*end && isnormal(*(float *)at) && *(float *)at > 0;
    default:
        *(double *)at = strtod(text, &end);
        return *text && !*end;
    }
}

BrimStatus brim_position_describe(BrimTensorFile *file, const BrimPosition *position)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < FIELD_COUNT && status == BRIM_OK; i++) {
        char text[64];
        print_field(text, sizeof text, &fields[i], position);
        status = brim_tensors_set_metadata(file, fields[i].key, text);
    }
    return status;
}

BrimStatus brim_position_read(BrimPosition *position, const BrimTensorFile *file)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        const char *text = brim_tensors_metadata(file, fields[i].key);
        if (!text && fields[i].later)
            continue;
        if (!text)
            return brim_fail(BRIM_ERROR_INPUT,
                             "no %s in the file: it holds a model, not a run; resume from a "
                             "last.safetensors",
                             fields[i].key);
        if (!parse_field(text, &fields[i], position))
            return brim_fail(BRIM_ERROR_INPUT, "%s is \"%s\" in the checkpoint", fields[i].key, text);
    }
    return BRIM_OK;
}
