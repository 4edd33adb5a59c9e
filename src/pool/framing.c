/* SPDX-License-Identifier: MIT */
#include "pool/framing.h"

#include "base/banned.h"

#include <fastcgi.h>
#include <sys/types.h>

struct record {
	uint8_t type; /* 0 until the header has arrived */
	uint16_t id;
	const uint8_t *content;
	size_t length;
};

/* The name-value pairs of FCGI_PARAMS. A pair may be spread over several records. */
struct pairs {
	size_t skip;	    /* bytes of the present pair that are still to come */
	uint8_t lengths[8]; /* the lengths of the next pair, as far as they have arrived */
	size_t have;
};

/* Reads the header of a record. FRAMING_PARTIAL if its content has not arrived completely; type, id
 * and length are set if the header has. */
static enum framing next_record(
	const uint8_t *bytes, size_t length, size_t *at, struct record *record)
{
	const uint8_t *header = bytes + *at;
	size_t left = length - *at, total;

	record->type = 0;
	if (left > 0 && header[0] != FCGI_VERSION_1)
		return FRAMING_BROKEN;
	if (*at + FCGI_HEADER_LEN > FRAMING_REQUEST_MAX)
		return FRAMING_BROKEN;
	if (left < FCGI_HEADER_LEN)
		return FRAMING_PARTIAL;
	record->type = header[1];
	record->id = (uint16_t)(header[2] << 8 | header[3]);
	record->length = (size_t)(header[4] << 8 | header[5]);
	record->content = header + FCGI_HEADER_LEN;
	total = FCGI_HEADER_LEN + record->length + header[6];
	if (*at + total > FRAMING_REQUEST_MAX)
		return FRAMING_BROKEN;
	if (left < total)
		return FRAMING_PARTIAL;
	*at += total;
	return FRAMING_COMPLETE;
}

/* Reads a length from the first `have` bytes; false if some are missing. Section 3.4: one byte, or
 * four with the top bit set. */
static bool read_length(const uint8_t *bytes, size_t have, size_t *at, size_t *length)
{
	const uint8_t *c = bytes + *at;

	if (*at >= have)
		return false;
	if (c[0] < 0x80) {
		*length = c[0];
		*at += 1;
		return true;
	}
	if (*at + 4 > have)
		return false;
	*length = (size_t)(c[0] & 0x7f) << 24 | (size_t)c[1] << 16 | (size_t)c[2] << 8 | c[3];
	*at += 4;
	return true;
}

/* Reads the two lengths of the next pair. 1: *used_r is how many bytes they took; 0: more bytes are
 * needed; -1: the name is empty, or a length exceeds any request. */
static int read_lengths(struct pairs *pairs, const uint8_t *bytes, size_t have, size_t *used_r)
{
	size_t at = 0, name, value;

	if (!read_length(bytes, have, &at, &name) || !read_length(bytes, have, &at, &value))
		return 0;
	if (name == 0 || name > FRAMING_REQUEST_MAX || value > FRAMING_REQUEST_MAX)
		return -1;
	pairs->skip = name + value;
	pairs->have = 0;
	*used_r = at;
	return 1;
}

/* Reads the lengths of a pair. They are nearly always in one record; otherwise they are collected
 * byte by byte. Returns how many bytes of `content` were used; -1 for invalid lengths. */
static ssize_t walk_lengths(struct pairs *pairs, const uint8_t *content, size_t length)
{
	size_t used = 1;
	int found;

	if (pairs->have == 0) {
		found = read_lengths(pairs, content, length, &used);
		if (found != 0)
			return found < 0 ? -1 : (ssize_t)used;
	}
	pairs->lengths[pairs->have++] = *content;
	return read_lengths(pairs, pairs->lengths, pairs->have, &used) < 0 ? -1 : 1;
}

/* Checks the content of one PARAMS record. False if a name or value contains a NUL, which would cut
 * it short in C. */
static bool walk_pairs(struct pairs *pairs, const uint8_t *content, size_t length)
{
	while (length > 0) {
		ssize_t step;

		if (pairs->skip > 0) {
			step = (ssize_t)(pairs->skip < length ? pairs->skip : length);
			if (memchr(content, '\0', (size_t)step) != NULL)
				return false;
			pairs->skip -= (size_t)step;
		} else {
			step = walk_lengths(pairs, content, length);
			if (step < 0)
				return false;
		}
		content += step;
		length -= (size_t)step;
	}
	return true;
}

