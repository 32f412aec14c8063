/* Answers for libmicrohttpd. */
#include "watch/serve_response.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "watch/serve_library.h"
#include "watch/serve_page.h"

static const BrimServeLibrary *const mhd = &brim_serve_library;

enum { POLICY_BYTES = 512, HEAD_BYTES = 192, BLOCK_BYTES = 32 * 1024 };

/* Gives the answer its headers, or drops it where there is no memory for them. */
static struct MHD_Response *dressed(struct MHD_Response *response, const char *type, const char *policy)
{
    const char *const headers[][2] = {
        {"Content-Type", type},
        {"Content-Security-Policy", policy},
        {"X-Content-Type-Options", "nosniff"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-store"},
    };
    for (size_t i = 0; response && i < sizeof headers / sizeof headers[0]; i++)
        if (mhd->MHD_add_response_header_(response, headers[i][0], headers[i][1]) != MHD_YES) {
            mhd->MHD_destroy_response_(response);
            response = NULL;
        }
    return response;
}

static struct MHD_Response *dressed_data(struct MHD_Response *response, const char *type)
{
    return dressed(response, type, "default-src 'none'; frame-ancestors 'none'");
}

struct MHD_Response *brim_serve_response_taken(const char *type, char *text)
{
    struct MHD_Response *response =
        mhd->MHD_create_response_from_buffer_with_free_callback_(strlen(text), text, brim_mem_give);
    if (!response)
        brim_mem_give(text);
    return dressed_data(response, type);
}

static struct MHD_Response *lasting(const void *data, size_t bytes)
{
    /* Only read, whatever the type says. */
    return mhd->MHD_create_response_from_buffer_(bytes, (void *)(uintptr_t)data, MHD_RESPMEM_PERSISTENT);
}

struct MHD_Response *brim_serve_response_lasting(const char *type, const char *text)
{
    return dressed_data(lasting(text, strlen(text)), type);
}

struct MHD_Response *brim_serve_response_page(void)
{
    char policy[POLICY_BYTES];
    snprintf(policy, sizeof policy,
             "default-src 'none'; script-src '%s'; style-src '%s'; connect-src 'self'; img-src data:; "
             "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
             brim_serve_page_script, brim_serve_page_style);
    return dressed(lasting(brim_serve_page, brim_serve_page_bytes), "text/html; charset=utf-8", policy);
}

/* A pick that is being sent: head, sample, comma, sample, ..., tail, and how far it is. */
typedef struct Answer {
    BrimServePick pick;
    char head[HEAD_BYTES];
    int piece;     /* 0: the head; 2 * i + 1: sample i, and what follows it; at the end: the tail */
    size_t offset; /* in the piece */
} Answer;

static const char *piece_text(const Answer *answer, int piece, size_t *bytes)
{
    static const char comma[] = ",\n", tail[] = "\n]}\n";
    int last = answer->pick.count ? 2 * answer->pick.count : 1;
    if (piece % 2 && piece < last)
        return brim_serve_ring_text(answer->pick.texts[piece / 2], bytes);
    const char *text = piece == 0 ? answer->head : piece == last ? tail : piece < last ? comma : "";
    *bytes = strlen(text);
    return text;
}

/* libmicrohttpd asks for one part after the other. (It can take all pieces at once, as an iovec; but 0.9
 * breaks down where they are more than the kernel takes in one call.) */
static ssize_t read_answer(void *self, uint64_t position, char *buffer, size_t room)
{
    Answer *answer = self;
    size_t used = 0, bytes;
    (void)position;
    while (used < room) {
        const char *text = piece_text(answer, answer->piece, &bytes);
        size_t step = bytes - answer->offset < room - used ? bytes - answer->offset : room - used;
        if (bytes == 0)
            break;
        memcpy(buffer + used, text + answer->offset, step);
        used += step;
        answer->offset += step;
        if (answer->offset < bytes)
            break;
        answer->offset = 0;
        answer->piece++;
    }
    return used ? (ssize_t)used : MHD_CONTENT_READER_END_OF_STREAM;
}

static void drop_answer(void *self)
{
    Answer *answer = self;
    brim_serve_ring_drop(&answer->pick);
    brim_mem_give(answer);
}

static uint64_t answer_bytes(const Answer *answer)
{
    uint64_t sum = 0;
    size_t bytes = 1;
    for (int piece = 0; bytes; piece++) {
        piece_text(answer, piece, &bytes);
        sum += bytes;
    }
    return sum;
}

struct MHD_Response *brim_serve_response_samples(BrimServePick *pick, double interval_s)
{
    struct MHD_Response *response = NULL;
    Answer *answer = brim_mem_take(BRIM_MEM_REPORT, 1, sizeof *answer);
    if (answer) {
        answer->pick = *pick;
        snprintf(answer->head, sizeof answer->head,
                 "{\"schema\":\"brim-samples-1\",\"interval_s\":%.15g,\"newest_ns\":\"%lld\",\"samples\":[\n",
                 interval_s, (long long)pick->newest_ns);
        response = mhd->MHD_create_response_from_callback_(answer_bytes(answer), BLOCK_BYTES, read_answer,
                                                           answer, drop_answer);
    }
    if (!response) {
        brim_serve_ring_drop(pick);
        brim_mem_give(answer);
    }
    return dressed_data(response, "application/json");
}
