/* Edit distance over the few words that a message can offer. */
#include "conf/nearest.h"

#include <stddef.h>
#include <string.h>

enum { MAX_LETTERS = 63 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int edits(const char *a, int a_letters, const char *b, int b_letters)
{
    int rows[MAX_LETTERS + 1][MAX_LETTERS + 1];
    for (int j = 0; j <= b_letters; j++)
        rows[0][j] = j;
    for (int i = 1; i <= a_letters; i++) {
        rows[i][0] = i;
        for (int j = 1; j <= b_letters; j++) {
            int other = a[i - 1] != b[j - 1];
            rows[i][j] = least(rows[i - 1][j - 1] + other, least(rows[i - 1][j], rows[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    }
    return rows[a_letters][b_letters];
}

const char *brim_nearest(const char *word, const char *const *known, int count)
{
    const char *best = NULL;
    int best_edits = MAX_LETTERS;
    size_t letters = strlen(word);
    if (letters > MAX_LETTERS)
        return NULL;
    for (int i = 0; i < count; i++) {
        size_t known_letters = strlen(known[i]);
        if (known_letters > MAX_LETTERS)
            continue;
        int distance = edits(word, (int)letters, known[i], (int)known_letters);
        int allowed = known_letters < 3 ? 1 : (int)known_letters / 3;
        if (distance <= allowed && distance < best_edits) {
            best = known[i];
            best_edits = distance;
        }
    }
    return best;
}
