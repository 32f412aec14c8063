/* The contract between the monitor and those who know devices. A vendor is one file that reads one kind of
 * device; it appends what it sees to a draft and knows nothing of who reads it. */
#ifndef BRIM_MONITOR_VENDOR_H
#define BRIM_MONITOR_VENDOR_H

#include "monitor/draft.h"

typedef struct BrimVendorState BrimVendorState; /* each vendor's own */

/* Where a vendor looks. Tests point it at recorded trees and false libraries. */
typedef struct BrimVendorPlaces {
    const char *root;         /* in front of /proc and /sys: "" on a real machine */
    const char *nvml_library; /* NULL: libnvidia-ml.so.1 */
    const char *trace;        /* the file that brim_vendor_trace plays */
} BrimVendorPlaces;

typedef struct BrimVendor {
    const char *name;

    /* *state stays NULL, and that is no error, where this vendor has nothing here. An error is memory alone, or a
     * trace that cannot be read. */
    BrimStatus (*open)(BrimVendorState **state, const BrimVendorPlaces *places);

    /* Appends its devices, and their processes unless the draft wants none. What cannot be read stays
     * unknown, and the device says so in `trouble`; a device that was there and is gone stays, `lost`. An
     * error is memory alone; with a trace also BRIM_STOPPED at its end, and a line that is none. */
    BrimStatus (*sample)(BrimVendorState *state, BrimDraft *draft);

    void (*close)(BrimVendorState **state);
} BrimVendor;

extern const BrimVendor brim_vendor_nvidia; /* nvml.c */
extern const BrimVendor brim_vendor_amd;    /* amd.c: amdgpu's sysfs and fdinfo */
extern const BrimVendor brim_vendor_intel;  /* intel.c: i915's and xe's sysfs and fdinfo */
extern const BrimVendor brim_vendor_host;   /* host.c: /proc */
extern const BrimVendor brim_vendor_trace;  /* trace.c: recorded samples, in the place of all others */

#endif
