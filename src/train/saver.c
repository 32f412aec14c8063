/* The thread that writes, and what goes to it and comes back. */
#include "train/saver.h"

#include <pthread.h>
#include <stdio.h>

#include "base/file.h"

enum { SENTENCE_BYTES = 1024 };

struct BrimSaver {
    BrimCheckpointCopy copy; /* the thread's while it writes, else the caller's; so is what came of it */
    const char *folder;
    bool best;
    int written;
    BrimStatus status;
    char sentence[SENTENCE_BYTES];
    pthread_t thread;
    pthread_mutex_t mutex; /* over all below */
    pthread_cond_t begun, done;
    bool writing, ending;
};

/* ---- the thread ---- */

static BrimStatus write_file(BrimSaver *saver, bool whole)
{
    char *path = brim_path_join(saver->folder, brim_checkpoint_name(whole));
    if (!path)
        return BRIM_ERROR_MEMORY;
    BrimStatus status = brim_checkpoint_copy_save(&saver->copy, whole, path);
    saver->written += status == BRIM_OK;
    brim_mem_give(path);
    return status;
}

/* The best model first: whoever goes on with last.safetensors, which says how good that was, must find it. The
 * last error is a thread's own: its words go to the caller with the status. */
static void write_files(BrimSaver *saver)
{
    saver->written = 0;
    saver->status = saver->best ? write_file(saver, false) : BRIM_OK;
    if (saver->status == BRIM_OK)
        saver->status = write_file(saver, true);
    if (saver->status != BRIM_OK)
        snprintf(saver->sentence, sizeof saver->sentence, "%s", brim_last_error());
}

static void *write_on(void *self)
{
    BrimSaver *saver = self;
    pthread_mutex_lock(&saver->mutex);
    while (saver->writing || !saver->ending) {
        if (!saver->writing) {
            pthread_cond_wait(&saver->begun, &saver->mutex);
            continue;
        }
        pthread_mutex_unlock(&saver->mutex);
        write_files(saver);
        pthread_mutex_lock(&saver->mutex);
        saver->writing = false;
        pthread_cond_signal(&saver->done);
    }
    pthread_mutex_unlock(&saver->mutex);
    return NULL;
}

/* ---- the interface ---- */

BrimStatus brim_saver_open(BrimSaver **saver, BrimEngine *engine)
{
    BrimStatus status;
    BrimSaver *made = *saver = brim_mem_take(BRIM_MEM_TRAIN, 1, sizeof **saver);
    if (!made)
        return BRIM_ERROR_MEMORY;
    BRIM_TRY(brim_checkpoint_copy_open(&made->copy, engine));
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->begun, NULL);
    pthread_cond_init(&made->done, NULL);
    if (pthread_create(&made->thread, NULL, write_on, made) == 0)
        return BRIM_OK;
    pthread_cond_destroy(&made->done);
    pthread_cond_destroy(&made->begun);
    pthread_mutex_destroy(&made->mutex);
    status = brim_fail(BRIM_ERROR_MEMORY, "no thread to write checkpoints with");
fail:
    brim_checkpoint_copy_clear(&made->copy);
    brim_mem_give(made);
    *saver = NULL;
    return status;
}

void brim_saver_close(BrimSaver **saver)
{
    BrimSaver *gone = *saver;
    if (!gone)
        return;
    pthread_mutex_lock(&gone->mutex);
    gone->ending = true;
    pthread_cond_signal(&gone->begun);
    pthread_mutex_unlock(&gone->mutex);
    pthread_join(gone->thread, NULL);
    pthread_cond_destroy(&gone->done);
    pthread_cond_destroy(&gone->begun);
    pthread_mutex_destroy(&gone->mutex);
    brim_checkpoint_copy_clear(&gone->copy);
    brim_mem_give(gone);
    *saver = NULL;
}

BrimStatus brim_saver_copy(BrimSaver *saver)
{
    return brim_checkpoint_copy_start(&saver->copy);
}

BrimStatus brim_saver_begin(BrimSaver *saver, const BrimTensorFile *identity, const BrimPosition *position,
                            const char *folder, bool best)
{
    BrimStatus status = brim_checkpoint_copy_take(&saver->copy, identity, position);
    if (status != BRIM_OK)
        return status;
    saver->folder = folder;
    saver->best = best;
    pthread_mutex_lock(&saver->mutex);
    saver->writing = true;
    pthread_cond_signal(&saver->begun);
    pthread_mutex_unlock(&saver->mutex);
    return BRIM_OK;
}

bool brim_saver_is_writing(BrimSaver *saver)
{
    pthread_mutex_lock(&saver->mutex);
    bool writing = saver->writing;
    pthread_mutex_unlock(&saver->mutex);
    return writing;
}

int brim_saver_wait(BrimSaver *saver)
{
    pthread_mutex_lock(&saver->mutex);
    while (saver->writing)
        pthread_cond_wait(&saver->done, &saver->mutex);
    pthread_mutex_unlock(&saver->mutex);
    return saver->written;
}

BrimStatus brim_saver_status(const BrimSaver *saver)
{
    return saver->status == BRIM_OK ? BRIM_OK : brim_fail(saver->status, "%s", saver->sentence);
}
