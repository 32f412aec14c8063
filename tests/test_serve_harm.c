/* Nothing that is said to the server does it harm, however it is said; and what cannot be served is an error.
 */
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "support/http.h"
#include "support/served.h"
#include "support/support.h"
#include "watch/serve_address.h"
#include "watch/serve_http.h"

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
    served_start_settled(&served);
    for (int i = 0; i < 600; i++) {
        size_t count = broken_request(&random, bytes, sizeof bytes);
        int status = http_status(http_say(served.port, bytes, count));
        if (status >= 500 && status != 501 && status != 505)
            fail_msg("request %d: status %d", i, status);
        answered += status > 0;
    }
    assert_true(answered > 100);
    assert_int_equal(http_status(http_ask(served.port, "GET", "/metrics")), 200);
    served_stop(&served, SIGTERM);
}

/* A hundred who say half a word, and some more than there is room for: who has room is answered meanwhile,
 * and all when they are gone. */
static void test_many_connections(void **state)
{
    (void)state;
    static Served served;
    int clients[200];
    served_start_settled(&served);
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
    served_stop(&served, SIGTERM);
}

static void test_port_in_use(void **state)
{
    (void)state;
    static Served served;
    char address[32];
    served_start_settled(&served);
    BrimServeOptions second = served.options;
    snprintf(address, sizeof address, ":%d", served.port);
    second.address = address;
    assert_refused(brim_serve_run(&second), BRIM_ERROR_IO, "in use by another program");
    assert_int_equal(http_status(http_ask(served.port, "GET", "/metrics")), 200);
    served_stop(&served, SIGTERM);
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
    served_start(&served, 1);
    served_stop(&served, SIGTERM);
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
    served_start(&served, 1);
    served_stop(&served, SIGTERM);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_full_ring, served_nothing_is_left),
        cmocka_unit_test_teardown(test_broken_requests, served_nothing_is_left),
        cmocka_unit_test_teardown(test_many_connections, served_nothing_is_left),
        cmocka_unit_test_teardown(test_port_in_use, served_nothing_is_left),
        cmocka_unit_test_teardown(test_what_cannot_be_served, served_nothing_is_left),
        cmocka_unit_test_teardown(test_memory_that_runs_out, served_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
