/* Purposes of the arena and what is beside it, in rows. */
#include "plan/ledger.h"

const char *brim_truth_text(BrimTruth truth)
{
    static const char *const texts[] = {"exact", "measured", "estimated"};
    return texts[truth];
}

int brim_ledger_fill(const BrimChoice *choice, const BrimPlanDevice *device,
                     BrimLedgerRow rows[BRIM_LEDGER_MOST])
{
    const size_t *bytes = choice->purpose_bytes;
    BrimTruth arena = choice->packed ? BRIM_TRUTH_EXACT : BRIM_TRUTH_ESTIMATED;
    size_t loading = (size_t)choice->micro_batch * device->picture_bytes;
    /* What the library may take beside the arena is a cap; what it takes in the arena was asked for, op by
     * op. */
    BrimTruth workspace = device->library_bytes ? BRIM_TRUTH_ESTIMATED : arena;
    const BrimLedgerRow all[] = {
        {"weights", bytes[BRIM_PURPOSE_WEIGHTS], arena},
        {"gradients", bytes[BRIM_PURPOSE_GRADIENTS], arena},
        {"optimizer", bytes[BRIM_PURPOSE_OPTIMIZER], arena},
        {"EMA", bytes[BRIM_PURPOSE_EMA], arena},
        {"activations", bytes[BRIM_PURPOSE_KEPT] + bytes[BRIM_PURPOSE_TRANSIENT], arena},
        {"staging", bytes[BRIM_PURPOSE_STAGING], arena},
        {"library workspace", bytes[BRIM_PURPOSE_WORKSPACE] + device->library_bytes, workspace},
        {"context", device->context_bytes, BRIM_TRUTH_ESTIMATED},
        {"gaps", choice->gap_bytes, arena},
        {"loading", loading, BRIM_TRUTH_ESTIMATED},
    };
    enum { ALWAYS_SHOWN = 8, ALL = sizeof all / sizeof all[0] };
    int count = 0;
    for (int i = 0; i < ALL; i++) {
        if (i < ALWAYS_SHOWN || all[i].bytes > 0)
            rows[count++] = all[i];
    }
    return count;
}
