/* What a training step computes again, as text: a word for all layers, or a letter for each.
 *
 *   nothing      n   activations are kept, and nothing is computed again
 *   activations  a   BN and SiLU are computed again (the default)
 *   inside       i   ... and the convolutions within a layer, such as a C3, all but its last
 *   blocks       l   ... and that one as well: of a layer of several convolutions (C3, SPPF) nothing is kept. The word
 *                    means `inside` for layers whose output is read far away, by a skip connection
 *
 * "aaiil" gives letters to the first layers; those behind have the last letter. */
#ifndef BRIM_GRAPH_RECOMPUTE_H
#define BRIM_GRAPH_RECOMPUTE_H

#include "graph/step.h"

enum { BRIM_RECOMPUTE_TEXT_BYTES = BRIM_MAX_LAYERS + 16 };

/* NULL or "" are activations. ERROR_ARGUMENT where the text is neither a word nor letters. */
BrimStatus brim_recompute_parse(const char *text, const BrimModel *model, uint8_t recompute[BRIM_MAX_LAYERS]);

/* The shortest text that parses to these levels. */
void brim_recompute_format(const uint8_t *recompute, const BrimModel *model, char text[BRIM_RECOMPUTE_TEXT_BYTES]);

#endif
