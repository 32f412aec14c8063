/* The socket that a server listens at. */
#include "watch/serve_address.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 128 };

/* What the kernel refused, in words that say what to do. */
static BrimStatus refuse(const BrimServeAddress *address, int reason)
{
    char url[BRIM_SERVE_URL_BYTES];
    brim_serve_address_url(address, url);
    if (reason == EADDRINUSE)
        return brim_fail(BRIM_ERROR_IO, "%s is in use by another program: choose another port, or 0 for any",
                         url);
    if (reason == EACCES)
        return brim_fail(BRIM_ERROR_IO, "%s is not allowed: ports below 1024 are root's, choose a higher one",
                         url);
    if (reason == EADDRNOTAVAIL || reason == EAFNOSUPPORT)
        return brim_fail(BRIM_ERROR_IO, "%s is no address of this machine: try 127.0.0.1, or 0.0.0.0 for all",
                         url);
    return brim_fail(BRIM_ERROR_IO, "%s cannot be served: %s", url, strerror(reason));
}

BrimStatus brim_serve_address_listen(BrimServeAddress *address, int *listener)
{
    int yes = 1;
    *listener = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*listener < 0)
        return refuse(address, errno);
    /* Else a server that was just ended keeps its port from the next one for a minute. */
    setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(*listener, (struct sockaddr *)&address->socket, address->bytes) == 0 &&
        listen(*listener, BACKLOG) == 0 &&
        getsockname(*listener, (struct sockaddr *)&address->socket, &address->bytes) == 0)
        return BRIM_OK;
    BrimStatus status = refuse(address, errno);
    close(*listener);
    *listener = -1;
    return status;
}
