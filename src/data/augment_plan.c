/* Drawing a training picture: mosaic or letterbox, a random warp, mixup, colour and flips. */
#include "data/augment_plan.h"

#include <math.h>

#include "data/loader_load.h"

static void draw_warp(BrimAugmentLayer *layer, BrimRandom *random, const BrimLoaderConf *conf)
{
    int side = conf->imgsz_px;
    BrimWarpDraw draw = brim_warp_draw(random, &conf->hyper);
    layer->warp =
        brim_warp_make(&draw, layer->side_px, layer->side_px, side, side, conf->hyper.perspective != 0);
}

/* The picture and three others, in any order, around a point of the canvas's inner half. */
static void draw_mosaic(BrimAugmentLayer *layer, BrimRandom *random, const BrimLoaderConf *conf, int sample)
{
    int side = conf->imgsz_px;
    *layer = (BrimAugmentLayer){.mosaic = true, .side_px = 2 * side, .tile_count = BRIM_MOSAIC_TILES};
    layer->point_y_px = (int)brim_random_uniform(random, side / 2, 2 * side - side / 2);
    layer->point_x_px = (int)brim_random_uniform(random, side / 2, 2 * side - side / 2);
    layer->samples[0] = sample;
    for (int i = 1; i < BRIM_MOSAIC_TILES; i++)
        layer->samples[i] = (int32_t)brim_random_below(random, (uint32_t)conf->split->sample_count);
    brim_random_shuffle(random, layer->samples, BRIM_MOSAIC_TILES);
    for (int i = 0; i < BRIM_MOSAIC_TILES; i++) {
        BrimCacheSide loaded = brim_loader_load_side(conf, &conf->split->samples[layer->samples[i]]);
        layer->loaded[i] = loaded;
        layer->tiles[i] = brim_mosaic_tile(i, layer->point_x_px, layer->point_y_px, loaded.width_px,
                                           loaded.height_px, layer->side_px);
    }
    draw_warp(layer, random, conf);
}

static void draw_letterbox(BrimAugmentLayer *layer, BrimRandom *random, const BrimLoaderConf *conf,
                           int sample)
{
    int side = conf->imgsz_px;
    BrimCacheSide loaded = brim_loader_load_side(conf, &conf->split->samples[sample]);
    *layer = (BrimAugmentLayer){.side_px = side, .tile_count = 1, .samples = {sample}, .loaded = {loaded}};
    layer->fit = brim_letterbox_fit(loaded.width_px, loaded.height_px, side, side, 0, true);
    draw_warp(layer, random, conf);
}

/* Gamma of a whole shape: that many exponentials. */
static double draw_gamma(BrimRandom *random, int shape)
{
    double sum = 0;
    for (int i = 0; i < shape; i++)
        sum -= log(1.0 - brim_random_unit(random));
    return sum;
}

/* A second mosaic, blended in with a share from Beta(32, 32). */
static void draw_mixup(BrimAugmentPlan *plan, BrimRandom *random, const BrimLoaderConf *conf)
{
    enum { SHAPE = 32 };
    int other = (int)brim_random_below(random, (uint32_t)conf->split->sample_count);
    draw_mosaic(&plan->layers[plan->layer_count++], random, conf, other);
    double a = draw_gamma(random, SHAPE), b = draw_gamma(random, SHAPE);
    plan->share = a / (a + b);
}

static void draw_colour_and_flips(BrimAugmentPlan *plan, BrimRandom *random, const BrimHyper *hyper)
{
    double gains[3] = {hyper->hsv_h, hyper->hsv_s, hyper->hsv_v};
    plan->colour = gains[0] != 0 || gains[1] != 0 || gains[2] != 0;
    for (int i = 0; i < 3; i++)
        gains[i] = 1 + gains[i] * brim_random_uniform(random, -1, 1);
    plan->flip_y = brim_random_unit(random) < hyper->flipud;
    plan->flip_x = brim_random_unit(random) < hyper->fliplr;
    brim_hsv_tables(&plan->tables, gains[0], gains[1], gains[2]);
}

void brim_augment_plan_draw(BrimAugmentPlan *plan, const BrimLoaderConf *conf, int epoch, int sample)
{
    BrimRandom random = brim_random(conf->seed, (uint64_t)epoch << 32 | (uint64_t)sample);
    *plan = (BrimAugmentPlan){.side_px = conf->imgsz_px, .layer_count = 1, .share = 1};
    if (brim_random_unit(&random) < conf->hyper.mosaic) {
        draw_mosaic(&plan->layers[0], &random, conf, sample);
        if (brim_random_unit(&random) < conf->hyper.mixup)
            draw_mixup(plan, &random, conf);
    } else {
        draw_letterbox(&plan->layers[0], &random, conf, sample);
    }
    draw_colour_and_flips(plan, &random, &conf->hyper);
}
