/* The schemes of one precision that are worth a look: from keeping everything to keeping the least, one layer
 * after the other, in the order of bytes saved for a second of extra time.
 *
 * Bytes and seconds of each layer at each level come from the four graphs that have one level everywhere. So
 * the order is a guess, made fast; what a scheme really needs says its own graph, which is built when the
 * scheme is asked for. */
#ifndef BRIM_PLAN_CHAIN_H
#define BRIM_PLAN_CHAIN_H

#include "plan/scheme.h"

enum { BRIM_CHAIN_UNIFORM = 4, BRIM_CHAIN_MOST = BRIM_CHAIN_UNIFORM + 3 * BRIM_MAX_LAYERS };

typedef struct BrimChain BrimChain;

/* The subject must outlive the chain. */
BrimStatus brim_chain_open(BrimChain **chain, const BrimSubject *subject, BrimPrecision precision,
                           const BrimRates *rates);
void brim_chain_close(BrimChain **chain);

/* Links: 0 to 3 have one level everywhere (nothing, activations, inside, layer), then the mixed ones, each
 * with one layer more that keeps less. */
int brim_chain_count(const BrimChain *chain);
const BrimScheme *brim_chain_scheme(const BrimChain *chain, int link);

/* Memory and time of a link's training step; belongs to the chain. */
BrimStatus brim_chain_demand(BrimChain *chain, int link, BrimDemand **demand);

#endif
