/* A run of brim that shows itself: a small file with its plan, for those who watch. It lies in
 * $XDG_RUNTIME_DIR/brim, or where there is none in /tmp/brim-UID, which is its owner's alone. What a run
 * takes is measured by who reads the card.
 */
#ifndef BRIM_MONITOR_RUN_CARD_H
#define BRIM_MONITOR_RUN_CARD_H

#include "monitor/draft.h"

typedef struct BrimRunCard {
    BrimRunSample run; /* its pid and measured figures do not count */
    uint64_t
        arena_address; /* where the arena starts in the process's memory; 0: elsewhere, or not taken yet */
} BrimRunCard;

/* Writes this process's card, or writes it anew. */
BrimStatus brim_run_card_write(const BrimRunCard *card);

/* Takes it away. Also a process that is killed leaves none for long: readers see that its process is gone. */
void brim_run_card_remove(void);

/* A card from the text of its file. start_ticks: when its process started, in the kernel's ticks since boot.
 */
BrimStatus brim_run_card_parse(BrimRunCard *card, int64_t *start_ticks, const char *name, const char *text,
                               size_t bytes);

/* Appends the runs of this user, and as root those of all, with what is resident of them now. proc_root
 * stands in front of /proc and of the folders. A card that cannot be read is passed over. */
BrimStatus brim_run_cards_read(BrimDraft *draft, const char *proc_root);

#endif
