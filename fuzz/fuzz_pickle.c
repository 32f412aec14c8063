/* Any bytes as the pickle of a checkpoint, with no zip around it: the machine by itself, then the whole
 * reader with three storages in an archive beside it. */
#include <stdlib.h>
#include <string.h>

#include "exchange/pickle.h"
#include "exchange/torch.h"
#include "support/make_pt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every node names only nodes that are there, every chain of entries ends, and words are printable. */
static void check(const BrimPickle *pickle)
{
    char words[BRIM_PICKLE_WORDS_BYTES];
    for (BrimPickleId id = 0; id < pickle->node_count; id++) {
        int32_t count = 0;
        const BrimPickleEntry *entry = brim_pickle_first(pickle, id);
        for (; entry; entry = brim_pickle_next(pickle, entry)) {
            if (entry->key < 0 || entry->key >= pickle->node_count || entry->value < 0 ||
                entry->value >= pickle->node_count)
                abort();
            count++;
        }
        if (brim_pickle_has_entries(pickle, id) && count != brim_pickle_node(pickle, id)->call.count)
            abort();
        for (const char *at = brim_pickle_words(pickle, id, words); *at; at++)
            if (*at < ' ' || *at > '~')
                abort();
    }
    if (pickle->root < 0 || pickle->root >= pickle->node_count)
        abort();
}

static void read_all(const uint8_t *data, size_t size)
{
    BrimTensorFile file;
    PtPickle pickle = {0};
    pt_put(&pickle.out, data, size);
    PtBytes archive = pt_archive(&pickle, 3, 64);
    brim_torch_parse(&file, "fuzz.pt", archive.data, archive.bytes);
    brim_tensors_clear(&file);
    free(archive.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BrimPickle pickle;
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    brim_mem_limit(before + ((size_t)256 << 20));
    BrimStatus status = brim_pickle_read(&pickle, data, size);
    if (status == BRIM_OK) {
        check(&pickle);
        read_all(data, size);
    }
    brim_pickle_clear(&pickle);
    if (brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) != before)
        abort();
    return 0;
}
