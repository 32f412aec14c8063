/* Any bytes as the card of a run: refused with a sentence, or taken with texts that end and counts in range.
 */
#include <stdlib.h>
#include <string.h>

#include "monitor/run_card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BrimRunCard card;
    int64_t start_ticks = -1;
    if (brim_run_card_parse(&card, &start_ticks, "fuzz", (const char *)data, size) != BRIM_OK) {
        if (!*brim_last_error())
            abort();
        return 0;
    }
    const BrimRunSample *run = &card.run;
    if (run->pid < 1 || start_ticks < 0 || run->epoch < 0 || run->epochs < 0 || run->purpose_count < 0 ||
        run->purpose_count > BRIM_RUN_MOST_PURPOSES || !memchr(run->folder, 0, sizeof run->folder))
        abort();
    return 0;
}
