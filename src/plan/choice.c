/* A choice packed for real. */
#include "plan/candidates.h"

static size_t sum_of(const size_t *bytes)
{
    size_t sum = 0;
    for (int purpose = 0; purpose < BRIM_PURPOSE_COUNT; purpose++)
        sum += bytes[purpose];
    return sum;
}

static void take_over(BrimChoice *choice, const BrimPlan *plan, const BrimSearchConf *conf)
{
    choice->packed = true;
    choice->validation_decides = plan->largest_graph == 1;
    choice->arena_bytes = plan->arena_bytes;
    choice->peak_bytes =
        plan->arena_bytes + conf->beside_bytes + (size_t)choice->micro_batch * conf->picture_beside_bytes;
    for (int purpose = 0; purpose < BRIM_PURPOSE_COUNT; purpose++)
        choice->purpose_bytes[purpose] = plan->purpose_bytes[purpose];
    choice->gap_bytes = plan->arena_bytes - sum_of(plan->purpose_bytes);
}

BrimStatus brim_choice_plan(const BrimChoice *choice, const BrimSubject *subject, BrimGraph *graphs[2],
                            BrimPlan **plan)
{
    BrimStatus status;
    BRIM_TRY(brim_scheme_training(subject, &choice->scheme, choice->micro_batch, &graphs[0]));
    BRIM_TRY(brim_scheme_validation(subject, &choice->scheme, choice->validation_batch, &graphs[1]));
    BRIM_TRY(brim_plan_make(plan, graphs, 2));
    BRIM_TRY(brim_plan_check(*plan, graphs, 2));
fail:
    return status;
}

BrimStatus brim_choice_pack(BrimChoice *choice, const BrimSearchConf *conf)
{
    BrimGraph *graphs[2] = {NULL, NULL};
    BrimPlan *plan = NULL;
    BrimStatus status = brim_choice_plan(choice, &conf->subject, graphs, &plan);
    if (status == BRIM_OK)
        take_over(choice, plan, conf);
    brim_plan_close(&plan);
    for (int i = 0; i < 2; i++)
        brim_graph_close(&graphs[i]);
    return status;
}
