/* A model's layers taken apart into the few kinds of node that a program is made of, in the order in which they run.
 * Pure structure: no tensors, no batch, no picture size beyond reductions. */
#ifndef BRIM_GRAPH_NETWORK_H
#define BRIM_GRAPH_NETWORK_H

#include "base/memory.h"
#include "conf/model.h"

enum { BRIM_NODE_INPUTS = 8, BRIM_NODE_MAX_CONSUMERS = 16 };

typedef enum BrimNodeKind {
    BRIM_NODE_PICTURE,  /* node 0, always */
    BRIM_NODE_CONV,     /* convolution, then BN and activation; or, for a detection head, with a bias alone */
    BRIM_NODE_ADD,      /* inputs[0] + inputs[1], where inputs[1] is a CONV that nobody else reads */
    BRIM_NODE_CONCAT,   /* inputs side by side along channels */
    BRIM_NODE_POOL,     /* max pooling, stride 1 */
    BRIM_NODE_UPSAMPLE  /* nearest, twice the size */
} BrimNodeKind;

typedef struct BrimNode {
    BrimNodeKind kind;
    int inputs[BRIM_NODE_INPUTS];
    int input_count;
    int consumers[BRIM_NODE_MAX_CONSUMERS]; /* nodes that read this one, ascending; a node twice if it reads twice */
    int consumer_count;
    int channels;
    int reduction; /* picture px per cell */
    int layer;     /* of the model */
    char layer_name[16]; /* "model.3" */
    char name[32];       /* of other nodes than CONV, whose entry in BrimNetwork.convs has one: "model.3/12" */
    int kernel, stride, padding; /* CONV, POOL */
    bool activation;             /* CONV */
    int level;     /* CONV of a detection head: its level; -1 elsewhere */
    int conv;      /* CONV: index into BrimNetwork.convs */
} BrimNode;

/* A convolution's parameters as state_dict names them: name + ".conv.weight", ".bn.weight" ..., or, for a head,
 * name + ".weight" and ".bias". */
typedef struct BrimConv {
    char name[40];
    int node;
    int in_channels, out_channels, kernel;
    bool head;
} BrimConv;

typedef struct BrimNetwork {
    BrimNode *nodes;
    int node_count, node_room;
    BrimConv *convs; /* in running order, heads last */
    int conv_count, conv_room;
    int level_count;
    int heads[BRIM_MAX_LEVELS]; /* their nodes */
} BrimNetwork;

/* ERROR_UNSUPPORTED names the layer that cannot be built, ERROR_INPUT one whose output nobody uses. */
BrimStatus brim_network_make(BrimNetwork **network, const BrimModel *model);
void brim_network_close(BrimNetwork **network);

/* The node that adds this CONV's activation to a shortcut, or BRIM_NONE (-1). */
int brim_network_adder(const BrimNetwork *network, int node);

#endif
