/* Lines in a room that no device fills. */
#include "monitor/sample_csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "monitor/sample_fields.h"

enum { MOST_TEXT_BYTES = 160, MOST_FIGURE_BYTES = 26 };
_Static_assert(2 * sizeof(BrimDeviceSample) + BRIM_METRIC_COUNT * 2 * MOST_FIGURE_BYTES <
                   BRIM_SAMPLE_CSV_BYTES,
               "a line has to hold a device");

typedef struct Line {
    char *text;
    size_t length;
} Line;

static void add(Line *line, const char *text)
{
    size_t length = strlen(text);
    memcpy(line->text + line->length, text, length + 1);
    line->length += length;
}

/* In quotes where it has to be, each quote in it twice. */
static void add_text(Line *line, const char *raw)
{
    char text[MOST_TEXT_BYTES];
    brim_utf8_copy(text, sizeof text, raw);
    if (!strpbrk(text, ",\"\r\n")) {
        add(line, text);
        return;
    }
    line->text[line->length++] = '"';
    for (const char *at = text; *at; at++) {
        if (*at == '"')
            line->text[line->length++] = '"';
        line->text[line->length++] = *at;
    }
    add(line, "\"");
}

/* All 17 digits where it is no whole number, so that nothing is lost. */
static void add_figure(Line *line, double figure)
{
    char text[MOST_FIGURE_BYTES] = "";
    if (isfinite(figure))
        snprintf(text, sizeof text, fabs(figure) < 1e15 && figure == floor(figure) ? "%.0f" : "%.17g",
                 figure);
    add(line, text);
}

static void add_field(Line *line, const BrimField *field, const void *whole)
{
    const char *at = (const char *)whole + field->offset;
    char text[MOST_FIGURE_BYTES] = "";
    switch (field->kind) {
    case BRIM_FIELD_TEXT:
        add_text(line, at);
        return;
    case BRIM_FIELD_FIGURE:
        add_figure(line, *(const double *)at);
        return;
    case BRIM_FIELD_INT:
    case BRIM_FIELD_INDEX:
        if (*(const int *)at >= 0)
            snprintf(text, sizeof text, "%d", *(const int *)at);
        break;
    case BRIM_FIELD_FLAG:
        snprintf(text, sizeof text, "%d", *(const bool *)at);
        break;
    case BRIM_FIELD_BYTES:
        snprintf(text, sizeof text, "%llu", (unsigned long long)*(const uint64_t *)at);
        break;
    }
    add(line, text);
}

size_t brim_sample_csv_header(char text[BRIM_SAMPLE_CSV_BYTES])
{
    Line line = {text, 0};
    add(&line, "time");
    for (int i = 0; i < brim_device_fields.count; i++) {
        add(&line, ",");
        add(&line, brim_device_fields.list[i].key);
    }
    add(&line, "\n");
    return line.length;
}

size_t brim_sample_csv_device(char text[BRIM_SAMPLE_CSV_BYTES], const BrimMonitorSample *sample, int device)
{
    Line line = {text, 0};
    char time[BRIM_SAMPLE_TIME_BYTES];
    brim_sample_time_text(time, sample->time_ns);
    add(&line, time);
    for (int i = 0; i < brim_device_fields.count; i++) {
        add(&line, ",");
        add_field(&line, &brim_device_fields.list[i], &sample->devices[device]);
    }
    add(&line, "\n");
    return line.length;
}
