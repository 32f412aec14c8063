/* Pages of the view as texts, and the texts that they have to be: tests/monitor/NAME. */
#ifndef BRIM_TESTS_VIEW_GOLDEN_H
#define BRIM_TESTS_VIEW_GOLDEN_H

#include "watch/grid.h"

/* The grid in lines of UTF-8 without spaces at their ends; in a buffer that the next call uses again. */
const char *golden_text_of(const BrimGrid *grid);

/* Fails with both pages where they differ. With BRIM_REWRITE=1 in the environment the file is written
 * instead. */
void assert_golden_page(const char *page, const char *name);

#endif
