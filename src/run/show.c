/* Cards and self-watching, for runs. */
#include "run/show.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "run/remarks.h"

static const int64_t card_interval_ns = 1000000000;

static void write_card(BrimShow *show)
{
    BrimStatus status = brim_run_card_write(&show->card);
    if (status != BRIM_OK && !show->written_ns)
        brim_remark(show->listener, show->self, "%s", brim_last_error());
    show->written = status == BRIM_OK;
    show->written_ns = brim_clock_ns();
}

static void fill_card(BrimShow *show, const BrimEngine *engine, const BrimShown *shown)
{
    BrimRunSample *run = &show->card.run;
    const BrimPlan *plan = brim_engine_plan(engine);
    size_t arena_bytes;
    const void *arena = brim_engine_arena(engine, &arena_bytes);
    *run = (BrimRunSample){
        .planned_bytes = shown->planned_bytes, .arena_bytes = plan->arena_bytes, .pictures_per_s = NAN};
    snprintf(run->command, sizeof run->command, "%s", shown->command);
    snprintf(run->model, sizeof run->model, "%s", shown->model);
    snprintf(run->folder, sizeof run->folder, "%s", shown->folder ? shown->folder : "");
    snprintf(run->device, sizeof run->device, "%s", brim_engine_device(engine)->name);
    for (int purpose = 0; purpose < BRIM_PURPOSE_COUNT; purpose++) {
        if (!plan->purpose_bytes[purpose])
            continue;
        int at = run->purpose_count++;
        snprintf(run->purposes[at].name, sizeof run->purposes[at].name, "%s",
                 brim_purpose_text((BrimPurpose)purpose));
        run->purposes[at].bytes = plan->purpose_bytes[purpose];
    }
    show->card.arena_address = brim_engine_device(engine)->host_memory ? (uint64_t)(uintptr_t)arena : 0;
}

void brim_show_start(BrimShow *show, const BrimEngine *engine, const BrimShown *shown)
{
    BrimSelfWatchConf watch = {.planned_bytes = shown->planned_bytes, .reserve_bytes = shown->reserve_bytes};
    snprintf(watch.card_id, sizeof watch.card_id, "%s", brim_engine_device(engine)->id);
    *show = (BrimShow){.listener = shown->listener, .self = shown->self};
    fill_card(show, engine, shown);
    write_card(show);
    if (shown->watch && brim_self_watch_open(&show->watch, &watch) != BRIM_OK)
        brim_remark(show->listener, show->self, "this run does not watch itself: %s", brim_last_error());
}

void brim_show_event(BrimShow *show, const BrimEvent *event)
{
    char text[384];
    if (show->watch && brim_self_watch_alarm(show->watch, text, sizeof text))
        brim_remark(show->listener, show->self, "%s", text);
    if (event->kind == BRIM_EVENT_STEP) {
        show->card.run.epoch = event->epoch;
        show->card.run.epochs = event->epochs;
        show->card.run.pictures_per_s = event->pictures_per_s;
    }
    if (show->written && brim_clock_ns() - show->written_ns >= card_interval_ns)
        write_card(show);
}

const BrimUse *brim_show_use(BrimShow *show, bool whole)
{
    if (!show->watch)
        return NULL;
    show->use = brim_self_watch_use(show->watch, whole);
    return &show->use;
}

void brim_show_restart(BrimShow *show)
{
    if (show->watch)
        brim_self_watch_restart(show->watch);
}

void brim_show_end(BrimShow *show)
{
    brim_self_watch_close(&show->watch);
    if (show->written)
        brim_run_card_remove();
    show->written = false;
}
