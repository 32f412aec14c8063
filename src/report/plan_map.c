/* Rectangles of a plan, drawn by cairo. */
#include "report/plan_map.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cairo-svg.h>

#include "base/file.h"
#include "plan/lifetime.h"
#include "report/text.h"

/* Sides in points. */
enum { WIDTH = 1200, HEIGHT = 760, LEFT = 70, TOP = 50, PLOT_WIDTH = 1000, PLOT_HEIGHT = 640, LEGEND = 1085 };
enum { TICKS = 8 };

/* Told apart also by who sees no red and green: Okabe and Ito's, and two greys. */
static const uint32_t colours[BRIM_PURPOSE_COUNT] = {
    [BRIM_PURPOSE_WEIGHTS] = 0x0072B2,   [BRIM_PURPOSE_GRADIENTS] = 0xD55E00,
    [BRIM_PURPOSE_OPTIMIZER] = 0xCC79A7, [BRIM_PURPOSE_EMA] = 0x999999,
    [BRIM_PURPOSE_STAGING] = 0x444444,   [BRIM_PURPOSE_KEPT] = 0x009E73,
    [BRIM_PURPOSE_TRANSIENT] = 0xE69F00, [BRIM_PURPOSE_WORKSPACE] = 0xF0E442,
};

typedef struct Map {
    cairo_t *pen;
    const BrimPlan *plan;
    const BrimGraph *graph;
    const BrimPlacement *placement;
    const BrimBuffer *buffers; /* first and last op of each tensor, then of each workspace */
} Map;

/* What cairo writes, gathered in a text. */
static cairo_status_t gather(void *text, const unsigned char *bytes, unsigned int count)
{
    brim_text_add_bytes(text, bytes, count);
    return ((BrimText *)text)->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static void set_ink(cairo_t *pen, uint32_t colour, double opacity)
{
    cairo_set_source_rgba(pen, (colour >> 16) / 255.0, (colour >> 8 & 0xFF) / 255.0, (colour & 0xFF) / 255.0,
                          opacity);
}

static double x_of(const Map *map, double op)
{
    return LEFT + PLOT_WIDTH * op / map->graph->op_count;
}

static double y_of(const Map *map, size_t bytes)
{
    return TOP + PLOT_HEIGHT * (1 - (double)bytes / (double)map->plan->arena_bytes);
}

static void write_text(const Map *map, double x, double y, double size, const char *text)
{
    set_ink(map->pen, 0, 1);
    cairo_set_font_size(map->pen, size);
    cairo_move_to(map->pen, x, y);
    cairo_show_text(map->pen, text);
}

/* Ops first to last, inclusive. */
static void draw_span(const Map *map, BrimPurpose purpose, int first, int last, size_t offset, size_t bytes)
{
    double left = x_of(map, first), right = x_of(map, last + 1);
    double top = y_of(map, offset + bytes), bottom = y_of(map, offset);
    cairo_rectangle(map->pen, left, top, right - left, bottom - top);
    set_ink(map->pen, colours[purpose], 0.85);
    cairo_fill_preserve(map->pen);
    set_ink(map->pen, 0xFFFFFF, 1);
    cairo_set_line_width(map->pen, fmin(0.5, (bottom - top) / 4));
    cairo_stroke(map->pen);
}

static void draw_spans(const Map *map)
{
    const BrimGraph *graph = map->graph;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        bool whole = tensor->life != BRIM_LIFE_OPS;
        if (tensor->parent != BRIM_NONE || (!whole && map->buffers[id].first < 0))
            continue;
        draw_span(map, tensor->purpose, whole ? 0 : map->buffers[id].first,
                  whole ? graph->op_count - 1 : map->buffers[id].last, map->placement->tensor_offset[id],
                  tensor->bytes);
    }
    for (BrimOpId op = 0; op < graph->op_count; op++) {
        if (graph->ops[op].workspace_bytes > 0)
            draw_span(map, BRIM_PURPOSE_WORKSPACE, op, op, map->placement->workspace_offset[op],
                      graph->ops[op].workspace_bytes);
    }
}

static void draw_line(const Map *map, double x0, double y0, double x1, double y1, uint32_t colour)
{
    cairo_move_to(map->pen, x0, y0);
    cairo_line_to(map->pen, x1, y1);
    set_ink(map->pen, colour, 1);
    cairo_set_line_width(map->pen, 1);
    cairo_stroke(map->pen);
}

