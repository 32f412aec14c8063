/* write(2) without a buffer between: who follows the file sees every sample when it is taken. */
#include "watch/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "monitor/sample_csv.h"
#include "watch/table.h"

BrimStatus brim_writer_open(BrimWriter *writer, BrimWatchForm form, const char *path, int descriptor)
{
    *writer = (BrimWriter){.form = form, .path = path, .descriptor = descriptor};
    if (path)
        writer->descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return writer->descriptor < 0 ? brim_fail(BRIM_ERROR_IO, "cannot write %s: %s", path, strerror(errno))
                                  : BRIM_OK;
}

void brim_writer_close(BrimWriter *writer)
{
    if (writer->path && writer->descriptor >= 0)
        close(writer->descriptor);
    brim_mem_give(writer->line.text);
    *writer = (BrimWriter){.descriptor = -1};
}

static BrimStatus put(BrimWriter *writer, const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t written = write(writer->descriptor, text, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EPIPE)
            return brim_fail(BRIM_STOPPED, "nobody reads %s any more",
                             writer->path ? writer->path : "the output");
        if (written < 0)
            return brim_fail(BRIM_ERROR_IO, "cannot write %s: %s", writer->path ? writer->path : "the output",
                             strerror(errno));
        text += written;
        bytes -= (size_t)written;
    }
    return BRIM_OK;
}

static BrimStatus put_table(BrimWriter *writer, const BrimMonitorSample *sample)
{
    BrimText text = {0};
    char *whole = NULL;
    BrimStatus status = BRIM_OK;
    if (writer->begun)
        brim_text_add(&text, "\n");
    BRIM_TRY(brim_watch_table(&text, sample, brim_terminal_columns(writer->descriptor, BRIM_TABLE_WIDTH)));
    BRIM_TRY(brim_text_end(&text, &whole));
    BRIM_TRY(put(writer, whole, strlen(whole)));
fail:
    brim_mem_give(text.text);
    brim_mem_give(whole);
    return status;
}

static BrimStatus put_csv(BrimWriter *writer, const BrimMonitorSample *sample)
{
    char line[BRIM_SAMPLE_CSV_BYTES];
    BrimStatus status = writer->begun ? BRIM_OK : put(writer, line, brim_sample_csv_header(line));
    for (int i = 0; i < sample->device_count && status == BRIM_OK; i++)
        status = put(writer, line, brim_sample_csv_device(line, sample, i));
    return status;
}

static BrimStatus put_json(BrimWriter *writer, const BrimMonitorSample *sample)
{
    BrimStatus status = brim_sample_json_write(&writer->line, sample);
    return status == BRIM_OK ? put(writer, writer->line.text, writer->line.length) : status;
}

BrimStatus brim_writer_write(BrimWriter *writer, const BrimMonitorSample *sample)
{
    BrimStatus status = writer->form == BRIM_WATCH_JSON  ? put_json(writer, sample)
                        : writer->form == BRIM_WATCH_CSV ? put_csv(writer, sample)
                                                         : put_table(writer, sample);
    writer->begun = true;
    return status;
}
