/* The kernel's word for it. */
#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { LEAST_COLUMNS = 21 };

int brim_terminal_columns(int descriptor, int otherwise)
{
    struct winsize size;
    if (!isatty(descriptor) || ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col < LEAST_COLUMNS)
        return otherwise;
    return size.ws_col;
}
