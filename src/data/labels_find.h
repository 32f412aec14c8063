/* Which picture files a split's folders, list files and single pictures name; and the small list of texts
 * that the scan is made of. For labels*.c and detection. */
#ifndef BRIM_DATA_LABELS_FIND_H
#define BRIM_DATA_LABELS_FIND_H

#include "conf/dataset.h"

typedef struct BrimTexts {
    char **texts;
    int count, room;
} BrimTexts;

/* Appends a formatted text. */
BrimStatus brim_texts_add(BrimTexts *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void brim_texts_clear(BrimTexts *list);

/* Every picture once, sorted by its path's bytes. What is no picture that brim reads goes into the remarks
 * when it was named in a list or is of a format that YOLOv5 reads. ERROR_INPUT names a path that does not
 * exist. */
BrimStatus brim_pictures_find(BrimTexts *pictures, BrimTexts *remarks, const BrimPathList *paths);

/* The label file of a picture: the last folder "images" becomes "labels", the ending .txt. NULL with a last
 * error. */
char *brim_label_path(const char *picture_path);

#endif
