/* A training run's options and hyper-parameters: written beside the run for people (opt.yaml, hyp.yaml),
 * carried in every checkpoint for --resume. */
#ifndef BRIM_RUN_SETTINGS_H
#define BRIM_RUN_SETTINGS_H

#include "conf/hyper.h"
#include "exchange/tensors.h"

/* Owns the texts of options that were read back. */
typedef struct BrimSettings {
    char *texts[24];
    int count;
} BrimSettings;

/* Writes opt.yaml and hyp.yaml into the folder. */
BrimStatus brim_settings_save(const char *folder, const BrimTrainOptions *options, const BrimHyper *hyper);

/* Puts both into a checkpoint's metadata ("options", "hyp"), and takes them out again. Options read back
 * replace all but `resume` of *options. ERROR_INPUT where the checkpoint has none, or a hyper-parameter out
 * of its range. */
BrimStatus brim_settings_describe(BrimTensorFile *identity, const BrimTrainOptions *options,
                                  const BrimHyper *hyper);
BrimStatus brim_settings_restore(const BrimTensorFile *checkpoint, BrimTrainOptions *options,
                                 BrimHyper *hyper, BrimSettings *settings);
void brim_settings_clear(BrimSettings *settings);

#endif
