/* host: nothing yet. */
#include "monitor/vendor.h"

static BrimStatus nothing_open(BrimVendorState **state, const BrimVendorPlaces *places)
{
    (void)places;
    *state = NULL;
    return BRIM_OK;
}

static BrimStatus nothing_sample(BrimVendorState *state, BrimDraft *draft)
{
    (void)state;
    (void)draft;
    return BRIM_OK;
}

static void nothing_close(BrimVendorState **state)
{
    *state = NULL;
}

const BrimVendor brim_vendor_host = {"host", nothing_open, nothing_sample, nothing_close};
