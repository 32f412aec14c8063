/* Options that several commands have, and mean alike: rows of their tables take them by `as`. */
#ifndef BRIM_CLI_OPTIONS_SHARED_H
#define BRIM_CLI_OPTIONS_SHARED_H

#include "cli/options.h"

/* The model and the network's input. */
extern const BrimOption brim_option_weights, brim_option_nc, brim_option_side, brim_option_longer_side;

/* What becomes of its predictions. */
extern const BrimOption brim_option_conf_thres, brim_option_iou_thres, brim_option_max_det;

/* What it runs on. */
extern const BrimOption brim_option_memory, brim_option_device, brim_option_threads;

/* The run's folder. */
extern const BrimOption brim_option_project, brim_option_name_of_run, brim_option_exist_ok;

#endif
