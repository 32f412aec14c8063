/* trace: plays samples that were recorded as JSON lines. A line stays whole in memory, the file does not. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "monitor/sample_json.h"
#include "monitor/vendor.h"

/* A sample of a thousand processes has 400 KB; a file without newlines is no trace. */
enum { READ_BYTES = 64 * 1024, MOST_LINE_BYTES = 16 * 1024 * 1024 };

struct BrimVendorState {
    char *path;
    int descriptor;
    long line;               /* the one read last, from 1 */
    char *text;              /* what was read and not yet played */
    size_t at, length, room; /* the next line begins at `at` */
    bool ended;              /* the file has no more than text */
};

static void trace_close(BrimVendorState **state)
{
    if ((*state)->descriptor >= 0)
        close((*state)->descriptor);
    brim_mem_give((*state)->text);
    brim_mem_give((*state)->path);
    brim_mem_give(*state);
    *state = NULL;
}

/* Reads on, behind what is there. */
static BrimStatus read_more(BrimVendorState *trace)
{
    memmove(trace->text, trace->text + trace->at, trace->length - trace->at);
    trace->length -= trace->at;
    trace->at = 0;
    if (trace->length > MOST_LINE_BYTES)
        return brim_fail(BRIM_ERROR_INPUT, "%s, line %ld: longer than any sample", trace->path,
                         trace->line + 1);
    if (trace->length + READ_BYTES > trace->room) {
        char *text = brim_mem_grow(BRIM_MEM_OTHER, trace->text, 2 * trace->room + READ_BYTES, 1);
        if (!text)
            return BRIM_ERROR_MEMORY;
        trace->text = text;
        trace->room = 2 * trace->room + READ_BYTES;
    }
    ssize_t got = read(trace->descriptor, trace->text + trace->length, READ_BYTES);
    if (got < 0 && errno != EINTR)
        return brim_fail(BRIM_ERROR_IO, "cannot read %s: %s", trace->path, strerror(errno));
    trace->ended = got == 0;
    trace->length += got > 0 ? (size_t)got : 0;
    return BRIM_OK;
}

/* The next line, without its newline. BRIM_STOPPED where there is none. */
static BrimStatus next_line(BrimVendorState *trace, const char **line, size_t *bytes)
{
    size_t seen = 0; /* so far without a newline */
    for (;;) {
        char *start = trace->text + trace->at;
        char *end = trace->length > trace->at + seen
                        ? memchr(start + seen, '\n', trace->length - trace->at - seen)
                        : NULL;
        if (end || (trace->ended && trace->at < trace->length)) {
            *line = start;
            *bytes = end ? (size_t)(end - start) : trace->length - trace->at;
            trace->at += *bytes + (end != NULL);
            trace->line++;
            return BRIM_OK;
        }
        if (trace->ended)
            return brim_fail(BRIM_STOPPED, "%s ends here", trace->path);
        seen = trace->length - trace->at;
        BrimStatus status = read_more(trace);
        if (status != BRIM_OK)
            return status;
    }
}

static bool is_blank(const char *line, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (!memchr(" \t\r", line[i], 3))
            return false;
    return true;
}

/* A first line is read at once, so that a wrong file shows when it is opened. */
static BrimStatus trace_open(BrimVendorState **state, const BrimVendorPlaces *places)
{
    BrimStatus status = BRIM_ERROR_MEMORY;
    BrimVendorState *trace = *state = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof *trace);
    if (!trace)
        return status;
    trace->descriptor = -1;
    trace->path = brim_mem_text(BRIM_MEM_OTHER, places->trace);
    trace->text = brim_mem_take(BRIM_MEM_OTHER, READ_BYTES, 1);
    trace->room = READ_BYTES;
    if (!trace->path || !trace->text)
        goto fail;
    trace->descriptor = open(trace->path, O_RDONLY | O_CLOEXEC);
    if (trace->descriptor < 0) {
        status = brim_fail(BRIM_ERROR_IO, "cannot open %s: %s", trace->path, strerror(errno));
        goto fail;
    }
    BRIM_TRY(read_more(trace));
    if (trace->ended)
        BRIM_TRY(brim_fail(BRIM_ERROR_INPUT, "%s is empty; `brim watch --json --out FILE` records a trace",
                           trace->path));
    return BRIM_OK;
fail:
    trace_close(state);
    return status;
}

/* The lists begin anew for the line, and what nobody wants to know is dropped. */
static BrimStatus trace_sample(BrimVendorState *trace, BrimDraft *draft)
{
    const char *line = NULL;
    size_t bytes = 0;
    BrimStatus status;
    do {
        status = next_line(trace, &line, &bytes);
        if (status != BRIM_OK)
            return status;
    } while (is_blank(line, bytes));
    status = brim_sample_json_read(draft, line, bytes);
    if (status != BRIM_OK)
        return brim_fail_within(status, "%s, line %ld: ", trace->path, trace->line);
    int kept = 0;
    for (int i = 0; i < draft->process_count && !draft->no_processes; i++)
        if (!draft->only_pid || draft->processes[i].pid == draft->only_pid)
            draft->processes[kept++] = draft->processes[i];
    draft->process_count = kept;
    return BRIM_OK;
}

const BrimVendor brim_vendor_trace = {"trace", trace_open, trace_sample, trace_close};
