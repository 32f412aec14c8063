/* Remarks for the user. */
#include "run/remarks.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/plural.h"

enum { MOST_REMARKS = 20 };

void brim_remark(BrimListener listener, void *self, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (listener)
        listener(self, &(BrimEvent){.kind = BRIM_EVENT_REMARK, .text = text});
}

void brim_remark_split(const BrimSplit *split, const char *name, BrimListener listener, void *self)
{
    brim_remark(listener, self,
                "%s: %d picture%s, %d label%s, %d without a label file, %d with an empty one, %d unreadable",
                name, split->sample_count, brim_plural(split->sample_count, "s"), split->label_count,
                brim_plural(split->label_count, "s"), split->without_label_file, split->empty,
                split->corrupt);
    if (split->skipped_labels || split->duplicate_labels)
        brim_remark(listener, self, "%s: %d label%s skipped, %d duplicate%s removed", name,
                    split->skipped_labels, brim_plural(split->skipped_labels, "s"), split->duplicate_labels,
                    brim_plural(split->duplicate_labels, "s"));
    for (int i = 0; i < split->remark_count && i < MOST_REMARKS; i++)
        brim_remark(listener, self, "%s: %s", name, split->remarks[i]);
    if (split->remark_count > MOST_REMARKS)
        brim_remark(listener, self, "%s: and %d more like these", name, split->remark_count - MOST_REMARKS);
}