/* MiB at round steps. */
static void draw_scale(const Map *map)
{
    double whole = (double)map->plan->arena_bytes / 0x1p20, step = pow(10, floor(log10(whole / TICKS)));
    char text[32];
    step *= whole / step > 5 * TICKS ? 10 : whole / step > 2 * TICKS ? 5 : whole / step > TICKS ? 2 : 1;
    for (double tick = 0; tick <= whole; tick += step) {
        double y = y_of(map, (size_t)(tick * 0x1p20));
        draw_line(map, LEFT - 5, y, LEFT, y, 0);
        snprintf(text, sizeof text, "%g", tick);
        write_text(map, 22, y + 4, 11, text);
    }
    write_text(map, 22, TOP - 12, 11, "MiB");
}

/* Where the loss lies, and where the gradients are done. */
static void draw_moments(const Map *map)
{
    char text[64];
    const BrimGraph *graph = map->graph;
    for (BrimOpId op = 0; op < graph->op_count; op++) {
        bool loss = graph->ops[op].kind == BRIM_OP_LOSS, norm = graph->ops[op].kind == BRIM_OP_GRADIENT_NORM;
        if (!loss && !norm)
            continue;
        draw_line(map, x_of(map, op), TOP, x_of(map, op), TOP + PLOT_HEIGHT + 5, 0);
        write_text(map, x_of(map, op) - 12, TOP + PLOT_HEIGHT + 18, 11, loss ? "loss" : "update");
    }
    snprintf(text, sizeof text, "%d ops, in the order in which they run", graph->op_count);
    write_text(map, LEFT, TOP + PLOT_HEIGHT + 18, 11, "forward");
    write_text(map, LEFT, TOP + PLOT_HEIGHT + 38, 11, text);
}

static void draw_peak(const Map *map)
{
    char text[96];
    BrimOpId peak = map->placement->peak_op;
    double y = y_of(map, map->placement->end_bytes);
    draw_line(map, LEFT, y, LEFT + PLOT_WIDTH, y, 0xFF0000);
    draw_line(map, x_of(map, peak + 0.5), y, x_of(map, peak + 0.5), TOP + PLOT_HEIGHT, 0xFF0000);
    snprintf(text, sizeof text, "peak: %zu bytes at op %d (%s)", map->placement->end_bytes, peak,
             brim_op_text(map->graph->ops[peak].kind));
    write_text(map, LEFT + 420, TOP - 8, 11, text);
}

static void draw_legend(const Map *map)
{
    for (int purpose = 0; purpose < BRIM_PURPOSE_COUNT; purpose++) {
        double y = TOP + 20 * purpose;
        cairo_rectangle(map->pen, LEGEND, y, 12, 12);
        set_ink(map->pen, colours[purpose], 0.85);
        cairo_fill(map->pen);
        write_text(map, LEGEND + 17, y + 10, 10, brim_purpose_text((BrimPurpose)purpose));
    }
}

static void draw(const Map *map, const char *title)
{
    set_ink(map->pen, 0xFFFFFF, 1);
    cairo_paint(map->pen);
    cairo_select_font_face(map->pen, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    write_text(map, LEFT, 24, 15, title);
    draw_spans(map);
    draw_line(map, LEFT, TOP, LEFT, TOP + PLOT_HEIGHT, 0);
    draw_line(map, LEFT, TOP + PLOT_HEIGHT, LEFT + PLOT_WIDTH, TOP + PLOT_HEIGHT, 0);
    draw_scale(map);
    draw_moments(map);
    draw_peak(map);
    draw_legend(map);
}

BrimStatus brim_plan_map_write(const char *path, const char *title, const BrimPlan *plan,
                               const BrimGraph *graph, int index)
{
    BrimText text = {0};
    size_t count = (size_t)graph->tensor_count + (size_t)graph->op_count;
    BrimBuffer *buffers = brim_mem_take(BRIM_MEM_REPORT, count + 1, sizeof *buffers);
    BrimStatus status = buffers ? brim_lifetimes_find(graph, buffers) : BRIM_ERROR_MEMORY;
    cairo_surface_t *surface = cairo_svg_surface_create_for_stream(gather, &text, WIDTH, HEIGHT);
    cairo_t *pen = cairo_create(surface);
    const Map map = {pen, plan, graph, &plan->placements[index], buffers};
    if (status == BRIM_OK)
        draw(&map, title);
    cairo_surface_finish(surface);
    bool drawn =
        cairo_status(pen) == CAIRO_STATUS_SUCCESS && cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(pen);
    cairo_surface_destroy(surface);
    if (status == BRIM_OK)
        status = drawn ? brim_file_write(path, text.text, text.length)
                       : brim_fail(BRIM_ERROR_MEMORY, "%s: the map could not be drawn", path);
    brim_mem_give(text.text);
    brim_mem_give(buffers);
    return status;
}
