/* The form of `brim plan` that takes a model instead of a run. Private to src/cli. */
#ifndef BRIM_CLI_PLAN_MODEL_H
#define BRIM_CLI_PLAN_MODEL_H

int brim_plan_model_command(int count, char *const *words);

#endif
