/* Checkpoints as the engine writes them by itself, beside which others are held. */
#ifndef BRIM_TESTS_SAVED_H
#define BRIM_TESTS_SAVED_H

#include "train/checkpoint.h"

/* A folder of that name in the test's own, to be given back with brim_mem_give. */
char *make_folder(const char *name);

/* Both files of the engine's state, into the folder. */
void save_at_once(BrimEngine *engine, const BrimTensorFile *identity, const BrimPosition *position,
                  const char *folder);

/* The file of that name is the same to the last byte in both folders. */
void assert_same_bytes(const char *a, const char *b, const char *name);

#endif
