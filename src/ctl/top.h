/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: what `meetauthctl top` shows. top_sample.c reads the metrics of the pool,
 * top_view.c makes rows of two samples, top.c shows them.
 */
#pragma once

#include "base/buffer.h"
#include "ctl/ctl.h"
#include "telemetry/sections.h"

#include <jansson.h>

/* The metrics of the pool at one time. */
struct top_sample {
	int64_t at_ms; /* monotonic */
	uint64_t counters[METRIC_COUNT];
	int64_t gauges[METRIC_COUNT];
	uint64_t buckets[METRIC_COUNT][METRIC_BUCKETS]; /* of histograms */
	int64_t (*sections)[SECTION_METRICS];		/* platforms, then backends */
};

/* Reads the metrics file of the folder again, which a pool of another version may have replaced. 0,
 * or -1 with an error. Free with top_sample_free(). */
int top_sample_read(struct top_sample *sample, const char *folder, const struct settings *settings,
	struct error *error);
void top_sample_free(struct top_sample *sample);

/* How a terminal shows the rows. */
struct top_look {
	size_t lines, columns; /* 0: no limit */
	bool colours;
};

/* Appends what happened from one sample to the next, as lines, each with a newline. */
void top_view_text(struct buffer *text, const struct top_look *look,
	const struct settings *settings, const struct top_sample *from,
	const struct top_sample *to);

/* The same as JSON. */
json_t *top_view_json(const struct settings *settings, const struct top_sample *from,
	const struct top_sample *to);
