/* Addresses, Host headers and numbers as strangers write them; sockets that cannot be had. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/support.h"
#include "watch/serve_address.h"

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *word, *url;
        bool loopback;
    } good[] = {
        {"9400", "http://127.0.0.1:9400/", true},
        {":9400", "http://127.0.0.1:9400/", true},
        {"0", "http://127.0.0.1:0/", true},
        {"localhost:80", "http://127.0.0.1:80/", true},
        {"127.0.0.1:9400", "http://127.0.0.1:9400/", true},
        {"127.9.8.7:65535", "http://127.9.8.7:65535/", true},
        {"[::1]:9400", "http://[::1]:9400/", true},
        {"[::ffff:127.0.0.1]:1", "http://[::ffff:127.0.0.1]:1/", true},
        {"0.0.0.0:9400", "http://0.0.0.0:9400/", false},
        {"10.1.2.3:9400", "http://10.1.2.3:9400/", false},
        {"[::]:9400", "http://[::]:9400/", false},
        {"[2001:db8::7]:9400", "http://[2001:db8::7]:9400/", false},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        BrimServeAddress address;
        char url[BRIM_SERVE_URL_BYTES];
        assert_ok(brim_serve_address_parse(&address, good[i].word));
        brim_serve_address_url(&address, url);
        assert_string_equal(url, good[i].url);
        assert_int_equal(address.loopback, good[i].loopback);
    }
}

static void test_no_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ":",
        "65536",
        ":65536",
        "127.0.0.1",
        "localhost",
        "host:",
        "-1",
        ":-1",
        ":+1",
        ": 1",
        "1:2:3",
        "::1:9400",
        "[::1]",
        "[::1]9400",
        "[::1:9400",
        "[::1]:",
        "[127.0.0.1]:9400",
        "[]:9400",
        "::1",
        "256.1.1.1:1",
        "1.2.3:1",
        "example.com:80",
        "99999999999999999999",
        "*:9400",
        "0x50",
        "9400 ",
        "[fe80::1%eth0]:9400",
        "01.2.3.4:1",
        "1111111111111111111111111111111111111111111111111111111111111111111111:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        BrimServeAddress address;
        assert_refused(brim_serve_address_parse(&address, bad[i]), BRIM_ERROR_ARGUMENT,
                       "no address to serve at");
    }
}

static void test_hosts(void **state)
{
    (void)state;
    static const char *const own[] = {"localhost",       "LocalHost:9400", "127.0.0.1", "127.0.0.1:1",
                                      "127.3.2.1:65535", "[::1]",          "[::1]:9400"};
    static const char *const strange[] = {"",
                                          "example.com",
                                          "localhost.example.com",
                                          "127.0.0.1.example.com:9400",
                                          "localhost:",
                                          "localhost:x",
                                          "localhost:65536",
                                          "localhost@example.com",
                                          "10.0.0.1:9400",
                                          "[::2]:9400",
                                          "[::1]x",
                                          "[127.0.0.1]",
                                          "::1",
                                          " localhost",
                                          "[",
                                          "[::1"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (!brim_serve_address_local(own[i]))
            fail_msg("%s is refused", own[i]);
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        if (brim_serve_address_local(strange[i]))
            fail_msg("\"%s\" passes", strange[i]);
}

static void test_numbers(void **state)
{
    (void)state;
    int64_t number = -7;
    assert_true(brim_serve_address_number("0", &number) && number == 0);
    assert_true(brim_serve_address_number("007", &number) && number == 7);
    assert_true(brim_serve_address_number("9223372036854775807", &number) && number == INT64_MAX);
    static const char *const bad[] = {"",        "9223372036854775808", "-1", "+1", " 1", "1 ", "1.0", "1e3",
                                      "\xd9\xa1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(brim_serve_address_number(bad[i], &number));
    assert_false(brim_serve_address_number(NULL, &number));
    assert_int_equal(number, INT64_MAX);
}

static void test_sockets(void **state)
{
    (void)state;
    BrimServeAddress first, second;
    char word[32];
    int listener, other = 7;
    assert_ok(brim_serve_address_parse(&first, "127.0.0.1:0"));
    assert_ok(brim_serve_address_listen(&first, &listener));
    int port = ntohs(((struct sockaddr_in *)&first.socket)->sin_port);
    assert_true(port > 0);
    snprintf(word, sizeof word, "127.0.0.1:%d", port);
    assert_ok(brim_serve_address_parse(&second, word));
    assert_refused(brim_serve_address_listen(&second, &other), BRIM_ERROR_IO, "in use by another program");
    assert_int_equal(other, -1);
    assert_null(strchr(brim_last_error(), '\n'));
    close(listener);
    assert_ok(brim_serve_address_parse(&second, "192.0.2.1:9400")); /* TEST-NET: nobody's */
    assert_refused(brim_serve_address_listen(&second, &other), BRIM_ERROR_IO, "no address of this machine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_no_addresses), cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
