/* What all graphs of a model and precision begin with: the network, and its parameters as tensors. A search, which
 * builds dozens of graphs, makes it once. */
#ifndef BRIM_GRAPH_BASIS_H
#define BRIM_GRAPH_BASIS_H

#include "graph/parameters.h"

struct BrimBasis {
    BrimNetwork *network;
    BrimParameters *parameters;
    BrimGraph *graph; /* the parameters' tensors alone */
};

/* training: all states of the parameters, also for the inference of a training run; else the weights alone. */
BrimStatus brim_basis_open(BrimBasis **basis, const BrimModel *model, bool training, BrimPrecision precision);

/* A graph that began with the basis was measured: parameters are as large in all that begin with it later. */
void brim_basis_measured(BrimBasis *basis, const BrimGraph *graph);
void brim_basis_close(BrimBasis **basis); /* NULL inside is allowed */

#endif
