/* The options of `brim train`, which `brim plan` takes as well. */
#ifndef BRIM_CLI_TRAIN_OPTIONS_H
#define BRIM_CLI_TRAIN_OPTIONS_H

#include "cli/options.h"

/* Fields of BrimTrainOptions. */
extern const BrimOption brim_train_options[];
extern const int brim_train_option_count;

#endif
