/* Heads to boxes in network px, objectness and class probabilities. */
#include "backend/host/loss_head.h"
#include "element/box.h"

/* One row of cells of one anchor: out[w][5 + nc]. */
static void decode_row(const BrimHeadConf *conf, int level, const BrimHeadView *head, int image, int anchor,
                       int y, float *out)
{
    int columns = 5 + conf->class_count;
    const float *anchor_px = conf->anchors_px[level][anchor];
    float stride = (float)conf->stride_px[level];
    for (int column = 0; column < columns; column++) {
        const float *logits = brim_head_channel(head, image, anchor * columns + column);
        logits += (size_t)y * head->w * head->block;
        for (int x = 0; x < head->w; x++)
            out[x * columns + column] = brim_sigmoid(logits[(size_t)x * head->block]);
    }
    for (int x = 0; x < head->w; x++, out += columns) {
        for (int column = 0; column < 4; column++)
            out[column] = brim_box_decode(column, out[column], x, y, stride, anchor_px);
    }
}

void brim_decode_run(const BrimHeadConf *conf, const BrimHeadView *heads, float *predictions)
{
    int columns = 5 + conf->class_count, batch = heads[0].n, anchors = conf->anchor_count;
    size_t rows = 0, first = 0; /* rows of an image, and of its levels before this one */
    for (int level = 0; level < conf->level_count; level++)
        rows += (size_t)anchors * heads[level].h * heads[level].w;
    for (int level = 0; level < conf->level_count; level++) {
        const BrimHeadView *head = &heads[level];
#pragma omp parallel for collapse(3) schedule(static)
        for (int image = 0; image < batch; image++) {
            for (int anchor = 0; anchor < anchors; anchor++) {
                for (int y = 0; y < head->h; y++) {
                    size_t row = image * rows + first + ((size_t)anchor * head->h + y) * head->w;
                    decode_row(conf, level, head, image, anchor, y, predictions + row * columns);
                }
            }
        }
        first += (size_t)anchors * head->h * head->w;
    }
}
