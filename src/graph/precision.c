/* The precisions, and what they ask of a device. */
#include "graph/precision.h"

#include <string.h>

static const BrimPrecisionTraits traits[BRIM_PRECISION_COUNT] = {
    [BRIM_PRECISION_FP32] = {.text = "fp32", .option = "fp32", .feature = BRIM_F32},
    [BRIM_PRECISION_BF16_KEPT] = {.text = "bf16-kept", .option = "amp", .feature = BRIM_F32},
    [BRIM_PRECISION_AMP] =
        {.text = "amp", .option = "amp", .feature = BRIM_F16, .loss_scaled = true, .most_apart = 0.1},
    [BRIM_PRECISION_BF16] =
        {.text = "bf16", .option = "bf16", .feature = BRIM_BF16, .capability = 80, .most_apart = 0.2},
};

const BrimPrecisionTraits *brim_precision_traits(BrimPrecision precision)
{
    return &traits[precision];
}

BrimStatus brim_precision_parse(const char *word, BrimPrecision narrow, const char *more,
                                BrimPrecision *precision)
{
    if (strcmp(word, "fp32") == 0)
        *precision = BRIM_PRECISION_FP32;
    else if (strcmp(word, "amp") == 0)
        *precision = narrow;
    else if (strcmp(word, "bf16") == 0)
        *precision = BRIM_PRECISION_BF16;
    else
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "there is no precision \"%.40s\"; there are %sfp32, amp and bf16", word, more);
    return BRIM_OK;
}

/* A device that is no card computes in fp32, whatever it keeps. */
static BrimStatus refuse_host(BrimPrecision precision)
{
    if (precision == BRIM_PRECISION_BF16)
        return brim_fail(
            BRIM_ERROR_UNSUPPORTED,
            "--precision bf16 is for NVIDIA cards of compute capability %d.%d and later; on the CPU choose "
            "amp, which keeps what the backward pass reads in bfloat16",
            traits[precision].capability / 10, traits[precision].capability % 10);
    return brim_fail(
        BRIM_ERROR_UNSUPPORTED,
        "only cards compute in 16 bits; on the CPU --precision amp keeps what the backward pass reads in "
        "bfloat16");
}

BrimStatus brim_precision_check(BrimPrecision precision, const char *device, int capability)
{
    const BrimPrecisionTraits *asked = &traits[precision];
    if (capability == 0)
        return asked->feature == BRIM_F32 ? BRIM_OK : refuse_host(precision);
    if (capability >= asked->capability)
        return BRIM_OK;
    return brim_fail(
        BRIM_ERROR_UNSUPPORTED,
        "--precision %s is for cards of compute capability %d.%d and later (RTX 30, A100), and %s has %d.%d: "
        "choose amp, which is fp16 there",
        asked->option, asked->capability / 10, asked->capability % 10, device, capability / 10,
        capability % 10);
}
