/* What the tests share. */
#include "support/support.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "exchange/safetensors.h"

/* fontconfig, through which cairo finds its fonts, keeps patterns that it never gives back. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig";
}

/* In one of a few buffers, which take turns. */
static const char *path_below(const char *folder, const char *name)
{
    static char paths[16][1024];
    static int turn;
    char *path = paths[turn++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *shared_path(const char *name)
{
    const char *folder = getenv("BRIM_SHARED");
    return path_below(folder && folder[0] ? folder : "../shared", name);
}

void need_shared(const char *name)
{
    const char *path = shared_path(name);
    if (access(path, R_OK) == 0)
        return;
    print_message("skipped: %s is not there (set BRIM_SHARED to the reference folder)\n", path);
    skip();
}

void load_golden(BrimTensorFile *file, const char *name)
{
    need_shared(name);
    memset(file, 0, sizeof *file);
    assert_ok(brim_safetensors_load(file, shared_path(name)));
}

const BrimHostTensor *golden(const BrimTensorFile *file, const char *name)
{
    const BrimHostTensor *tensor = brim_tensors_find(file, name);
    if (!tensor)
        fail_msg("the golden file has no tensor %s", name);
    return tensor;
}

const float *golden_floats(const BrimTensorFile *file, const char *name)
{
    const BrimHostTensor *tensor = golden(file, name);
    assert_int_equal(tensor->dtype, BRIM_HOST_F32);
    return tensor->data;
}

json_t *load_json(const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    if (!root)
        fail_msg("%s: %s", path, error.text);
    return root;
}

json_t *load_golden_json(const char *name)
{
    need_shared(name);
    return load_json(shared_path(name));
}

void assert_refused(BrimStatus got, BrimStatus expected, const char *text)
{
    if (got != expected)
        fail_msg("expected \"%s\", got \"%s\" (%s)", brim_status_text(expected), brim_status_text(got),
                 brim_last_error());
    char words[512];
    snprintf(words, sizeof words, "%s", text);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        if (!strstr(brim_last_error(), word))
            fail_msg("the error does not say \"%s\": %s", word, brim_last_error());
    }
}

void assert_floats_near(const char *what, const float *got, const float *expected, size_t count, double absolute,
                        double relative)
{
    size_t worst = 0;
    double worst_excess = -1;
    for (size_t i = 0; i < count; i++) {
        double off = fabs((double)got[i] - expected[i]);
        double excess = off - (absolute + relative * fabs((double)expected[i]));
        if (!(excess <= worst_excess)) { /* NaN counts as worst */
            worst_excess = excess;
            worst = i;
        }
    }
    if (count && !(worst_excess <= 0))
        fail_msg("%s: element %zu of %zu is %.9g, expected %.9g (allowed %g + %g relative)", what, worst, count,
                 (double)got[worst], (double)expected[worst], absolute, relative);
}

double relative_distance(const float *got, const float *expected, size_t count)
{
    double off = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        double d = (double)got[i] - expected[i];
        off += d * d;
        size += (double)expected[i] * expected[i];
    }
    return sqrt(off) / (size > 0 ? sqrt(size) : 1);
}

static char scratch[64];

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static void remove_scratch(void)
{
    nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_folder(void)
{
    if (!scratch[0]) {
        snprintf(scratch, sizeof scratch, "/tmp/brim-test-XXXXXX");
        if (!mkdtemp(scratch))
            fail_msg("no scratch folder");
        atexit(remove_scratch);
    }
    return scratch;
}

const char *scratch_path(const char *name)
{
    return path_below(scratch_folder(), name);
}

const char *scratch_file(const char *name, const char *text)
{
    const char *path = scratch_path(name);
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    assert_ok(brim_folder_make(folder));
    assert_ok(brim_file_write(path, text, strlen(text)));
    return path;
}
