/* Options that YOLOv5's commands take and brim's do not. */
#ifndef BRIM_CLI_OPTIONS_YOLOV5_H
#define BRIM_CLI_OPTIONS_YOLOV5_H

/* What brim does instead, for who comes from there; NULL where YOLOv5 has no such option, or all commands of
 * brim's have it. The name is without its dashes, with - or _ between its words. */
const char *brim_option_of_yolov5(const char *name);

#endif
