/* Whatever is typed behind --serve, sent as Host or put into a query: an address or one line, yes or no, a
 * number or not; and what was understood is understood again when it is written out. */
#include <stdlib.h>
#include <string.h>

#include "watch/serve_address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(const char *word)
{
    BrimServeAddress address, again;
    char url[BRIM_SERVE_URL_BYTES];
    BrimStatus status = brim_serve_address_parse(&address, word);
    if (status == BRIM_ERROR_ARGUMENT)
        return;
    if (status != BRIM_OK)
        abort();
    brim_serve_address_url(&address, url);
    char *host = url + strlen("http://");
    host[strlen(host) - 1] = '\0'; /* the slash */
    if (brim_serve_address_parse(&again, host) != BRIM_OK || again.bytes != address.bytes ||
        memcmp(&again.socket, &address.socket, sizeof again.socket) != 0 ||
        again.loopback != address.loopback || brim_serve_address_local(host) != address.loopback)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char word[256];
    int64_t number;
    size_t length = size < sizeof word - 1 ? size : sizeof word - 1;
    memcpy(word, data, length);
    word[length] = '\0';
    check_address(word);
    brim_serve_address_local(word);
    if (brim_serve_address_number(word, &number) &&
        (number < 0 || word[strspn(word, "0123456789")] || number != strtoll(word, NULL, 10)))
        abort();
    return 0;
}
