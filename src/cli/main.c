/* The command: finds the subcommand and turns its outcome into an exit code. */
#include <stdio.h>

#include "brim.h"

int main(void)
{
    printf("brim %s\n", brim_version());
    return 0;
}
