/* The monitor behind brim.h, with the places where its vendors look. */
#ifndef BRIM_MONITOR_MONITOR_H
#define BRIM_MONITOR_MONITOR_H

#include "monitor/vendor.h"

/* As brim_monitor_open, on recorded trees and false libraries. */
BrimStatus brim_monitor_open_at(BrimMonitor **monitor, const BrimMonitorOptions *options,
                                const BrimVendorPlaces *places);

#endif
