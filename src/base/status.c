/* Status codes and the last error of each thread. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

enum { MESSAGE_BYTES = 1024 };

static _Thread_local char last_error[MESSAGE_BYTES];

static const char *const status_texts[] = {
#define X(name, text) text,
    BRIM_STATUS_LIST(X)
#undef X
};

const char *brim_status_text(BrimStatus status)
{
    size_t count = sizeof status_texts / sizeof status_texts[0];
    return (size_t)status < count ? status_texts[status] : "an unknown status";
}

const char *brim_last_error(void)
{
    return last_error;
}

const char *brim_version(void)
{
    return BRIM_VERSION;
}

/* Sentences quote files, which may hold anything, and are shown in terminals. */
static void keep(const char *message)
{
    snprintf(last_error, sizeof last_error, "%s", message);
    brim_utf8_clean(last_error);
}

BrimStatus brim_fail(BrimStatus status, const char *format, ...)
{
    /* Built aside first: an argument may point into the present message. */
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    keep(message);
    return status;
}

BrimStatus brim_fail_within(BrimStatus status, const char *format, ...)
{
    char before[MESSAGE_BYTES / 2];
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(before, sizeof before, format, args);
    va_end(args);
    snprintf(message, sizeof message, "%s%.*s", before, MESSAGE_BYTES / 2 - 1, last_error);
    keep(message);
    return status;
}
