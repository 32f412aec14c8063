/* A test's program run anew, for what happens once in a process: its words are compared, its end is looked
 * at. */
#ifndef BRIM_TESTS_CHILD_H
#define BRIM_TESTS_CHILD_H

/* What the last child wrote, to stdout and stderr. */
extern char child_said[4096];

/* Runs this program with that one argument; main() sees it and acts. With a false card of those words
 * (tests/fake_cuda/ fake_cuda.h), whose library is in that folder; NULL: in the usual one. Returns what
 * waitpid says of its end. */
int child_run(const char *action, const char *card, const char *folder);

/* The same, and fails where it does not end with 0 or says anything else than expected. */
void child_expect(const char *action, const char *card, const char *folder, const char *expected);

#endif
