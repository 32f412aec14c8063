/* A client that says whatever bytes it is told to, and hears what comes back. */
#ifndef BRIM_TESTS_HTTP_H
#define BRIM_TESTS_HTTP_H

#include <stddef.h>

enum { HTTP_REPLY_BYTES = 8 << 20 };

/* A connection to 127.0.0.1 that gives up after a few seconds of silence; -1. */
int http_connect(int port);

/* The reply up to its end or HTTP_REPLY_BYTES - 1, NUL-terminated and static; "" where there was none.
 * http_ask: "METHOD PATH" of HTTP/1.1 with a good Host and Connection: close; http_send: those words, which
 * should end so that the server closes; http_say: any bytes, after which the client says no more. */
const char *http_ask(int port, const char *method, const char *path);
const char *http_send(int port, const char *request);
const char *http_say(int port, const void *bytes, size_t count);

/* Of a reply: its status, 0 for none; what follows the empty line; a header's value (static), "" where it has
 * none. */
int http_status(const char *reply);
const char *http_body(const char *reply);
const char *http_header(const char *reply, const char *name);

#endif
