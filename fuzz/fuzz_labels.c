/* Any bytes as a label file: what is taken is in range, free of duplicates, and counted. */
#include <stdlib.h>
#include <string.h>

#include "data/labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_remark(void *self, int line, const char *text)
{
    if (line < 1 || !text[0])
        abort();
    ++*(int *)self;
}

static void check(const BrimLabel *label, int class_count)
{
    if (!(label->class_index >= 0 && label->class_index < class_count && label->x >= 0 && label->x <= 1 &&
          label->y >= 0 && label->y <= 1 && label->w >= 0 && label->w <= 1 && label->h >= 0 && label->h <= 1))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { CLASSES = 80, MOST = 64 };
    BrimLabel labels[MOST];
    int remarks = 0, duplicates, skipped;
    /* A copy of its own size, so that a read past the end is seen. */
    char *text = malloc(size ? size : 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    int count =
        brim_labels_parse(text, size, CLASSES, labels, MOST, count_remark, &remarks, &duplicates, &skipped);
    if (count < 0 || count + duplicates > MOST || skipped != remarks)
        abort();
    for (int i = 0; i < count; i++) {
        check(&labels[i], CLASSES);
        for (int j = 0; j < i; j++)
            if (labels[i].class_index == labels[j].class_index && labels[i].x == labels[j].x &&
                labels[i].y == labels[j].y && labels[i].w == labels[j].w && labels[i].h == labels[j].h)
                abort();
    }
    free(text);
    return 0;
}
