/* Model, hyper-parameter and data files: the first byte chooses which one the rest is read as. What is taken
 * as a model must also be countable. */
#include <stdlib.h>
#include <string.h>

#include "conf/count.h"
#include "conf/dataset.h"
#include "conf/hyper.h"
#include "conf/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static BrimStatus add_elements(void *self, const BrimStateTensor *tensor)
{
    int64_t elements = 1;
    for (int i = 0; i < tensor->rank; i++)
        elements *= tensor->shape[i];
    *(int64_t *)self += elements;
    return BRIM_OK;
}

static void read_model(const char *text, size_t bytes)
{
    BrimModel model;
    int64_t elements = 0;
    if (brim_model_parse(&model, "fuzz.yaml", text, bytes, 0) != BRIM_OK)
        return;
    BrimModelCount count = brim_model_count(&model, 1024, 1024);
    brim_model_state(&model, add_elements, &elements);
    if (elements != count.parameters + count.buffer_elements)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimHyper hyper = brim_hyper_default();
    BrimDataset dataset;
    switch (data[0]) {
    case 'm':
        read_model(text, size - 1);
        break;
    case 'h':
        brim_hyper_parse(&hyper, "fuzz.yaml", text, size - 1);
        break;
    default:
        brim_dataset_parse(&dataset, "fuzz.yaml", text, size - 1);
        brim_dataset_clear(&dataset);
    }
    if (brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) != held || strchr(brim_last_error(), '\n'))
        abort(); /* memory stays behind, or a message of two lines */
    return 0;
}
