/* Sockets and strings. */
#include "support/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 5 };

int http_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(client, (struct sockaddr *)&address, sizeof address) == 0)
        return client;
    close(client);
    return -1;
}

/* finish: say that nothing more will come, so that half a request does not wait for its other half. */
static const char *talk(int port, const void *bytes, size_t count, bool finish)
{
    static char reply[HTTP_REPLY_BYTES];
    size_t heard = 0;
    ssize_t got;
    int client = http_connect(port);
    reply[0] = '\0';
    if (client < 0)
        return reply;
    for (size_t said = 0; said < count; said += (size_t)got)
        if ((got = send(client, (const char *)bytes + said, count - said, MSG_NOSIGNAL)) <= 0)
            break;
    if (finish)
        shutdown(client, SHUT_WR);
    while ((got = recv(client, reply + heard, sizeof reply - 1 - heard, 0)) > 0)
        heard += (size_t)got;
    reply[heard] = '\0';
    close(client);
    return reply;
}

const char *http_say(int port, const void *bytes, size_t count)
{
    return talk(port, bytes, count, true);
}

const char *http_ask(int port, const char *method, const char *path)
{
    char request[1024];
    int count =
        snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n",
                 method, path, port);
    return talk(port, request, (size_t)count, false);
}

const char *http_send(int port, const char *request)
{
    return talk(port, request, strlen(request), false);
}

int http_status(const char *reply)
{
    int status = 0;
    sscanf(reply, "HTTP/%*d.%*d %d", &status);
    return status;
}

const char *http_body(const char *reply)
{
    const char *end = strstr(reply, "\r\n\r\n");
    return end ? end + 4 : "";
}

const char *http_header(const char *reply, const char *name)
{
    static char value[1024];
    const char *end = strstr(reply, "\r\n\r\n");
    size_t length = strlen(name);
    value[0] = '\0';
    for (const char *line = strstr(reply, "\r\n"); end && line && line < end; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 4, "\r"), line + length + 4);
    return value;
}
