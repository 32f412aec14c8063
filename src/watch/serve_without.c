/* A build without libmicrohttpd: everything but the server. */
#include "watch/serve_http.h"

#include <unistd.h>

#include "base/memory.h"

BrimStatus brim_serve_http_open(BrimServeHttp **http, int listener, bool local, double interval_s)
{
    (void)local;
    (void)interval_s;
    *http = NULL;
    close(listener);
    return brim_fail(
        BRIM_ERROR_UNSUPPORTED,
        "--serve: this brim was built without libmicrohttpd; install libmicrohttpd-dev and build again");
}

BrimStatus brim_serve_http_publish(BrimServeHttp *http, char *metrics, char *json, int64_t time_ns)
{
    (void)http;
    (void)time_ns;
    brim_mem_give(metrics);
    brim_mem_give(json);
    return BRIM_OK;
}

void brim_serve_http_settle(BrimServeHttp *http)
{
    (void)http;
}

void brim_serve_http_close(BrimServeHttp **http)
{
    *http = NULL;
}
