/* What to say when nothing fits: how much is missing, the changes that would help, each by itself, and what
 * is in the way. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/candidates.h"
#include "plan/lifetime.h"

enum { SENTENCE_BYTES = 900, LARGEST = 3 };

typedef struct Sentence {
    char text[SENTENCE_BYTES];
    size_t length;
} Sentence;

__attribute__((format(printf, 2, 3))) static void say(Sentence *sentence, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int added = vsnprintf(sentence->text + sentence->length, SENTENCE_BYTES - sentence->length, format, args);
    va_end(args);
    sentence->length += added > 0 ? (size_t)added : 0;
    if (sentence->length >= SENTENCE_BYTES)
        sentence->length = SENTENCE_BYTES - 1;
}

static double mib(size_t bytes)
{
    return (double)bytes / 0x1p20;
}

static int batch_of(const BrimSearchConf *conf)
{
    return conf->batch ? conf->batch : 1;
}

/* The candidate that needs the least at that batch; *bytes, its peak. */
static const BrimCandidate *least(const BrimCandidates *candidates, int batch, size_t *bytes)
{
    const BrimCandidate *best = NULL;
    *bytes = SIZE_MAX;
    for (int i = 0; i < candidates->count; i++) {
        size_t peak = brim_candidate_peak_bytes(candidates, &candidates->list[i], batch);
        if (peak >= *bytes)
            continue;
        *bytes = peak;
        best = &candidates->list[i];
    }
    return best;
}

/* The same for another conf; SIZE_MAX where it cannot be planned at all. */
static size_t least_with(const BrimSearchConf *conf)
{
    size_t bytes = SIZE_MAX;
    BrimCandidates *candidates = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof *candidates);
    if (!candidates)
        return bytes;
    if (brim_candidates_open(candidates, conf) == BRIM_OK)
        least(candidates, batch_of(conf), &bytes);
    brim_candidates_close(candidates);
    brim_mem_give(candidates);
    return bytes;
}

static void offer_batch(Sentence *sentence, const BrimCandidates *candidates)
{
    const BrimSearchConf *conf = candidates->conf;
    int low = 0, high = batch_of(conf) - 1;
    size_t bytes;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        least(candidates, middle, &bytes);
        if (bytes <= conf->budget_bytes)
            low = middle;
        else
            high = middle - 1;
    }
    if (low == 0)
        return;
    least(candidates, low, &bytes);
    say(sentence, "; --batch-size %d fits, with %.0f MiB", low, mib(bytes));
}

static void offer_precision(Sentence *sentence, const BrimSearchConf *conf)
{
    BrimSearchConf other = *conf;
    if (conf->precision_count != 1 || conf->precisions[0] != BRIM_PRECISION_FP32)
        return;
    other.precisions[0] = conf->narrow;
    size_t bytes = least_with(&other);
    if (bytes <= conf->budget_bytes)
        say(sentence, "; --precision amp fits, with %.0f MiB", mib(bytes));
}

static void offer_imgsz(Sentence *sentence, const BrimSearchConf *conf)
{
    BrimSearchConf other = *conf;
    int stride_px = brim_model_max_stride_px(conf->subject.model);
    int low = 0, high = conf->subject.imgsz_px / stride_px - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        other.subject.imgsz_px = middle * stride_px;
        if (least_with(&other) <= conf->budget_bytes)
            low = middle;
        else
            high = middle - 1;
    }
    if (low == 0)
        return;
    other.subject.imgsz_px = low * stride_px;
    say(sentence, "; --imgsz %d fits, with %.0f MiB", low * stride_px, mib(least_with(&other)));
}

/* The largest tensors that are alive at the op: of a model whose largest is under a MiB in KiB. Those that are no whole
 * one are not in the way. */
static void list_largest(Sentence *sentence, const BrimGraph *graph, const BrimBuffer *buffers, BrimOpId op)
{
    const size_t kibibyte = 1 << 10, mebibyte = 1 << 20;
    size_t unit = mebibyte, below = SIZE_MAX; /* ids of equal size: the first one stands for all */
    for (int row = 0; row < LARGEST; row++) {
        BrimTensorId best = BRIM_NONE;
        for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
            const BrimTensor *tensor = &graph->tensors[id];
            if (brim_lifetime_holds(graph, buffers, id, op) && tensor->bytes < below &&
                (best == BRIM_NONE || tensor->bytes > graph->tensors[best].bytes))
                best = id;
        }
        if (best == BRIM_NONE)
            return;
        below = graph->tensors[best].bytes;
        if (row == 0 && below < mebibyte)
            unit = kibibyte;
        if (row > 0 && below < unit)
            return;
        say(sentence, "%s%s (%.0f %s, %s)", row ? ", " : "; in the way: ", graph->tensors[best].name,
            (double)below / (double)unit, unit == mebibyte ? "MiB" : "KiB",
            brim_purpose_text(graph->tensors[best].purpose));
    }
}

static BrimStatus name_tensors(Sentence *sentence, const BrimCandidates *candidates,
                               const BrimCandidate *candidate)
{
    BrimStatus status;
    BrimGraph *graph = NULL;
    BrimBuffer *buffers = NULL;
    int batch = batch_of(candidates->conf);
    BRIM_TRY(brim_scheme_training(&candidates->conf->subject, brim_candidate_scheme(candidates, candidate),
                                  batch, &graph));
    buffers =
        brim_mem_take(BRIM_MEM_GRAPH, (size_t)graph->tensor_count + (size_t)graph->op_count, sizeof *buffers);
    status = buffers ? brim_lifetimes_find(graph, buffers) : BRIM_ERROR_MEMORY;
    if (status == BRIM_OK)
        list_largest(sentence, graph, buffers, brim_demand_peak(candidate->demand, batch));
fail:
    brim_mem_give(buffers);
    brim_graph_close(&graph);
    return status;
}

BrimStatus brim_search_refuse(const BrimCandidates *candidates)
{
    const BrimSearchConf *conf = candidates->conf;
    const BrimModel *model = conf->subject.model;
    Sentence sentence = {.length = 0};
    char scheme_text[BRIM_SCHEME_TEXT_BYTES];
    size_t bytes;
    const BrimCandidate *nearest = least(candidates, batch_of(conf), &bytes);
    const BrimScheme *scheme = brim_candidate_scheme(candidates, nearest);
    say(&sentence,
        "%s at %d px, a batch of %d, needs %.0f MiB at least (%s, computing again: %s), %.0f MiB may be used",
        model->name, conf->subject.imgsz_px, batch_of(conf), mib(bytes),
        brim_precision_traits(scheme->precision)->text, brim_scheme_text(model, scheme, scheme_text),
        mib(conf->budget_bytes));
    if (conf->batch > 1)
        offer_batch(&sentence, candidates);
    offer_precision(&sentence, conf);
    offer_imgsz(&sentence, conf);
    if (bytes > conf->budget_bytes)
        say(&sentence, "; %.0f MiB more would do", mib(bytes - conf->budget_bytes) + 0.5);
    /* A batch so large that its graph cannot be written down has no tensors to name. */
    if (name_tensors(&sentence, candidates, nearest) == BRIM_ERROR_MEMORY)
        return BRIM_ERROR_MEMORY;
    return brim_fail(BRIM_ERROR_FIT, "%s", sentence.text);
}
