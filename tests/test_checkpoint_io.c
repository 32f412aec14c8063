/* Saving where it goes wrong: a disk that is really full, a process that is killed, a source that fails. The
 * file that was there before is there afterwards. What happens to the disk happens in a child process. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dirent.h>

#include "base/file.h"
#include "exchange/safetensors.h"
#include "support/saved.h"
#include "support/support.h"

enum { CHILD_DONE = 0, CHILD_WRONG = 1, CHILD_SKIPS = 77 };

/* Three tensors that are only declared, of count elements each. */
static void declare(BrimTensorFile *file, int64_t count)
{
    static const char *const names[] = {"a", "b", "c"};
    *file = (BrimTensorFile){0};
    for (int i = 0; i < 3; i++)
        assert_ok(brim_tensors_add(file, names[i], BRIM_HOST_U8, 1, (int64_t[]){count}, NULL));
}

static BrimStatus fill(void *self, const BrimHostTensor *tensor, void *data)
{
    memset(data, *(const int *)self, tensor->bytes);
    return BRIM_OK;
}

static BrimStatus fill_until_b(void *self, const BrimHostTensor *tensor, void *data)
{
    if (tensor->name[0] == 'b')
        return brim_fail(BRIM_ERROR_DEVICE, "the device is gone");
    return fill(self, tensor, data);
}

static BrimStatus die_at_b(void *self, const BrimHostTensor *tensor, void *data)
{
    if (tensor->name[0] == 'b')
        raise(SIGKILL);
    return fill(self, tensor, data);
}

/* True when all bytes of all tensors of the file are value. */
static bool holds(const char *path, int value)
{
    BrimTensorFile file;
    if (brim_safetensors_load(&file, path) != BRIM_OK)
        return false;
    bool all = file.tensor_count == 3;
    for (int i = 0; i < file.tensor_count; i++)
        for (size_t b = 0; b < file.tensors[i].bytes; b++)
            all = all && ((const unsigned char *)file.tensors[i].data)[b] == value;
    brim_tensors_clear(&file);
    return all;
}

static int count_files(const char *folder)
{
    int count = 0;
    DIR *open = opendir(folder);
    for (struct dirent *entry; open && (entry = readdir(open));)
        count += entry->d_name[0] != '.';
    if (open)
        closedir(open);
    return count;
}

static void a_failing_source_leaves_the_old_file_alone(void **state)
{
    (void)state;
    int old = 1, new = 2;
    BrimTensorFile file;
    char *folder = make_folder("source");
    char *path = brim_path_join(folder, "last.safetensors");
    declare(&file, 100000);
    assert_ok(brim_safetensors_stream(&file, fill, &old, path));
    assert_refused(brim_safetensors_stream(&file, fill_until_b, &new, path), BRIM_ERROR_DEVICE,
                   "device is gone");
    assert_true(holds(path, old));
    assert_int_equal(count_files(folder), 1);
    assert_ok(brim_safetensors_stream(&file, fill, &new, path));
    assert_true(holds(path, new));
    brim_tensors_clear(&file);
    brim_mem_give(path);
    brim_mem_give(folder);
}

static void a_killed_save_leaves_the_old_file(void **state)
{
    (void)state;
    int old = 1, new = 2, end = 0;
    BrimTensorFile file;
    char *folder = make_folder("killed");
    char *path = brim_path_join(folder, "last.safetensors");
    declare(&file, 100000);
    assert_ok(brim_safetensors_stream(&file, fill, &old, path));
    pid_t child = fork();
    if (child == 0) {
        brim_safetensors_stream(&file, die_at_b, &new, path);
        _exit(CHILD_WRONG);
    }
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_true(WIFSIGNALED(end) && WTERMSIG(end) == SIGKILL);
    assert_true(holds(path, old));
    assert_ok(brim_safetensors_stream(&file, fill, &new, path));
    assert_true(holds(path, new));
    brim_tensors_clear(&file);
    brim_mem_give(path);
    brim_mem_give(folder);
}

/* In a child with a name space of its own: a disk of 256 KiB on which 30 KB fit and 600 KB do not. */
static int fill_a_small_disk(const char *folder, const BrimTensorFile *small, const BrimTensorFile *large)
{
    int old = 1, new = 2;
    char *path = brim_path_join(folder, "last.safetensors");
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "size=256k") != 0)
        return CHILD_SKIPS;
    if (brim_safetensors_stream(small, fill, &old, path) != BRIM_OK)
        return CHILD_WRONG;
    if (brim_safetensors_stream(large, fill, &new, path) != BRIM_ERROR_IO ||
        !strstr(brim_last_error(), "last.safetensors") || !strstr(brim_last_error(), "unchanged"))
        return CHILD_WRONG;
    if (!holds(path, old) || count_files(folder) != 1)
        return CHILD_WRONG;
    return brim_safetensors_stream(small, fill, &new, path) == BRIM_OK && holds(path, new) ? CHILD_DONE
                                                                                           : CHILD_WRONG;
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    int end = 0;
    BrimTensorFile small, large;
    char *folder = make_folder("disk");
    declare(&small, 10000);
    declare(&large, 200000);
    pid_t child = fork();
    if (child == 0)
        _exit(fill_a_small_disk(folder, &small, &large));
    assert_int_equal(waitpid(child, &end, 0), child);
    brim_tensors_clear(&small);
    brim_tensors_clear(&large);
    brim_mem_give(folder);
    assert_true(WIFEXITED(end));
    if (WEXITSTATUS(end) == CHILD_SKIPS) {
        print_message("skipped: this user may not mount a small disk\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(end), CHILD_DONE);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    int value = 1;
    BrimTensorFile file;
    declare(&file, 10);
    assert_refused(brim_safetensors_stream(&file, fill, &value, "/nowhere/last.safetensors"), BRIM_ERROR_IO,
                   "/nowhere/last.safetensors");
    brim_tensors_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_source_leaves_the_old_file_alone),
        cmocka_unit_test(a_killed_save_leaves_the_old_file),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
