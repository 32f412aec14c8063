/* Two cards that train yolov5n as one, for tests on false cards and a false NCCL (tests/fake_cuda): how they
 * are opened, and what of their tensors is compared. */
#ifndef BRIM_TESTS_CREW_CASE_H
#define BRIM_TESTS_CREW_CASE_H

#include "train/crew.h"

enum { CARDS = 2, BATCH = 4, SIDE_PX = 64, CLASSES = 3, PICTURE_BYTES = SIDE_PX * SIDE_PX * 3 };

extern const int both_cards[CARDS];
extern const BrimStepScalars crew_scalars;

/* yolov5n, once crew_model_load has loaded it: 0, as what goes before a group of tests has it. */
extern BrimModel crew_model;
int crew_model_load(void);

/* Of n pictures of SIDE_PX, and their labels. */
BrimBatch crew_batch(const uint8_t *pictures, int n, const float *targets, int target_count);

/* For steps on batches of those shapes. */
BrimEngineConf crew_conf(const BrimShape *shapes, int count);

/* The first cards, started, with the same weights, drawn from one seed, on all of them. */
BrimCrew *crew_open(const BrimEngineConf *conf, int cards);

/* Which of an engine's parameters: weights without BatchNorm's running statistics, those alone, and so on. */
typedef bool CrewWanted(const BrimTensor *tensor);
bool is_weight(const BrimTensor *tensor);
bool is_statistic(const BrimTensor *tensor);
bool is_gradient(const BrimTensor *tensor);
bool is_momentum(const BrimTensor *tensor);
bool is_average(const BrimTensor *tensor);

/* All that are wanted, one behind the other, which the caller gives back. */
void *crew_read(BrimEngine *engine, CrewWanted *wanted, size_t *bytes);

/* What is wanted is the same to the last bit in both. */
bool same_bits(BrimEngine *one, BrimEngine *other, CrewWanted *wanted);
void assert_same_bits(BrimEngine *one, BrimEngine *other, CrewWanted *wanted);

/* ||one - other|| / ||one|| */
double crew_distance(BrimEngine *one, BrimEngine *other, CrewWanted *wanted);

#endif
