/* Requests to answers, by libmicrohttpd: one thread, places and times bounded, nothing sampled here. */
#include "watch/serve_http.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "watch/serve_address.h"
#include "watch/serve_library.h"
#include "watch/serve_response.h"
#include "watch/serve_slow.h"

static const BrimServeLibrary *const mhd = &brim_serve_library;

enum {
    IDLE_S = 15,               /* without a byte, before a connection is closed */
    REQUEST_MOST_S = 60,       /* for a request and its answer */
    REQUEST_BYTES = 16 * 1024, /* of a request's line and headers, and libmicrohttpd's own */
};
#define FRESH_LEAST_S                                                                                        \
    10.0 /* a sample may be three intervals old, and this at least, before /healthz complains */
#define NS_PER_S 1000000000

/* Answers that never change. */
#define FIXED_LIST(X)                                                                                        \
    X(HEALTHY, 200, "ok\n")                                                                                  \
    X(BAD_HOST, 400, "A request of HTTP/1.1 has a Host header; this one has none.\n")                        \
    X(BAD_QUERY, 400,                                                                                        \
      "since and count are whole numbers: /api/samples?since=1764158400000000000&count=60\n")                \
    X(STRANGER, 403,                                                                                         \
      "This server is for this machine alone, by the names localhost, 127.0.0.1 and [::1]. "                 \
      "To be reached from elsewhere, start it with --serve 0.0.0.0:PORT.\n")                                 \
    X(NO_SUCH, 404,                                                                                          \
      "Not here. There are / (a live page), /metrics (for Prometheus), /api/samples (JSON) and /healthz.\n") \
    X(NO_METHOD, 405, "GET and HEAD, nothing else: this server only shows.\n")                               \
    X(NO_BODY, 413, "A request here has no body.\n")                                                         \
    X(NO_SAMPLE, 503, "There is no sample yet.\n")                                                           \
    X(STALE, 503, "The last sample is old: reading the devices takes long, or hangs.\n")                     \
    X(NO_MEMORY, 503, "No memory left for an answer.\n")

typedef enum Fixed {
#define X(name, code, text) name,
    FIXED_LIST(X)
#undef X
        FIXED_COUNT
} Fixed;

static const struct {
    unsigned code;
    const char *text;
} fixed[] = {
#define X(name, code, text) {code, text},
    FIXED_LIST(X)
#undef X
};

struct BrimServeHttp {
    struct MHD_Daemon *daemon;
    struct MHD_Response *fixed[FIXED_COUNT], *page;
    pthread_mutex_t lock;
    struct MHD_Response *metrics; /* of the last sample; under the lock */
    BrimServeRing *ring;
    BrimServeSlow slow;
    bool local;
    double interval_s;
    atomic_int_least64_t fresh_until_ns;
};

static enum MHD_Result answer_fixed(BrimServeHttp *http, struct MHD_Connection *connection, Fixed which)
{
    return mhd->MHD_queue_response_(connection, fixed[which].code, http->fixed[which]);
}

static enum MHD_Result answer_metrics(BrimServeHttp *http, struct MHD_Connection *connection)
{
    pthread_mutex_lock(&http->lock);
    enum MHD_Result result = http->metrics ? mhd->MHD_queue_response_(connection, MHD_HTTP_OK, http->metrics)
                                           : answer_fixed(http, connection, NO_SAMPLE);
    pthread_mutex_unlock(&http->lock);
    return result;
}

/* The argument's number, or the default where it is not given; false where it is none. */
static bool argument(struct MHD_Connection *connection, const char *name, int64_t absent, int64_t *number)
{
    const char *text = NULL;
    size_t bytes = 0;
    *number = absent;
    if (mhd->MHD_lookup_connection_value_n_(connection, MHD_GET_ARGUMENT_KIND, name, strlen(name), &text,
                                            &bytes) != MHD_YES)
        return true;
    return text && strlen(text) == bytes && brim_serve_address_number(text, number);
}

