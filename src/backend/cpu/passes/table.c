/* The passes of one instruction set. */
#include "backend/cpu/passes/list.h"

#define BRIM_PASS_TABLE_(name) brim_passes_##name
#define BRIM_PASS_TABLE(name)  BRIM_PASS_TABLE_(name)
#define BRIM_PASS_TEXT_(name)  #name
#define BRIM_PASS_TEXT(name)   BRIM_PASS_TEXT_(name)

const BrimPasses BRIM_PASS_TABLE(BRIM_PASS_NAME) = {
    .name = BRIM_PASS_TEXT(BRIM_PASS_NAME),
    .block = BLOCK,
    .run =
        {
#define X(kind, name) [BRIM_OP_##kind] = BRIM_PASS(name),
            BRIM_PASS_LIST(X)
#undef X
        },
};
