/* A weights file of either kind (.pt or .safetensors) with the model that it is for. */
#ifndef BRIM_RUN_MODEL_FILE_H
#define BRIM_RUN_MODEL_FILE_H

#include "conf/model.h"
#include "exchange/tensors.h"

typedef struct BrimModelFile {
    BrimTensorFile tensors;
    bool has_model;    /* the file says which architecture it is */
    BrimModel model;   /* with the file's own class count and anchors */
    char **class_names;
    int class_name_count; /* 0 where the file has none */
} BrimModelFile;

/* Loads by content: a zip is a .pt, else safetensors. ERROR_INPUT when what the file says of its model is damaged or
 * does not agree: as many names as classes, anchors greater than 0. A file that names no model has no class names. */
BrimStatus brim_model_file_load(BrimModelFile *file, const char *path);

/* The model that the file's tensors and their metadata speak of, once those are there. path: for the
 * sentences. */
BrimStatus brim_model_file_read(BrimModelFile *file, const char *path);
void brim_model_file_clear(BrimModelFile *file);

/* The architecture alone, from a built-in name, a model yaml, or a weights file (.pt, .safetensors). class_count 0 takes
 * the model's own. */
BrimStatus brim_model_find(BrimModel *model, const char *name, int class_count);

/* Metadata that lets brim_model_file_load find the model again: "cfg" (a built-in name, or the text of a yaml file),
 * "nc", "names", "anchors". */
BrimStatus brim_model_file_describe(BrimTensorFile *identity, const BrimModel *model, const char *cfg_text,
                                    char *const *class_names);

/* What "cfg" has to say for a --cfg of the user: the name itself, or the yaml file's text. Given back by the caller. */
BrimStatus brim_model_file_cfg_text(const char *cfg, char **text);

#endif
