/* How every command ends. */
#include <stdio.h>

#include "cli/commands.h"

int brim_command_end(const char *command, BrimStatus status)
{
    if (status == BRIM_OK)
        return BRIM_EXIT_DONE;
    fflush(stdout);
    if (status == BRIM_STOPPED)
        fprintf(stderr, "brim %s: %s\n", command, brim_last_error());
    else
        fprintf(stderr, "brim %s: error: %s\n", command, brim_last_error());
    return status == BRIM_ERROR_FIT        ? BRIM_EXIT_FIT
           : status == BRIM_ERROR_ARGUMENT ? BRIM_EXIT_USAGE
                                           : BRIM_EXIT_FAILED;
}
