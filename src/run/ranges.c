/* Ranges, and the side of a network's input. */
#include "run/ranges.h"

#include "base/round.h"
#include "run/remarks.h"

BrimStatus brim_ranges_check(const BrimRange *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].value < ranges[i].low || ranges[i].value > ranges[i].high)
            return brim_fail(BRIM_ERROR_ARGUMENT, "--%s %d: it must be from %d to %d", ranges[i].name,
                             ranges[i].value, ranges[i].low, ranges[i].high);
    return BRIM_OK;
}

BrimStatus brim_imgsz_check(int imgsz_px)
{
    const BrimRange range = {"imgsz", imgsz_px, BRIM_LEAST_IMGSZ_PX, BRIM_MOST_IMGSZ_PX};
    return brim_ranges_check(&range, 1);
}

BrimStatus brim_imgsz_check_whole(int imgsz_px, const BrimModel *model)
{
    BrimStatus status = brim_imgsz_check(imgsz_px);
    int stride_px = brim_model_max_stride_px(model);
    if (status != BRIM_OK || imgsz_px % stride_px == 0)
        return status;
    int near_px = (imgsz_px + stride_px / 2) / stride_px * stride_px;
    return brim_fail(BRIM_ERROR_ARGUMENT, "--imgsz %d: %s needs a multiple of %d; %d is near", imgsz_px,
                     model->name, stride_px, near_px < stride_px ? stride_px : near_px);
}

int brim_imgsz_round(int imgsz_px, const BrimModel *model, BrimListener listener, void *self)
{
    int stride_px = brim_model_max_stride_px(model);
    int rounded_px = brim_round_up_int(imgsz_px, stride_px);
    if (rounded_px != imgsz_px)
        brim_remark(listener, self, "--imgsz %d must be a multiple of %d: taking %d", imgsz_px, stride_px,
                    rounded_px);
    return rounded_px;
}
