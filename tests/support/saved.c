/* Checkpoints beside one another. */
#include "support/saved.h"

#include "base/file.h"
#include "support/support.h"

char *make_folder(const char *name)
{
    char *folder = brim_path_join(scratch_folder(), name);
    assert_ok(brim_folder_make(folder));
    return folder;
}

void save_at_once(BrimEngine *engine, const BrimTensorFile *identity, const BrimPosition *position,
                  const char *folder)
{
    for (int whole = 0; whole < 2; whole++) {
        char *path = brim_path_join(folder, brim_checkpoint_name(whole));
        assert_ok(brim_checkpoint_save(engine, identity, whole ? position : NULL, path));
        brim_mem_give(path);
    }
}

void assert_same_bytes(const char *a, const char *b, const char *name)
{
    char *one = NULL, *two = NULL;
    size_t one_bytes = 0, two_bytes = 0;
    char *first = brim_path_join(a, name), *second = brim_path_join(b, name);
    assert_ok(brim_file_read(first, SIZE_MAX, &one, &one_bytes));
    assert_ok(brim_file_read(second, SIZE_MAX, &two, &two_bytes));
    assert_int_equal(one_bytes, two_bytes);
    assert_memory_equal(one, two, one_bytes);
    brim_mem_give(one);
    brim_mem_give(two);
    brim_mem_give(first);
    brim_mem_give(second);
}
