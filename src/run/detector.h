/* A trained network made ready to look at pictures: weights with their model and class names, planned and
 * started. What validation and detection share. */
#ifndef BRIM_RUN_DETECTOR_H
#define BRIM_RUN_DETECTOR_H

#include "run/device.h"
#include "run/model_file.h"
#include "run/show.h"
#include "train/engine.h"

typedef struct BrimDetector {
    BrimModelFile file; /* once started without its tensors; has a name for each class */
    char *weights;      /* their path, for messages */
    BrimDevice device;
    int threads;
    double conf_thres; /* of boxes that count; set before the plan */
    size_t budget_bytes;   /* of the device's memory; 0: no limit */
    size_t outside_bytes;  /* planned beside the arena */
    BrimEngine *engine;
    BrimShow show;
} BrimDetector;

/* Reads the weights and finds the device. ERROR_INPUT where the file does not say which model it is for. */
BrimStatus brim_detector_read(BrimDetector *detector, const char *weights, const char *device, int threads);
void brim_detector_close(BrimDetector *detector);

/* Settles what the run may take: memory_bytes (0: no limit), and of a card no more than is free. */
BrimStatus brim_detector_set_budget(BrimDetector *detector, uint64_t memory_bytes);

/* Names for the classes that the weights have no names for: the given ones, or, for NULL, class0, class1, ...
 */
BrimStatus brim_detector_name(BrimDetector *detector, char *const *names);

/* Plans inferences of those shapes, beside which the caller takes beside_bytes. A detector that was planned
 * before is planned anew. ERROR_FIT when it is over budget_bytes (0: no limit). */
BrimStatus brim_detector_plan(BrimDetector *detector, const BrimShape *shapes, int count, size_t beside_bytes,
                              size_t budget_bytes);
size_t brim_detector_planned_bytes(const BrimDetector *detector);

/* The plan as an event. */
BrimStatus brim_detector_tell_plan(const BrimDetector *detector, BrimListener listener, void *self);

/* Takes the arena and puts the weights into it. ERROR_INPUT where one is missing or has another shape. */
BrimStatus brim_detector_start(BrimDetector *detector);

/* Shows a started detector's plan to those who watch, until it is closed. folder: where the results go. */
void brim_detector_show(BrimDetector *detector, const char *command, const char *folder, BrimListener listener,
                        void *self);

#endif
