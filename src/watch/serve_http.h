/* HTTP around a sample: it answers from what was published last and never looks at the hardware, so that a
 * thousand readers cost the devices nothing. What libmicrohttpd is asked is behind it, in serve_http.c and
 * serve_response.c, of the library that serve_library.c loads; a build without its header has
 * serve_without.c. */
#ifndef BRIM_WATCH_SERVE_HTTP_H
#define BRIM_WATCH_SERVE_HTTP_H

#include "base/status.h"

typedef struct BrimServeHttp BrimServeHttp;

/* What is kept of recent samples for /api/samples. */
enum { BRIM_SERVE_MOST_SAMPLES = 3600, BRIM_SERVE_MOST_BYTES = 10 << 20 };

/* Answers at a listening socket, which is taken in any case, from a thread of its own: 503 until something is
 * published. local: refuse requests whose Host is not this machine. ERROR_UNSUPPORTED without
 * libmicrohttpd, be it in the build or now. */
BrimStatus brim_serve_http_open(BrimServeHttp **http, int listener, bool local, double interval_s);

/* The texts are taken, also where it fails: what Prometheus reads, and the sample as a JSON object. */
BrimStatus brim_serve_http_publish(BrimServeHttp *http, char *metrics, char *json, int64_t time_ns);

/* No sample will follow, and that is no fault: /healthz stays content. */
void brim_serve_http_settle(BrimServeHttp *http);

void brim_serve_http_close(BrimServeHttp **http); /* NULL inside is allowed */

#endif
