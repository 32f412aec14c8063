/* The options of train.py, val.py and detect.py that YOLOv5 v7.0 documents. */
#include "cli/options_yolov5.h"

#include <stddef.h>

#include "cli/option_names.h"

static const struct {
    const char *name, *instead;
} missing[] = {
    {"optimizer", "SGD trains, which is its default there"},
    {"rect", "training pictures are squares, as they are without it there"},
    {"multi-scale", "all pictures have the side of --imgsz"},
    {"image-weights", "each picture is taken once an epoch"},
    {"single-cls", "a data.yaml with `nc: 1` and labels of class 0 do the same"},
    {"freeze", "all layers are trained"},
    {"quad", "leave it out"},
    {"evolve", "hyper-parameters are those of --hyp"},
    {"save-period", "the best and the last weights are kept"},
    {"nosave", "the best and the last weights are kept; only detect has it"},
    {"noval", "each epoch is validated"},
    {"noplots", "leave it out: results.png alone is drawn, when a training ends"},
    {"bucket", "nothing is sent anywhere"},
    {"entity", "nothing is sent anywhere"},
    {"upload-dataset", "nothing is sent anywhere"},
    {"bbox-interval", "nothing is sent anywhere"},
    {"artifact-alias", "nothing is sent anywhere"},
    {"local-rank", "several cards are --device 0,1, without a launcher"},
    {"half", "leave it out"},
    {"dnn", "leave it out"},
    {"augment", "each picture is looked at once"},
    {"save-hybrid", "leave it out"},
    {"save-txt", "detect has it"},
    {"save-conf", "detect has it"},
    {"save-json", "detect has it"},
    {"view-img", "pictures with boxes are in the run's folder"},
    {"save-crop", "--save-txt or --save-json say where each object is"},
    {"visualize", "leave it out"},
    {"update", "leave it out"},
    {"vid-stride", "films have to be taken apart into pictures"},
};

const char *brim_option_of_yolov5(const char *name)
{
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
        if (brim_option_same_name(missing[i].name, name))
            return missing[i].instead;
    return NULL;
}
