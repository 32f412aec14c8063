/* Pages as texts. */
#include "support/view_golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

enum { MOST_BYTES = 1 << 16 };

const char *golden_text_of(const BrimGrid *grid)
{
    static char text[MOST_BYTES];
    size_t length = 0;
    for (int y = 0; y < grid->rows; y++) {
        size_t end = length; /* behind the last that is not a space */
        for (int x = 0; x < grid->columns && length + 6 < sizeof text; x++) {
            uint32_t character = grid->cells[y * grid->columns + x].character;
            if (character == 0)
                continue;
            length += (size_t)brim_grid_encode(text + length, character);
            if (character != ' ')
                end = length;
        }
        length = end;
        text[length++] = '\n';
    }
    text[length] = '\0';
    return text;
}

void assert_golden_page(const char *page, const char *name)
{
    static char golden[MOST_BYTES];
    char path[256];
    snprintf(path, sizeof path, "tests/monitor/%s", name);
    bool rewrite = getenv("BRIM_REWRITE") != NULL;
    FILE *file = fopen(path, rewrite ? "w" : "r");
    if (!file)
        fail_msg("%s cannot be opened", path);
    if (rewrite) {
        fputs(page, file);
        fclose(file);
        return;
    }
    golden[fread(golden, 1, sizeof golden - 1, file)] = '\0';
    fclose(file);
    if (strcmp(golden, page) != 0)
        fail_msg("the page is not %s:\n%s\nbut\n%s", path, golden, page);
}
