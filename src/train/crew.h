/* Engines on several cards that train as one: each takes its part of every batch, gradients are summed, and
 * all step alike. With one card it is that card's engine and nothing else. The arithmetic is that of YOLOv5
 * under DDP: there each process multiplies its loss, which is a mean times its part of the batch, by the
 * number of processes, and DDP takes the mean of their gradients. What comes of it is the sum of the
 * gradients of (mean loss of the part) * (pictures of the part), which is what an engine computes and
 * brim_crew_update sums. BatchNorm's statistics are each card's own; those of the first are validated and
 * saved, and no training step reads the others'. With conf->bn_cards (YOLOv5's --sync-bn) they are those of all
 * cards' parts, the same bits everywhere. Knows batches, not files or epochs. */
#ifndef BRIM_TRAIN_CREW_H
#define BRIM_TRAIN_CREW_H

#include "train/engine.h"

typedef struct BrimCrew BrimCrew;

/* Pictures of a batch that each of so many cards takes: all of them as many. Where that does not come out
 * even, as in an epoch's last batch, some pictures are taken by two cards, as DDP's sampler takes some twice.
 */
int brim_crew_part(int pictures, int cards);

/* As brim_engine_open, once for each card; conf->card does not count. conf->train has the shapes of whole
 * batches, train_target_cap is the room for labels of one card's part; the budget is that of each card, and
 * only the first does inference. conf->bn_cards is that of the cards, or 0 or 1. Errors of one card name it. Takes no arena. */
BrimStatus brim_crew_open(BrimCrew **crew, const BrimEngineConf *conf, const int *cards, int count);
void brim_crew_close(BrimCrew **crew);

/* The engine of the first card, which validates and is saved; and that of any, the first being 0. */
BrimEngine *brim_crew_lead(const BrimCrew *crew);
BrimEngine *brim_crew_engine(const BrimCrew *crew, int index);
int brim_crew_count(const BrimCrew *crew);

/* ERROR_FIT, with the card and the figures, where one of them has more to take than that. */
BrimStatus brim_crew_fits(const BrimCrew *crew, size_t budget_bytes);

/* Takes the arenas. */
BrimStatus brim_crew_start(BrimCrew *crew);

/* Gives all cards the first one's parameters, their copy in 16 bits among them, and momentum. Gradients that
 * wait for a step stay with the first: the others start at zero, so that the sum counts them once. */
BrimStatus brim_crew_share(BrimCrew *crew);

/* brim_engine_gradient of every card's part. items: box, obj and cls are means over the cards, the total is
 * their sum. */
BrimStatus brim_crew_gradient(BrimCrew *crew, const BrimBatch *batch, const BrimStepScalars *scalars,
                              float items[4]);

/* The same in two calls, as brim_engine_begin and brim_engine_finish, and between them the batch that comes
 * next, of which every card takes its part. */
BrimStatus brim_crew_begin(BrimCrew *crew, const BrimBatch *batch, const BrimStepScalars *scalars);
BrimStatus brim_crew_ahead(BrimCrew *crew, const BrimBatch *batch);
BrimStatus brim_crew_finish(BrimCrew *crew, float items[4]);

/* brim_engine_waited_ns of the card that waited longest. */
int64_t brim_crew_waited_ns(const BrimCrew *crew);

/* Sums the gradients, then brim_engine_update on every card. */
BrimStatus brim_crew_update(BrimCrew *crew, const BrimStepScalars *scalars, float norm[2]);

/* Sums gradients that wait for a step, for who reads the first card's to save them. No step must follow but
 * after brim_crew_share. */
BrimStatus brim_crew_gather(BrimCrew *crew);

#endif