static enum MHD_Result answer_samples(BrimServeHttp *http, struct MHD_Connection *connection)
{
    int64_t since_ns, most;
    BrimServePick pick;
    if (!argument(connection, "since", INT64_MIN, &since_ns) ||
        !argument(connection, "count", BRIM_SERVE_MOST_SAMPLES, &most))
        return answer_fixed(http, connection, BAD_QUERY);
    struct MHD_Response *response = brim_serve_ring_pick(http->ring, since_ns, most, &pick) == BRIM_OK
                                        ? brim_serve_response_samples(&pick, http->interval_s)
                                        : NULL;
    if (!response)
        return answer_fixed(http, connection, NO_MEMORY);
    enum MHD_Result result = mhd->MHD_queue_response_(connection, MHD_HTTP_OK, response);
    mhd->MHD_destroy_response_(response);
    return result;
}

static enum MHD_Result answer(BrimServeHttp *http, struct MHD_Connection *connection, const char *path)
{
    if (strcmp(path, "/metrics") == 0)
        return answer_metrics(http, connection);
    if (strcmp(path, "/api/samples") == 0)
        return answer_samples(http, connection);
    if (strcmp(path, "/") == 0 || strcmp(path, "/index.html") == 0)
        return mhd->MHD_queue_response_(connection, MHD_HTTP_OK, http->page);
    if (strcmp(path, "/healthz") != 0)
        return answer_fixed(http, connection, NO_SUCH);
    return answer_fixed(http, connection,
                        brim_clock_ns() < atomic_load(&http->fresh_until_ns) ? HEALTHY : STALE);
}

/* Why a request is refused whatever it asks for; FIXED_COUNT: it is not. */
static Fixed refusal(const BrimServeHttp *http, struct MHD_Connection *connection, const char *method,
                     const char *version)
{
    const char *host = mhd->MHD_lookup_connection_value_(connection, MHD_HEADER_KIND, "Host");
    const char *length = mhd->MHD_lookup_connection_value_(connection, MHD_HEADER_KIND, "Content-Length");
    if (!host && strcmp(version, "HTTP/1.0") != 0)
        return BAD_HOST;
    if (host && http->local && !brim_serve_address_local(host))
        return STRANGER;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return NO_METHOD;
    if ((length && strcmp(length, "0") != 0) ||
        mhd->MHD_lookup_connection_value_(connection, MHD_HEADER_KIND, "Transfer-Encoding"))
        return NO_BODY;
    return FIXED_COUNT;
}

/* Called with a request's headers, and once more when it is complete. An answer to the first call makes
 * libmicrohttpd close the connection afterwards, which is right for what is refused: its body is never read.
 */
static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_bytes, void **seen)
{
    BrimServeHttp *http = self;
    (void)body;
    (void)body_bytes;
    if (*seen)
        return answer(http, connection, path);
    *seen = http;
    Fixed which = refusal(http, connection, method, version);
    return which == FIXED_COUNT ? MHD_YES : answer_fixed(http, connection, which);
}

