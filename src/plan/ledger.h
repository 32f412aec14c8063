/* The memory of a choice as rows: what it is for, how much, and how true that is. */
#ifndef BRIM_PLAN_LEDGER_H
#define BRIM_PLAN_LEDGER_H

#include "plan/device.h"
#include "plan/search.h"

/* exact: a checked plan's; measured: seen on the device; estimated: all else. */
typedef enum BrimTruth { BRIM_TRUTH_EXACT, BRIM_TRUTH_MEASURED, BRIM_TRUTH_ESTIMATED } BrimTruth;

typedef struct BrimLedgerRow {
    const char *name;
    uint64_t bytes;
    BrimTruth truth;
} BrimLedgerRow;

enum { BRIM_LEDGER_MOST = 12 };

/* Weights, gradients, optimizer, EMA, activations (kept and transient), staging, library workspace, context;
 * where they are not 0 also gaps between tensors, and pictures being loaded. They sum to peak_bytes. Returns
 * how many rows. */
int brim_ledger_fill(const BrimChoice *choice, const BrimPlanDevice *device,
                     BrimLedgerRow rows[BRIM_LEDGER_MOST]);

/* "exact", "measured", "estimated" */
const char *brim_truth_text(BrimTruth truth);

#endif
