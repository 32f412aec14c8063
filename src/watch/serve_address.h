/* Where a server listens, and what a client may say of it: --serve's word, the Host header, numbers of a
 * query. All of it is text of strangers. */
#ifndef BRIM_WATCH_SERVE_ADDRESS_H
#define BRIM_WATCH_SERVE_ADDRESS_H

#include <sys/socket.h>

#include "base/status.h"

typedef struct BrimServeAddress {
    struct sockaddr_storage socket;
    socklen_t bytes;
    bool loopback; /* only this machine's programs can reach it */
} BrimServeAddress;

enum { BRIM_SERVE_URL_BYTES = 80 };

/* "9400", ":9400" (127.0.0.1 both), "127.0.0.1:9400", "localhost:9400", "[::1]:9400", "0.0.0.0:9400"; port 0
 * lets the kernel choose. ERROR_ARGUMENT says what was expected. No names are looked up. */
BrimStatus brim_serve_address_parse(BrimServeAddress *address, const char *word);

/* "http://127.0.0.1:9400/" */
void brim_serve_address_url(const BrimServeAddress *address, char url[BRIM_SERVE_URL_BYTES]);

/* Is it this machine by a name that no stranger's DNS can have? localhost, 127.0.0.0/8, [::1], with or
 * without a port: a browser says so in its Host header, unless a page from elsewhere had its own name point
 * here. */
bool brim_serve_address_local(const char *host);

/* Digits alone, 0 to INT64_MAX. */
bool brim_serve_address_number(const char *text, int64_t *number);

/* A socket that listens there, and *address with the port that the kernel chose. ERROR_IO: in use, not
 * allowed, not of this machine. */
BrimStatus brim_serve_address_listen(BrimServeAddress *address, int *listener);

#endif
