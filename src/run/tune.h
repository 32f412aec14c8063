/* The search's best steps, timed on the device until the best of them was timed. Memory is known beforehand,
 * so no trial can run out of it. */
#ifndef BRIM_RUN_TUNE_H
#define BRIM_RUN_TUNE_H

#include "run/planning.h"

/* Searches, times and keeps what was timed, over and over; in the end planning->search knows it. A remark to
 * the listener for each step that is timed, which may take some seconds. ERROR_UNSUPPORTED for a card that is
 * not here, BRIM_STOPPED where the listener wants it. */
BrimStatus brim_tune(BrimPlanning *planning, const BrimSearchConf *conf, BrimListener listener, void *self);

#endif
