/* How wide the terminal is that somebody looks at. */
#ifndef BRIM_BASE_TERMINAL_H
#define BRIM_BASE_TERMINAL_H

/* Columns of the terminal that the descriptor is; `otherwise` where it is none, or where its size is unknown
 * or too small to be meant. */
int brim_terminal_columns(int descriptor, int otherwise);

#endif
