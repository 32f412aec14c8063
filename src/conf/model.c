/* Models by name, by file or by text. */
#include "conf/model.h"

#include <string.h>

#include "base/file.h"
#include "conf/model_rows.h"
#include "conf/yaml.h"

static const char *const module_texts[] = {
#define X(name, yaml, printed) yaml,
    BRIM_MODULE_LIST(X)
#undef X
};

const char *brim_module_text(BrimModule module)
{
    return module_texts[module];
}

/* text NULL: the built-in model of that name. */
static BrimStatus make(BrimModel *model, const char *name, const char *text, size_t bytes, int class_count)
{
    if (class_count < 0 || class_count > BRIM_MAX_CLASSES)
        return brim_fail(BRIM_ERROR_ARGUMENT, "%d classes; a model has 1 to %d", class_count,
                         BRIM_MAX_CLASSES);
    BrimRows *rows = brim_mem_take(BRIM_MEM_CONF, 1, sizeof *rows);
    if (!rows)
        return BRIM_ERROR_MEMORY;
    BrimStatus status = text ? brim_rows_parse(rows, name, text, bytes, class_count)
                             : brim_rows_builtin(rows, name, class_count);
    if (status == BRIM_OK)
        status = brim_rows_resolve(rows, model);
    brim_mem_give(rows);
    return status;
}

BrimStatus brim_model_parse(BrimModel *model, const char *name, const char *text, size_t bytes,
                            int class_count)
{
    return make(model, name, text, bytes, class_count);
}

BrimStatus brim_model_builtin(BrimModel *model, const char *name, int class_count)
{
    return make(model, name, NULL, 0, class_count);
}

BrimStatus brim_model_load(BrimModel *model, const char *name_or_path, int class_count)
{
    char *text;
    size_t bytes;
    if (!brim_file_exists(name_or_path))
        return make(model, name_or_path, NULL, 0, class_count);
    BrimStatus status = brim_file_read(name_or_path, BRIM_YAML_MOST_BYTES, &text, &bytes);
    if (status != BRIM_OK)
        return status;
    status = make(model, name_or_path, text, bytes, class_count);
    brim_mem_give(text);
    return status;
}

int brim_model_max_stride_px(const BrimModel *model)
{
    int most = 1;
    for (int i = 0; i < model->layer_count - 1; i++)
        most = model->layers[i].reduction > most ? model->layers[i].reduction : most;
    return most;
}
