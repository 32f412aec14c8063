/* Binary cross entropy of one logit, plain and focal, with its gradient: YOLOv5's objectness and class
 * losses. */
#ifndef BRIM_ELEMENT_LOSS_H
#define BRIM_ELEMENT_LOSS_H

#include <math.h>

#include "element/element.h"

#define BRIM_FOCAL_ALPHA 0.25f /* YOLOv5's FocalLoss, which no hyper-parameter changes */

typedef struct BrimLossTerm {
    float loss;
    float gradient; /* d loss / d logit */
} BrimLossTerm;

/* 1 / (1 + exp(-x)), without overflow on either side. */
BRIM_ELEMENT float brim_sigmoid(float x)
{
    float tail = expf(-fabsf(x));
    return (x >= 0 ? 1.0f : tail) / (1.0f + tail);
}

/* -(weight * target * log(p) + (1 - target) * log(1 - p)) with p = sigmoid(x); weight: of positives. */
BRIM_ELEMENT BrimLossTerm brim_cross_entropy(float x, float target, float positive_weight)
{
    float tail = expf(-fabsf(x));
    float p = (x >= 0 ? 1.0f : tail) / (1.0f + tail);
    float log_weight = (positive_weight - 1.0f) * target + 1.0f;
    BrimLossTerm term;
    term.loss = (1.0f - target) * x + log_weight * (log1pf(tail) + (x < 0 ? -x : 0.0f));
    term.gradient = log_weight * p - positive_weight * target;
    return term;
}

/* Cross entropy times alpha and (1 - p_t)^gamma, where p_t is the probability given to the target: what is
 * right already counts less. */
BRIM_ELEMENT BrimLossTerm brim_focal_cross_entropy(float x, float target, float positive_weight, float gamma)
{
    BrimLossTerm plain = brim_cross_entropy(x, target, positive_weight);
    float p = brim_sigmoid(x);
    float miss = 1.0f - (target * p + (1.0f - target) * (1.0f - p));
    float alpha = target * BRIM_FOCAL_ALPHA + (1.0f - target) * (1.0f - BRIM_FOCAL_ALPHA);
    float miss_slope = (1.0f - 2.0f * target) * p * (1.0f - p);
    float factor = alpha * powf(miss, gamma);
    /* Where nothing is missed, p (1 - p) is 0 as well: gamma < 1 must not make infinity times 0 of it. */
    float factor_slope = miss > 0 ? alpha * gamma * powf(miss, gamma - 1.0f) * miss_slope : 0.0f;
    BrimLossTerm term;
    term.loss = plain.loss * factor;
    term.gradient = plain.gradient * factor + plain.loss * factor_slope;
    return term;
}

/* Plain where gamma is 0. */
BRIM_ELEMENT BrimLossTerm brim_loss_term(float gamma, float x, float target, float positive_weight)
{
    return gamma > 0 ? brim_focal_cross_entropy(x, target, positive_weight, gamma)
                     : brim_cross_entropy(x, target, positive_weight);
}

/* What a class logit aims at. */
BRIM_ELEMENT float brim_loss_class_aim(int is_class, double label_smoothing)
{
    return (float)(is_class ? 1.0 - 0.5 * label_smoothing : 0.5 * label_smoothing);
}

/* What a level's objectness counts: YOLOv5's values for three levels (P3 to P5) and for other numbers (from
 * P3). */
BRIM_ELEMENT double brim_loss_balance(int level_count, int level)
{
    const double three[] = {4.0, 1.0, 0.4}, others[] = {4.0, 1.0, 0.25, 0.06, 0.02};
    return level_count == 3 ? three[level] : others[level];
}

/* What one term of a level's sums counts in the loss: gains over the number of terms. */
typedef struct BrimLossGains {
    double box, objectness, classes;
} BrimLossGains;

/* box, objectness, classes: the hyper-parameters; objectness times the level's balance. */
BRIM_ELEMENT BrimLossGains brim_loss_gains(double box, double objectness, double classes, double cells,
                                           int match_count, int class_count)
{
    double matches = match_count ? match_count : 1;
    BrimLossGains gains;
    gains.box = box / matches;
    gains.objectness = objectness / cells;
    gains.classes = classes / (matches * class_count);
    return gains;
}

#endif
