/* The server, spoken to over sockets: what it answers, and what it refuses. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/http.h"
#include "support/served.h"
#include "support/support.h"

enum { SECOND_NS = 1000000000 };
#define FIRST_NS (SERVED_FIRST_S * SECOND_NS)

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
    served_start_settled(&served);
    const char *reply = http_ask(served.port, "GET", "/metrics");
    assert_int_equal(http_status(reply), 200);
    check_safe(reply);
    assert_string_equal(http_header(reply, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_int_equal(atoi(http_header(reply, "Content-Length")), strlen(http_body(reply)));
    assert_memory_equal(http_body(reply), "# HELP brim_build_info ", 23);
    assert_non_null(strstr(reply, "\nbrim_samples_total 10\n"));
    assert_non_null(strstr(reply, "\nbrim_sample_timestamp_seconds 1764158409\n"));
    assert_non_null(strstr(reply, "\nDCGM_FI_DEV_FB_TOTAL{gpu=\"1\","));
    served_pause_ms(50);
    served_stop(&served, SIGTERM);
    assert_int_equal(served.calls,
                     SERVED_SAMPLES + 1); /* who says that there is no other is not asked again */
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
    served_start_settled(&served);
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
    served_stop(&served, SIGINT);
}

static void test_page_and_health(void **state)
{
    (void)state;
    static Served served;
    static char page[HTTP_REPLY_BYTES];
    served_start_settled(&served);
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
    served_stop(&served, SIGTERM);
}

static void test_head(void **state)
{
    (void)state;
    static Served served;
    static const char *const paths[] = {"/", "/metrics", "/api/samples?count=2", "/healthz", "/nothing"};
    served_start_settled(&served);
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
    served_stop(&served, SIGTERM);
}

static void test_other_methods(void **state)
{
    (void)state;
    static Served served;
    static const char *const methods[] = {"PUT", "DELETE", "OPTIONS", "TRACE", "BREW", "get"};
    served_start_settled(&served);
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
    served_stop(&served, SIGTERM);
}

static void test_no_such_path(void **state)
{
    (void)state;
    static Served served;
    static const char *const paths[] = {"/nothing",           "/metrics/", "//metrics", "/../../etc/passwd",
                                        "/%2e%2e/etc/passwd", "/METRICS",  "/api",      "http://localhost/x",
                                        "/?%ff=%zz%"};
    served_start_settled(&served);
    for (size_t i = 0; i + 1 < sizeof paths / sizeof paths[0]; i++) {
        const char *reply = http_ask(served.port, "GET", paths[i]);
        if (http_status(reply) != 404)
            fail_msg("%s: %s", paths[i], reply);
        assert_string_equal(http_header(reply, "Content-Type"), "text/plain; charset=utf-8");
        check_safe(reply);
    }
    assert_int_equal(http_status(http_ask(served.port, "GET", "/?%ff=%zz%")), 200);
    served_stop(&served, SIGTERM);
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
    served_start_settled(&served);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const char *reply = http_send(served.port, asked[i].request);
        if (http_status(reply) != asked[i].status)
            fail_msg("%s\n%s", asked[i].request, reply);
    }
    served_stop(&served, SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_metrics, served_nothing_is_left),
        cmocka_unit_test_teardown(test_samples, served_nothing_is_left),
        cmocka_unit_test_teardown(test_page_and_health, served_nothing_is_left),
        cmocka_unit_test_teardown(test_head, served_nothing_is_left),
        cmocka_unit_test_teardown(test_other_methods, served_nothing_is_left),
        cmocka_unit_test_teardown(test_no_such_path, served_nothing_is_left),
        cmocka_unit_test_teardown(test_host, served_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
