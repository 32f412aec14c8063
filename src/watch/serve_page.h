/* page.html as it stands in the program (cmake/embed_page.cmake writes it). */
#ifndef BRIM_WATCH_SERVE_PAGE_H
#define BRIM_WATCH_SERVE_PAGE_H

#include <stddef.h>

extern const unsigned char brim_serve_page[];
extern const size_t brim_serve_page_bytes;

/* What a Content-Security-Policy calls its script and its style: 'sha256-...' */
extern const char brim_serve_page_script[];
extern const char brim_serve_page_style[];

#endif
