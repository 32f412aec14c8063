/* The cards of all runs that can be seen. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "monitor/run_process.h"

enum { MOST_CARD_BYTES = 64 << 10 };

/* Patterns of the places where cards lie: this user's, and as root everybody's. */
static int list_places(char places[3][512], const char *proc_root)
{
    int count = 0;
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime && runtime[0] == '/')
        snprintf(places[count++], sizeof places[0], "%s%s/brim/run-*.json", proc_root, runtime);
    if (getuid() == 0) {
        snprintf(places[count++], sizeof places[0], "%s/run/user/*/brim/run-*.json", proc_root);
        snprintf(places[count++], sizeof places[0], "%s/tmp/brim-*/run-*.json", proc_root);
    } else {
        snprintf(places[count++], sizeof places[0], "%s/tmp/brim-%lu/run-*.json", proc_root,
                 (unsigned long)getuid());
    }
    return count;
}

static bool is_there(const BrimDraft *draft, int pid)
{
    for (int i = 0; i < draft->run_count; i++)
        if (draft->runs[i].pid == pid)
            return true;
    return false;
}

static BrimStatus read_card(BrimDraft *draft, const char *path, const char *proc_root)
{
    BrimRunCard card;
    char *text = NULL;
    size_t bytes;
    int64_t start_ticks;
    BrimStatus status = brim_file_read(path, MOST_CARD_BYTES, &text, &bytes);
    if (status == BRIM_OK)
        status = brim_run_card_parse(&card, &start_ticks, path, text, bytes);
    brim_mem_give(text);
    if (status != BRIM_OK)
        return status == BRIM_ERROR_MEMORY ? status : BRIM_OK;
    bool lives = start_ticks > 0 && brim_run_process_start(proc_root, card.run.pid) == start_ticks;
    bool wanted = !draft->only_pid || draft->only_pid == card.run.pid;
    if (!lives || !wanted || is_there(draft, card.run.pid))
        return BRIM_OK;
    brim_run_process_measure(&card, proc_root);
    BrimRunSample *run = brim_draft_run(draft);
    if (!run)
        return BRIM_ERROR_MEMORY;
    *run = card.run;
    return BRIM_OK;
}

BrimStatus brim_run_cards_read(BrimDraft *draft, const char *proc_root)
{
    char places[3][512];
    BrimStatus status = BRIM_OK;
    int count = list_places(places, proc_root);
    for (int i = 0; i < count && status == BRIM_OK; i++) {
        glob_t found = {0};
        if (glob(places[i], 0, NULL, &found) != 0)
            found.gl_pathc = 0;
        for (size_t j = 0; j < found.gl_pathc && status == BRIM_OK; j++)
            status = read_card(draft, found.gl_pathv[j], proc_root);
        globfree(&found);
    }
    return status;
}
