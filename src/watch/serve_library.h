/* libmicrohttpd, found when something is to be served. It brings TLS and ten libraries more, which every
 * other command would load at its start for nothing. */
#ifndef BRIM_WATCH_SERVE_LIBRARY_H
#define BRIM_WATCH_SERVE_LIBRARY_H

#include <microhttpd.h>

#include "base/status.h"

#define BRIM_SERVE_LIBRARY_LIST(X)                                                                           \
    X(MHD_start_daemon)                                                                                      \
    X(MHD_stop_daemon)                                                                                       \
    X(MHD_queue_response)                                                                                    \
    X(MHD_lookup_connection_value)                                                                           \
    X(MHD_lookup_connection_value_n)                                                                         \
    X(MHD_get_connection_info)                                                                               \
    X(MHD_create_response_from_buffer)                                                                       \
    X(MHD_create_response_from_buffer_with_free_callback)                                                    \
    X(MHD_create_response_from_callback)                                                                     \
    X(MHD_add_response_header)                                                                               \
    X(MHD_destroy_response)

typedef struct BrimServeLibrary {
    void *library;
#define X(name) __typeof__(name) *name##_;
    BRIM_SERVE_LIBRARY_LIST(X)
#undef X
} BrimServeLibrary;

/* The library, for whoever has opened it. */
extern BrimServeLibrary brim_serve_library;

/* Loads it once for the process; it is never closed. ERROR_UNSUPPORTED where there is none: the sentence says
 * which package has it. Any thread may call. */
BrimStatus brim_serve_library_open(void);

#endif
