/* Addresses from texts, without asking anybody. */
#include "watch/serve_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { HOST_BYTES = 64 };

bool brim_serve_address_number(const char *text, int64_t *number)
{
    int64_t value = 0;
    if (!text || !*text)
        return false;
    for (; *text; text++) {
        int digit = *text - '0';
        if (digit < 0 || digit > 9 || value > (INT64_MAX - digit) / 10)
            return false;
        value = 10 * value + digit;
    }
    *number = value;
    return true;
}

/* "[::1]:9400" to "::1" and "9400"; "host:9400", ":9400", "host"; port NULL where there is none. False where
 * the form is none of these. */
static bool split(const char *word, char host[HOST_BYTES], const char **port)
{
    bool bracketed = word[0] == '[';
    const char *begin = word + bracketed, *end = begin + strcspn(begin, bracketed ? "]" : ":");
    const char *after = end + (bracketed && *end == ']');
    if ((size_t)(end - begin) >= HOST_BYTES || (bracketed && *end != ']') || (*after && *after != ':'))
        return false;
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    *port = *after ? after + 1 : NULL;
    return true;
}

static bool is_loopback6(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) || (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

static bool fill(BrimServeAddress *address, const char *host, bool bracketed, uint16_t port)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&address->socket;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address->socket;
    *address = (BrimServeAddress){.bytes = 0};
    if (bracketed) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        address->bytes = sizeof *six;
        if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1)
            return false;
        address->loopback = is_loopback6(&six->sin6_addr);
        return true;
    }
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    address->bytes = sizeof *four;
    bool own = !*host || strcmp(host, "localhost") == 0;
    if (inet_pton(AF_INET, own ? "127.0.0.1" : host, &four->sin_addr) != 1)
        return false;
    address->loopback = ntohl(four->sin_addr.s_addr) >> 24 == 127;
    return true;
}

BrimStatus brim_serve_address_parse(BrimServeAddress *address, const char *word)
{
    char host[HOST_BYTES] = "";
    const char *port = word;
    int64_t number;
    bool alone = word[strspn(word, "0123456789")] == '\0'; /* a port and nothing else */
    if ((alone || split(word, host, &port)) && brim_serve_address_number(port, &number) &&
        number <= UINT16_MAX && fill(address, host, word[0] == '[', (uint16_t)number))
        return BRIM_OK;
    return brim_fail(
        BRIM_ERROR_ARGUMENT,
        "\"%.80s\" is no address to serve at: try 9400, 127.0.0.1:9400, [::1]:9400, or 0.0.0.0:9400 "
        "to be reached from other machines (numbers alone, ports to 65535)",
        word);
}

void brim_serve_address_url(const BrimServeAddress *address, char url[BRIM_SERVE_URL_BYTES])
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)&address->socket;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address->socket;
    char host[INET6_ADDRSTRLEN] = "";
    bool is_six = address->socket.ss_family == AF_INET6;
    inet_ntop(address->socket.ss_family, is_six ? (const void *)&six->sin6_addr : &four->sin_addr, host,
              sizeof host);
    snprintf(url, BRIM_SERVE_URL_BYTES, is_six ? "http://[%s]:%u/" : "http://%s:%u/", host,
             ntohs(is_six ? six->sin6_port : four->sin_port));
}

bool brim_serve_address_local(const char *host)
{
    char name[HOST_BYTES];
    const char *port = NULL;
    int64_t number;
    struct in_addr four;
    struct in6_addr six;
    if (!split(host, name, &port) ||
        (port && !(brim_serve_address_number(port, &number) && number <= UINT16_MAX)))
        return false;
    if (host[0] == '[')
        return inet_pton(AF_INET6, name, &six) == 1 && is_loopback6(&six);
    if (strcasecmp(name, "localhost") == 0)
        return true;
    return inet_pton(AF_INET, name, &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
}
