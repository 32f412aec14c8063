/* The scale grows while all is well and shrinks at once when it is not. */
#include "train/scaler.h"

#include <float.h>

/* torch.cuda.amp.GradScaler's defaults, which YOLOv5 keeps. */
enum { GROWTH_INTERVAL = 2000 };
static const float FIRST = 65536, GROWTH = 2, BACKOFF = 0.5f;

BrimScaler brim_scaler(void)
{
    return (BrimScaler){.scale = FIRST};
}

BrimScaler brim_scaler_fixed(void)
{
    return (BrimScaler){.fixed = true, .scale = 1};
}

bool brim_scaler_updated(BrimScaler *scaler, const float norm[2])
{
    bool stepped = norm[1] != 0;
    scaler->streak = stepped ? scaler->streak + 1 : 0;
    scaler->skipped += !stepped;
    if (scaler->fixed)
        return stepped;
    if (!stepped) {
        if (scaler->scale * BACKOFF >= FLT_MIN) /* 0 would mean 1 to a step */
            scaler->scale *= BACKOFF;
    } else if (scaler->streak == GROWTH_INTERVAL) {
        scaler->streak = 0;
        if (scaler->scale <= FLT_MAX / GROWTH)
            scaler->scale *= GROWTH;
    }
    return stepped;
}
