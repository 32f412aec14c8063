/* Answers, with the headers that every one of them has. libmicrohttpd counts who still sends an answer, so
 * one is made for a text and sent many times at once; a NULL stands for memory that ran out. */
#ifndef BRIM_WATCH_SERVE_RESPONSE_H
#define BRIM_WATCH_SERVE_RESPONSE_H

#include "watch/serve_ring.h"

struct MHD_Response;

#define BRIM_SERVE_TYPE_TEXT    "text/plain; charset=utf-8"
#define BRIM_SERVE_TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

/* The text is taken, and given back when nobody sends it any more. */
struct MHD_Response *brim_serve_response_taken(const char *type, char *text);

/* The text outlives the answer. */
struct MHD_Response *brim_serve_response_lasting(const char *type, const char *text);

/* The live page, with a policy that lets only its own script run. */
struct MHD_Response *brim_serve_response_page(void);

/* {"schema": "brim-samples-1", "interval_s": 1, "newest_ns": "1764158400000000000", "samples": [...]}; the
 * picked texts are taken, not copied. newest_ns is a text, since JavaScript's numbers end at 2^53. */
struct MHD_Response *brim_serve_response_samples(BrimServePick *pick, double interval_s);

#endif
