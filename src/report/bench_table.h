/* A benchmark as text: a table for the terminal, Markdown, CSV or JSON. */
#ifndef BRIM_REPORT_BENCH_TABLE_H
#define BRIM_REPORT_BENCH_TABLE_H

#include "base/status.h"

/* Is it "table", "md", "csv" or "json"? ERROR_ARGUMENT lists them. */
BrimStatus brim_bench_format_check(const char *format);

/* In one of those formats. A sweep gives its rows, a random
 * training its steps; the forms for people and JSON say beside them what was measured and how. *text is given
 * back with brim_mem_give. */
BrimStatus brim_bench_text(const BrimBench *bench, const char *format, char **text);

/* "412 MiB", "5.2 GiB" */
void brim_bench_bytes(char *text, size_t bytes, uint64_t amount);

#endif
