/* Checkpoints written by a thread of their own, of a copy, while a device computes in memory of its own. One
 * thread calls all of this. Knows files, not events. */
#ifndef BRIM_TRAIN_SAVER_H
#define BRIM_TRAIN_SAVER_H

#include "train/checkpoint.h"

typedef struct BrimSaver BrimSaver;

/* Starts the thread. The engine, which is one with snapshots, must be there as long as the saver. */
BrimStatus brim_saver_open(BrimSaver **saver, BrimEngine *engine);

/* What was begun is written to its end. */
void brim_saver_close(BrimSaver **saver);

/* Begins to copy the engine's state, for the brim_saver_begin that comes next, before which nothing may
 * change it: the device does so while it computes something else. What was begun before must have been waited
 * for. */
BrimStatus brim_saver_copy(BrimSaver *saver);

/* Copies the engine's state, if that is not begun yet, which may change again then, and has it written:
 * with `best` folder/best.safetensors, and then folder/last.safetensors. What was begun before must have
 * been waited for; folder's text must stay until this is. */
BrimStatus brim_saver_begin(BrimSaver *saver, const BrimTensorFile *identity, const BrimPosition *position,
                            const char *folder, bool best);

/* False when brim_saver_wait would not wait. */
bool brim_saver_is_writing(BrimSaver *saver);

/* Waits for what was begun, and gives the number of its files that were written: all, or those before one
 * that could not be. */
int brim_saver_wait(BrimSaver *saver);

/* Why that one could not be: status and sentence of the write, as if this thread had written. OK where all
 * were. */
BrimStatus brim_saver_status(const BrimSaver *saver);

#endif
