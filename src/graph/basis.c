/* The network and its parameters, in a graph of their own. */
#include "graph/basis.h"

BrimStatus brim_basis_open(BrimBasis **basis, const BrimModel *model, bool training, BrimPrecision precision)
{
    BrimStatus status = BRIM_ERROR_MEMORY;
    *basis = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof **basis);
    if (!*basis)
        return status;
    BRIM_TRY(brim_graph_open(&(*basis)->graph));
    BRIM_TRY(brim_network_make(&(*basis)->network, model));
    BRIM_TRY(brim_parameters_add(&(*basis)->parameters, (*basis)->graph, (*basis)->network, training, precision));
    return BRIM_OK;
fail:
    brim_basis_close(basis);
    return status;
}

void brim_basis_measured(BrimBasis *basis, const BrimGraph *graph)
{
    if (basis->graph->measured)
        return;
    for (BrimTensorId id = 0; id < basis->graph->tensor_count; id++) {
        basis->graph->tensors[id].bytes = graph->tensors[id].bytes;
        basis->graph->tensors[id].offset_bytes = graph->tensors[id].offset_bytes;
        basis->graph->tensors[id].dims[0] = graph->tensors[id].dims[0]; /* a block's are its bytes */
    }
    basis->graph->measured = basis->graph->tensor_count;
}

void brim_basis_close(BrimBasis **basis)
{
    if (!*basis)
        return;
    brim_parameters_close(&(*basis)->parameters);
    brim_network_close(&(*basis)->network);
    brim_graph_close(&(*basis)->graph);
    brim_mem_give(*basis);
    *basis = NULL;
}