static int socket_of(struct MHD_Connection *connection)
{
    return mhd->MHD_get_connection_info_(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static void on_connection(void *self, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    BrimServeHttp *http = self;
    (void)context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        brim_serve_slow_enter(&http->slow, socket_of(connection), brim_clock_ns());
    else
        brim_serve_slow_leave(&http->slow, socket_of(connection));
}

static void on_answered(void *self, struct MHD_Connection *connection, void **seen,
                        enum MHD_RequestTerminationCode code)
{
    BrimServeHttp *http = self;
    (void)seen;
    (void)code;
    brim_serve_slow_answered(&http->slow, socket_of(connection), brim_clock_ns());
}

static BrimStatus make_fixed(BrimServeHttp *http)
{
    http->page = brim_serve_response_page();
    bool made = http->page;
    for (int i = 0; i < FIXED_COUNT; i++) {
        http->fixed[i] = brim_serve_response_lasting(BRIM_SERVE_TYPE_TEXT, fixed[i].text);
        made = made && http->fixed[i];
    }
    made = made && mhd->MHD_add_response_header_(http->fixed[NO_METHOD], "Allow", "GET, HEAD") == MHD_YES;
    return made ? BRIM_OK : brim_fail(BRIM_ERROR_MEMORY, "no memory left to serve");
}

BrimStatus brim_serve_http_open(BrimServeHttp **http, int listener, bool local, double interval_s)
{
    BrimStatus status = BRIM_ERROR_MEMORY;
    *http = brim_mem_take(BRIM_MEM_REPORT, 1, sizeof **http);
    if (!*http)
        goto fail;
    (*http)->local = local;
    (*http)->interval_s = interval_s;
    pthread_mutex_init(&(*http)->lock, NULL);
    brim_serve_slow_open(&(*http)->slow);
    BRIM_TRY(brim_serve_library_open());
    BRIM_TRY(brim_serve_ring_open(&(*http)->ring, BRIM_SERVE_MOST_SAMPLES, BRIM_SERVE_MOST_BYTES));
    BRIM_TRY(make_fixed(*http));
    /* With epoll, libmicrohttpd 0.9 does not notice who hangs up in the midst of a request until IDLE_S are
     * over. */
    (*http)->daemon = mhd->MHD_start_daemon_(
        MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, *http, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)BRIM_SERVE_MOST_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, *http, MHD_OPTION_NOTIFY_COMPLETED, on_answered, *http,
        MHD_OPTION_END);
    if ((*http)->daemon)
        return BRIM_OK;
    status = brim_fail(BRIM_ERROR_IO,
                       "libmicrohttpd does not start: no threads or descriptors left (ulimit -n -u)?");
fail:
    close(listener);
    brim_serve_http_close(http);
    return status;
}

BrimStatus brim_serve_http_publish(BrimServeHttp *http, char *metrics, char *json, int64_t time_ns)
{
    struct MHD_Response *response = brim_serve_response_taken(BRIM_SERVE_TYPE_METRICS, metrics),
                        *before = response;
    BrimStatus status = brim_serve_ring_push(http->ring, time_ns, json);
    int64_t now_ns = brim_clock_ns();
    if (!response)
        return brim_fail(BRIM_ERROR_MEMORY, "no memory left to serve a sample");
    pthread_mutex_lock(&http->lock);
    before = http->metrics;
    http->metrics = response;
    pthread_mutex_unlock(&http->lock);
    if (before)
        mhd->MHD_destroy_response_(before);
    atomic_store(&http->fresh_until_ns,
                 now_ns + (int64_t)(fmax(3 * http->interval_s, FRESH_LEAST_S) * NS_PER_S));
    brim_serve_slow_cut(&http->slow, now_ns - (int64_t)REQUEST_MOST_S * NS_PER_S);
    return status;
}

void brim_serve_http_settle(BrimServeHttp *http)
{
    atomic_store(&http->fresh_until_ns, INT64_MAX);
}

void brim_serve_http_close(BrimServeHttp **http)
{
    if (!*http)
        return;
    if ((*http)->daemon)
        mhd->MHD_stop_daemon_((*http)->daemon);
    for (int i = 0; i < FIXED_COUNT; i++)
        if ((*http)->fixed[i])
            mhd->MHD_destroy_response_((*http)->fixed[i]);
    if ((*http)->page)
        mhd->MHD_destroy_response_((*http)->page);
    if ((*http)->metrics)
        mhd->MHD_destroy_response_((*http)->metrics);
    brim_serve_ring_close(&(*http)->ring);
    brim_serve_slow_close(&(*http)->slow);
    pthread_mutex_destroy(&(*http)->lock);
    brim_mem_give(*http);
    *http = NULL;
}
