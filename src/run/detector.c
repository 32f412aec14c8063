/* A trained network made ready to look at pictures. */
#include "run/detector.h"

#include <stdio.h>

#include "base/process.h"
#include "plan/explain.h"
#include "run/device.h"
#include "train/weights.h"

BrimStatus brim_detector_read(BrimDetector *detector, const char *weights, const char *device, int threads)
{
    BrimStatus status;
    if (!weights || !weights[0])
        return brim_fail(BRIM_ERROR_ARGUMENT, "no weights given; --weights FILE names a .pt or .safetensors");
    detector->threads = threads;
    BRIM_TRY(brim_device_choose(device, &detector->device));
    BRIM_TRY(brim_model_file_load(&detector->file, weights));
    detector->weights = brim_mem_text(BRIM_MEM_CONF, weights);
    if (!detector->weights)
        return BRIM_ERROR_MEMORY;
    if (!detector->file.has_model)
        status = brim_fail(BRIM_ERROR_INPUT, "%s does not say which model it is for", weights);
fail:
    return status;
}

void brim_detector_close(BrimDetector *detector)
{
    brim_show_end(&detector->show);
    brim_engine_close(&detector->engine);
    brim_model_file_clear(&detector->file);
    brim_mem_give(detector->weights);
    *detector = (BrimDetector){0};
}

/* On the host what is free changes while it is looked at, and what is not there is swapped. */
BrimStatus brim_detector_set_budget(BrimDetector *detector, uint64_t memory_bytes)
{
    uint64_t capacity_bytes, free_bytes;
    detector->budget_bytes = (size_t)memory_bytes;
    if (!brim_device_is_card(&detector->device))
        return BRIM_OK;
    BrimStatus status = brim_device_room(&detector->device, &capacity_bytes, &free_bytes);
    if (status == BRIM_OK && (!memory_bytes || free_bytes < memory_bytes))
        detector->budget_bytes = (size_t)free_bytes;
    return status;
}

static char *class_name(char *const *names, int index)
{
    char number[24];
    snprintf(number, sizeof number, "class%d", index);
    return brim_mem_text(BRIM_MEM_CONF, names ? names[index] : number);
}

BrimStatus brim_detector_name(BrimDetector *detector, char *const *names)
{
    BrimModelFile *file = &detector->file;
    int count = file->model.class_count;
    if (file->class_name_count == count)
        return BRIM_OK;
    char **given = brim_mem_take(BRIM_MEM_CONF, (size_t)count, sizeof *given);
    if (!given)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < file->class_name_count; i++)
        brim_mem_give(file->class_names[i]);
    brim_mem_give(file->class_names);
    file->class_names = given;
    file->class_name_count = count;
    for (int i = 0; i < count; i++) {
        given[i] = class_name(names, i);
        if (!given[i])
            return BRIM_ERROR_MEMORY;
    }
    return BRIM_OK;
}

BrimStatus brim_detector_plan(BrimDetector *detector, const BrimShape *shapes, int count, size_t beside_bytes,
                              size_t budget_bytes)
{
    brim_engine_close(&detector->engine);
    /* Anew each time: an engine that was opened before leaves pages of its library's code behind. */
    detector->outside_bytes = (size_t)brim_process_resident_bytes() + beside_bytes;
    const BrimEngineConf conf = {.backend = detector->device.backend,
                                 .card = detector->device.card,
                                 .threads = detector->threads,
                                 .model = &detector->file.model,
                                 .hyper = brim_hyper_default(),
                                 .infer = shapes,
                                 .infer_count = count,
                                 .least_objectness = (float)detector->conf_thres,
                                 .outside_bytes = detector->outside_bytes,
                                 .budget_bytes = budget_bytes};
    return brim_engine_open(&detector->engine, &conf);
}

size_t brim_detector_planned_bytes(const BrimDetector *detector)
{
    return brim_engine_planned_bytes(detector->engine);
}

BrimStatus brim_detector_tell_plan(const BrimDetector *detector, BrimListener listener, void *self)
{
    char *text = NULL;
    const BrimPlan *plan = brim_engine_plan(detector->engine);
    BrimStatus status =
        brim_plan_explain(plan, brim_engine_graph_at(detector->engine, plan->largest_graph), &text);
    if (status == BRIM_OK && listener)
        listener(self, &(BrimEvent){.kind = BRIM_EVENT_PLAN,
                                    .text = text,
                                    .arena_bytes = plan->arena_bytes,
                                    .memory_planned_bytes = brim_detector_planned_bytes(detector)});
    brim_mem_give(text);
    return status;
}

void brim_detector_show(BrimDetector *detector, const char *command, const char *folder,
                        BrimListener listener, void *self)
{
    const BrimShown shown = {.command = command,
                             .model = detector->file.model.name,
                             .folder = folder,
                             .planned_bytes = brim_detector_planned_bytes(detector),
                             .listener = listener,
                             .self = self};
    brim_show_start(&detector->show, detector->engine, &shown);
}

BrimStatus brim_detector_start(BrimDetector *detector)
{
    BrimStatus status;
    BrimTransfer transfer;
    BRIM_TRY(brim_engine_start(detector->engine));
    BRIM_TRY(
        brim_weights_load(detector->engine, &detector->file.model, &detector->file.tensors, "", &transfer));
    /* The anchors, counted as one tensor, stand in the metadata of brim's own files. */
    if (transfer.loaded + 1 < transfer.total)
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s has %d of the %d tensors of %s in their shapes; it is damaged or for "
                         "another model",
                         detector->weights, transfer.loaded, transfer.total, detector->file.model.name);
    brim_tensors_clear(&detector->file.tensors);
fail:
    return status;
}
