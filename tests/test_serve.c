/* The server, spoken to over sockets: what it answers, what it refuses, and that nothing said to it does it
 * harm. */
#include <jansson.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "support/http.h"
#include "support/samples.h"
#include "support/support.h"
#include "watch/serve.h"
#include "watch/serve_address.h"
#include "watch/serve_http.h"

enum { SAMPLES = 10, SECOND_NS = 1000000000 };
#define FIRST_NS (INT64_C(1764158400) * SECOND_NS)

/* A server in a thread, fed with made-up samples. */
typedef struct Served {
    BrimServeOptions options;
    pthread_t thread;
    atomic_int port; /* 0: not yet; -1: it ended */
    BrimStatus status;
    char error[512];
    MadeUp made_up;
    int step, most_steps;
    int calls; /* of the sampler */
} Served;

static BrimStatus sample(void *self, const BrimMonitorSample **sample)
{
    Served *served = self;
    served->calls++;
    if (served->step == served->most_steps)
        return BRIM_STOPPED;
    made_up_machine(&served->made_up, served->step++);
    *sample = &served->made_up.sample;
    return BRIM_OK;
}

static void started(void *self, const char *url)
{
    Served *served = self;
    int port = 0;
    assert_int_equal(sscanf(url, "http://127.0.0.1:%d/", &port), 1);
    served->port = port;
}