static bool begins_request(const struct record *record)
{
	return record->type == FCGI_BEGIN_REQUEST && record->id != FCGI_NULL_REQUEST_ID &&
	       record->length == sizeof(FCGI_BeginRequestBody) &&
	       (record->content[0] << 8 | record->content[1]) == FCGI_RESPONDER;
}

/* True if the body gets too large; the header of its record tells before the content arrives. */
static bool is_too_large(const struct record *record, const struct framing_result *result)
{
	return record->type == FCGI_STDIN && record->id == result->request_id &&
	       result->body_length + record->length > FRAMING_BODY_MAX;
}

static bool aborts(const struct record *record, uint16_t request_id)
{
	return record->type == FCGI_ABORT_REQUEST && record->id == request_id &&
	       request_id != FCGI_NULL_REQUEST_ID && record->length == 0;
}

/* Reads the records of a PARAMS or STDIN stream. FRAMING_PARTIAL: it goes on; FRAMING_COMPLETE: its
 * empty record ended it; FRAMING_ABORTED: an abort ended it. */
static enum framing read_stream(const uint8_t *bytes, size_t length, size_t *at, uint8_t type,
	struct pairs *pairs, struct framing_result *result)
{
	struct record record;
	enum framing found;

	while (true) {
		found = next_record(bytes, length, at, &record);
		if (type == FCGI_STDIN && is_too_large(&record, result))
			return FRAMING_TOO_LARGE;
		if (found != FRAMING_COMPLETE)
			return found;
		if (aborts(&record, result->request_id))
			return FRAMING_ABORTED;
		if (record.type != type || record.id != result->request_id)
			return FRAMING_BROKEN;
		if (record.length == 0)
			return FRAMING_COMPLETE;
		if (type == FCGI_STDIN) {
			result->body_length += record.length;
			continue;
		}
		result->params_length += record.length;
		if (!walk_pairs(pairs, record.content, record.length))
			return FRAMING_BROKEN;
	}
}

static unsigned value_named(const uint8_t *name, size_t length)
{
	static const struct {
		const char *name;
		unsigned value;
	} known[] = {
		{FCGI_MAX_CONNS, FRAMING_MAX_CONNS},
		{FCGI_MAX_REQS, FRAMING_MAX_REQS},
		{FCGI_MPXS_CONNS, FRAMING_MPXS_CONNS},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i].name) == length && memcmp(known[i].name, name, length) == 0)
			return known[i].value;
	return 0;
}

/* Reads the names in one FCGI_GET_VALUES record; ignores unknown ones, as section 4.1 requires. */
static enum framing read_values(const struct record *record, struct framing_result *result)
{
	size_t at = 0, name, value;

	while (at < record->length) {
		if (!read_length(record->content, record->length, &at, &name) ||
			!read_length(record->content, record->length, &at, &value) ||
			name > record->length - at || value > record->length - at - name)
			return FRAMING_BROKEN;
		result->values |= value_named(record->content + at, name);
		at += name + value;
	}
	return FRAMING_VALUES;
}

/* Reads a request after its BEGIN_REQUEST record. */
static enum framing read_request(
	const uint8_t *bytes, size_t length, size_t *at, struct framing_result *result)
{
	struct pairs pairs = {0};
	enum framing found = read_stream(bytes, length, at, FCGI_PARAMS, &pairs, result);

	if (found != FRAMING_COMPLETE)
		return found;
	if (pairs.skip > 0 || pairs.have > 0)
		return FRAMING_BROKEN;
	result->params_end = *at;
	found = read_stream(bytes, length, at, FCGI_STDIN, &pairs, result);
	if (found == FRAMING_COMPLETE && *at != length && !result->keep)
		return FRAMING_BROKEN;
	return found;
}

enum framing framing_check(
	const uint8_t *bytes, size_t length, uint16_t last_id, struct framing_result *result_r)
{
	struct record first;
	size_t at = 0;
	enum framing found;

	*result_r = (struct framing_result){0};
	if (length == 0)
		return FRAMING_PARTIAL;
	found = next_record(bytes, length, &at, &first);
	if (found != FRAMING_COMPLETE)
		return found;
	if (first.type == FCGI_GET_VALUES && first.id == FCGI_NULL_REQUEST_ID) {
		found = read_values(&first, result_r);
	} else if (aborts(&first, last_id)) {
		found = FRAMING_LATE_ABORT;
	} else if (begins_request(&first)) {
		result_r->request_id = first.id;
		result_r->keep = (first.content[2] & FCGI_KEEP_CONN) != 0;
		found = read_request(bytes, length, &at, result_r);
	} else {
		return FRAMING_BROKEN;
	}
	if (found > FRAMING_PARTIAL)
		result_r->end = at;
	return found;
}