static void *serve(void *self)
{
    Served *served = self;
    served->status = brim_serve_run(&served->options);
    snprintf(served->error, sizeof served->error, "%s", brim_last_error());
    served->port = -1;
    return NULL;
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* Waits until it answers or has ended. */
static void start(Served *served, int most_steps)
{
    *served = (Served){.options = {.address = "127.0.0.1:0",
                                   .interval_s = 0.01,
                                   .sample = sample,
                                   .render = made_up_json,
                                   .started = started,
                                   .self = served},
                       .most_steps = most_steps};
    assert_int_equal(pthread_create(&served->thread, NULL, serve, served), 0);
    while (served->port == 0)
        pause_ms(1);
    if (served->port < 0 && served->status == BRIM_ERROR_UNSUPPORTED) {
        pthread_join(served->thread, NULL);
        print_message("skipped: built without libmicrohttpd: %s\n", served->error);
        skip();
    }
}

static void stop(Served *served, int signal)
{
    pthread_kill(served->thread, signal);
    pthread_join(served->thread, NULL);
    if (served->status != BRIM_OK)
        fail_msg("%s", served->error);
}

static json_t *samples_of(const Served *served, const char *query)
{
    char path[128];
    snprintf(path, sizeof path, "/api/samples%s", query);
    const char *reply = http_ask(served->port, "GET", path);
    assert_int_equal(http_status(reply), 200);
    assert_string_equal(http_header(reply, "Content-Type"), "application/json");
    assert_int_equal(atoi(http_header(reply, "Content-Length")), strlen(http_body(reply)));
    json_t *answer = json_loads(http_body(reply), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(answer);
    assert_string_equal(json_string_value(json_object_get(answer, "schema")), "brim-samples-1");
    return answer;
}

/* A server whose last sample is out. */
static void start_settled(Served *served)
{
    int64_t newest_ns = 0;
    start(served, SAMPLES);
    for (int i = 0; i < 1000 && newest_ns != FIRST_NS + (SAMPLES - 1) * (int64_t)SECOND_NS; i++) {
        json_t *answer = samples_of(served, "?count=0");
        newest_ns = atoll(json_string_value(json_object_get(answer, "newest_ns")));
        json_decref(answer);
        pause_ms(2);
    }
    assert_int_equal(newest_ns, FIRST_NS + (SAMPLES - 1) * (int64_t)SECOND_NS);
}

static void check_safe(const char *reply)
{
    assert_string_equal(http_header(reply, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(http_header(reply, "Referrer-Policy"), "no-referrer");
    assert_string_equal(http_header(reply, "Cross-Origin-Resource-Policy"), "same-origin");
    assert_string_equal(http_header(reply, "Cache-Control"), "no-store");
    assert_non_null(strstr(http_header(reply, "Content-Security-Policy"), "default-src 'none'"));
    assert_null(strstr(http_header(reply, "Content-Security-Policy"), "unsafe"));
    assert_string_equal(http_header(reply, "Access-Control-Allow-Origin"), "");
}

static void test_metrics(void **state)
{
    (void)state;
    static Served served;
    start_settled(&served);
    const char *reply = http_ask(served.port, "GET", "/metrics");
    assert_int_equal(http_status(reply), 200);
    check_safe(reply);
    assert_string_equal(http_header(reply, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_int_equal(atoi(http_header(reply, "Content-Length")), strlen(http_body(reply)));
    assert_memory_equal(http_body(reply), "# HELP brim_build_info ", 23);
    assert_non_null(strstr(reply, "\nbrim_samples_total 10\n"));
    assert_non_null(strstr(reply, "\nbrim_sample_timestamp_seconds 1764158409\n"));
    assert_non_null(strstr(reply, "\nDCGM_FI_DEV_FB_TOTAL{gpu=\"1\","));
    pause_ms(50);
    stop(&served, SIGTERM);
    assert_int_equal(served.calls, SAMPLES + 1); /* who says that there is no other is not asked again */
}

/* How many samples, and the seconds of the first and the last: "3: 7 9". */
static const char *span(const Served *served, const char *query)
{
    static char words[64];
    json_t *answer = samples_of(served, query), *list = json_object_get(answer, "samples");
    size_t count = json_array_size(list);
    json_t *first = json_array_get(list, 0), *last = json_array_get(list, count - 1);
    snprintf(words, sizeof words, "%zu: %lld %lld", count,
             (json_integer_value(json_object_get(first, "time_ns")) - FIRST_NS) / SECOND_NS,
             (json_integer_value(json_object_get(last, "time_ns")) - FIRST_NS) / SECOND_NS);
    json_decref(answer);
    return words;
}

static void test_samples(void **state)
{
    (void)state;
    static Served served;
    start_settled(&served);
    assert_string_equal(span(&served, ""), "10: 0 9");
    assert_string_equal(span(&served, "?count=3"), "3: 7 9");
    assert_string_equal(span(&served, "?since=1764158404000000000"), "5: 5 9");
    assert_string_equal(span(&served, "?since=1764158404000000000&count=2&other=x"), "2: 8 9");
    assert_string_equal(span(&served, "?count=1&since=1764158403999999999"), "1: 9 9");
    json_t *none = samples_of(&served, "?since=1764158409000000000");
    assert_int_equal(json_array_size(json_object_get(none, "samples")), 0);
    assert_string_equal(json_string_value(json_object_get(none, "newest_ns")), "1764158409000000000");
    assert_true(json_number_value(json_object_get(none, "interval_s")) == 0.01);
    json_decref(none);
    static const char *const bad[] = {"?since=",
                                      "?since",
                                      "?count=-1",
                                      "?count=x",
                                      "?since=1e9",
                                      "?count=1.0",
                                      "?since=99999999999999999999",
                                      "?count=%00",
                                      "?count=1%00",
                                      "?count=+1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "/api/samples%s", bad[i]);
        const char *reply = http_ask(served.port, "GET", path);
        if (http_status(reply) != 400)
            fail_msg("%s: %s", path, reply);
        check_safe(reply);
    }
    stop(&served, SIGINT);
}

/* Clients that want much and go in its midst, with a reset. */
static void hang_up(int port)
{
    static const char *const requests[] = {"GET /api/samples HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                           "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"};
    for (int i = 0; i < 40; i++) {
        char some[4096];
        int client = http_connect(port);
        assert_true(client >= 0);
        assert_true(send(client, requests[i % 2], strlen(requests[i % 2]), MSG_NOSIGNAL) > 0);
        if (i % 4 < 2)
            assert_true(recv(client, some, sizeof some, 0) > 0);
        setsockopt(client, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
        close(client);
    }
}

/* A full ring is sent whole: more pieces than the kernel takes in one call. Before the first sample there is
 * a word. */
static void test_a_full_ring(void **state)
{
    (void)state;
    BrimServeAddress address;
    BrimServeHttp *http;
    int listener;
    assert_ok(brim_serve_address_parse(&address, "0"));
    assert_ok(brim_serve_address_listen(&address, &listener));
    int port = ntohs(((struct sockaddr_in *)&address.socket)->sin_port);
    if (brim_serve_http_open(&http, listener, true, 1) == BRIM_ERROR_UNSUPPORTED)
        skip();
    assert_int_equal(http_status(http_ask(port, "GET", "/metrics")), 503);
    assert_int_equal(http_status(http_ask(port, "GET", "/healthz")), 503);
    brim_serve_http_settle(http);
    assert_int_equal(http_status(http_ask(port, "GET", "/healthz")), 200);
    for (int i = 0; i < BRIM_SERVE_MOST_SAMPLES + 100; i++) {
        char text[1024];
        snprintf(text, sizeof text, "{\"n\":%d,\"pad\":\"%0900d\"}", i, 0);
        assert_ok(brim_serve_http_publish(http, brim_mem_text(BRIM_MEM_REPORT, "a 1\n"),
                                          brim_mem_text(BRIM_MEM_REPORT, text), i));
    }
    json_t *answer = json_loads(http_body(http_ask(port, "GET", "/api/samples")), 0, NULL);
    json_t *list = json_object_get(answer, "samples");
    assert_int_equal(json_array_size(list), BRIM_SERVE_MOST_SAMPLES);
    for (int i = 0; i < BRIM_SERVE_MOST_SAMPLES; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(list, (size_t)i), "n")), i + 100);
    json_decref(answer);
    hang_up(port);
    assert_string_equal(http_body(http_ask(port, "GET", "/metrics")), "a 1\n");
    brim_serve_http_close(&http);
}

static void test_page_and_health(void **state)
{
    (void)state;
    static Served served;
    static char page[HTTP_REPLY_BYTES];
    start_settled(&served);
    const char *reply = http_ask(served.port, "GET", "/");
    assert_int_equal(http_status(reply), 200);
    check_safe(reply);
    assert_string_equal(http_header(reply, "Content-Type"), "text/html; charset=utf-8");
    assert_non_null(strstr(http_header(reply, "Content-Security-Policy"), "script-src 'sha256-"));
    snprintf(page, sizeof page, "%s", http_body(reply));
    assert_string_equal(http_body(http_ask(served.port, "GET", "/index.html")), page);
    reply = http_ask(served.port, "GET", "/healthz");
    assert_int_equal(http_status(reply), 200);
    assert_string_equal(http_body(reply), "ok\n");
    check_safe(reply);
    stop(&served, SIGTERM);
}

static void test_head(void **state)
{
    (void)state;
    static Served served;
    static const char *const paths[] = {"/", "/metrics", "/api/samples?count=2", "/healthz", "/nothing"};
    start_settled(&served);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const char *reply = http_ask(served.port, "GET", paths[i]);
        size_t bytes = strlen(http_body(reply));
        int status = http_status(reply);
        reply = http_ask(served.port, "HEAD", paths[i]);
        assert_int_equal(http_status(reply), status);
        assert_int_equal(atoi(http_header(reply, "Content-Length")), bytes);
        assert_string_equal(http_body(reply), "");
        check_safe(reply);
    }
    stop(&served, SIGTERM);
}

static void test_other_methods(void **state)
{
    (void)state;
    static Served served;
    static const char *const methods[] = {"PUT", "DELETE", "OPTIONS", "TRACE", "BREW", "get"};
    start_settled(&served);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        const char *reply = http_ask(served.port, methods[i], "/metrics");
        assert_int_equal(http_status(reply), 405);
        assert_string_equal(http_header(reply, "Allow"), "GET, HEAD");
        check_safe(reply);
    }
    const char *reply =
        http_send(served.port, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(http_status(reply), 405);
    reply = http_send(served.port,
                      "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000000\r\n\r\nhello");
    assert_int_equal(http_status(reply), 413);
    reply = http_send(
        served.port, "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    assert_int_equal(http_status(reply), 413);
    stop(&served, SIGTERM);
}

static void test_no_such_path(void **state)
{
    (void)state;
    static Served served;
    static const char *const paths[] = {"/nothing",           "/metrics/", "//metrics", "/../../etc/passwd",
                                        "/%2e%2e/etc/passwd", "/METRICS",  "/api",      "http://localhost/x",
                                        "/?%ff=%zz%"};
    start_settled(&served);
    for (size_t i = 0; i + 1 < sizeof paths / sizeof paths[0]; i++) {
        const char *reply = http_ask(served.port, "GET", paths[i]);
        if (http_status(reply) != 404)
            fail_msg("%s: %s", paths[i], reply);
        assert_string_equal(http_header(reply, "Content-Type"), "text/plain; charset=utf-8");
        check_safe(reply);
    }
    assert_int_equal(http_status(http_ask(served.port, "GET", "/?%ff=%zz%")), 200);
    stop(&served, SIGTERM);
}

static void test_host(void **state)
{
    (void)state;
    static Served served;
    static const struct {
        const char *request;
        int status;
    } asked[] = {
        {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200},
        {"GET /healthz HTTP/1.1\r\nHost: [::1]:9400\r\nConnection: close\r\n\r\n", 200},
        {"GET /healthz HTTP/1.0\r\n\r\n", 200},
        {"GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403},
        {"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1.evil.example:9400\r\nConnection: close\r\n\r\n", 403},
        {"GET /healthz HTTP/1.0\r\nHost: evil.example\r\n\r\n", 403},
        {"POST /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403},
        {"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400},
    };
    start_settled(&served);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const char *reply = http_send(served.port, asked[i].request);
        if (http_status(reply) != asked[i].status)
            fail_msg("%s\n%s", asked[i].request, reply);
    }
    stop(&served, SIGTERM);
}

/* Requests cut, bent and swollen, always the same ones; whatever becomes of each, the server answers the
 * next. */
static size_t broken_request(BrimRandom *random, char *bytes, size_t room)
{
    static const char good[] =
        "GET /api/samples?since=12&count=3 HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
    size_t count = sizeof good - 1;
    memcpy(bytes, good, count);
    for (uint32_t i = brim_random_below(random, 6); i > 0; i--)
        bytes[brim_random_below(random, (uint32_t)count)] = (char)brim_random_u64(random);
    switch (brim_random_below(random, 4)) {
    case 0:
        return brim_random_below(random, (uint32_t)count);
    case 1: { /* swollen in its midst */
        size_t at = brim_random_below(random, (uint32_t)count), more = brim_random_below(random, 40000);
        memmove(bytes + at + more, bytes + at, count - at);
        memset(bytes + at, "a /\r\n:%&0"[brim_random_below(random, 9)], more);
        return count + more;
    }
    case 2:
        for (count = 0; count < brim_random_below(random, (uint32_t)room); count++)
            bytes[count] = (char)brim_random_u64(random);
        return count;
    default:
        return count;
    }
}

static void test_broken_requests(void **state)
{
    (void)state;
    static Served served;
    static char bytes[50000];
    BrimRandom random = brim_random(7, 0);
    int answered = 0;
    start_settled(&served);
    for (int i = 0; i < 600; i++) {
        size_t count = broken_request(&random, bytes, sizeof bytes);
        int status = http_status(http_say(served.port, bytes, count));
        if (status >= 500 && status != 501 && status != 505)
            fail_msg("request %d: status %d", i, status);
        answered += status > 0;
    }
    assert_true(answered > 100);
    assert_int_equal(http_status(http_ask(served.port, "GET", "/metrics")), 200);
    stop(&served, SIGTERM);
}

/* A hundred who say half a word, and some more than there is room for: who has room is answered meanwhile,
 * and all when they are gone. */
static void test_many_connections(void **state)
{
    (void)state;
    static Served served;
    int clients[200];
    start_settled(&served);
    for (int i = 0; i < 200; i++) {
        clients[i] = http_connect(served.port);
        assert_true(clients[i] >= 0);
        assert_int_equal(send(clients[i], "GET /met", 8, MSG_NOSIGNAL), 8);
        if (i == 99)
            assert_int_equal(http_status(http_ask(served.port, "GET", "/metrics")), 200);
    }
    for (int i = 0; i < 200; i++)
        close(clients[i]);
    assert_int_equal(http_status(http_ask(served.port, "GET", "/metrics")), 200);
    stop(&served, SIGTERM);
}

static void test_port_in_use(void **state)
{
    (void)state;
    static Served served;
    char address[32];
    start_settled(&served);
    BrimServeOptions second = served.options;
    snprintf(address, sizeof address, ":%d", served.port);
    second.address = address;
    assert_refused(brim_serve_run(&second), BRIM_ERROR_IO, "in use by another program");
    assert_int_equal(http_status(http_ask(served.port, "GET", "/metrics")), 200);
    stop(&served, SIGTERM);
}

static BrimStatus failing_sample(void *self, const BrimMonitorSample **sample)
{
    (void)self;
    (void)sample;
    return brim_fail(BRIM_ERROR_MEMORY, "no memory left for a sample");
}

static char *failing_render(const BrimMonitorSample *sample)
{
    (void)sample;
    brim_fail(BRIM_ERROR_MEMORY, "no memory left for a text");
    return NULL;
}

static void test_what_cannot_be_served(void **state)
{
    (void)state;
    static Served served;
    start(&served, 1);
    stop(&served, SIGTERM);
    BrimServeOptions options = served.options;
    options.address = "here";
    assert_refused(brim_serve_run(&options), BRIM_ERROR_ARGUMENT, "\"here\" is no address");
    options = served.options;
    options.interval_s = 0.001;
    assert_refused(brim_serve_run(&options), BRIM_ERROR_ARGUMENT, "an interval of 0.001 s");
    options = served.options;
    options.sample = failing_sample;
    assert_refused(brim_serve_run(&options), BRIM_ERROR_MEMORY, "no memory left for a sample");
    options = served.options;
    options.render = failing_render;
    served.step = 0;
    assert_refused(brim_serve_run(&options), BRIM_ERROR_MEMORY, "no memory left for a text");
}

/* Every block that it takes, refused once. */
static void test_memory_that_runs_out(void **state)
{
    (void)state;
    static Served served;
    start(&served, 1);
    stop(&served, SIGTERM);
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimServeOptions options = served.options;
    for (uint64_t nth = 1; nth < 40; nth++) {
        served.step = 0;
        brim_mem_fail_at(nth);
        assert_int_equal(brim_serve_run(&options), BRIM_ERROR_MEMORY);
        brim_mem_fail_at(0);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
    }
}

static int nothing_is_left(void **state)
{
    (void)state;
    return brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_metrics, nothing_is_left),
        cmocka_unit_test_teardown(test_samples, nothing_is_left),
        cmocka_unit_test_teardown(test_a_full_ring, nothing_is_left),
        cmocka_unit_test_teardown(test_page_and_health, nothing_is_left),
        cmocka_unit_test_teardown(test_head, nothing_is_left),
        cmocka_unit_test_teardown(test_other_methods, nothing_is_left),
        cmocka_unit_test_teardown(test_no_such_path, nothing_is_left),
        cmocka_unit_test_teardown(test_host, nothing_is_left),
        cmocka_unit_test_teardown(test_broken_requests, nothing_is_left),
        cmocka_unit_test_teardown(test_many_connections, nothing_is_left),
        cmocka_unit_test_teardown(test_port_in_use, nothing_is_left),
        cmocka_unit_test_teardown(test_what_cannot_be_served, nothing_is_left),
        cmocka_unit_test_teardown(test_memory_that_runs_out, nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
