/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include "base/buffer.h"
#include "base/text.h"
#include "config/config.h"

#include <inttypes.h>

enum {
	NAME_MAX_BYTES = 64,
	ORIGIN_MAX_BYTES = 299,
	RATE_MAX = 100000,
	EXPECTED_MAX = 256,
	SECOND_MS = 1000,
	MINUTE_MS = 60000,
};

/* ---- what was expected ---- */

static const char *duration_words(int64_t milliseconds, char words[32])
{
	static const struct {
		int64_t milliseconds;
		const char *unit;
	} units[] = {{24 * 3600000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
	size_t i = 0;

	while (milliseconds % units[i].milliseconds != 0 || milliseconds == 0) {
		if (++i == sizeof units / sizeof *units - 1)
			break;
	}
	snprintf(words, 32, "%" PRId64 "%s", milliseconds / units[i].milliseconds, units[i].unit);
	return words;
}

/* ", from 10ms to 50s", ", at least 1s" or "". */
static void append_durations(struct buffer *words, const struct option *option, int64_t unit)
{
	char minimum[32], maximum[32];

	duration_words(option->min * unit, minimum);
	duration_words(option->max * unit, maximum);
	if (option->max > 0)
		buffer_printf(words, ", from %s to %s", minimum, maximum);
	else if (option->min > 0)
		buffer_printf(words, ", at least %s", minimum);
}

static void append_words(struct buffer *words, const char *const *known)
{
	for (size_t i = 0; known[i] != NULL; i++)
		buffer_printf(words, "%s\"%s\"",
			i == 0 ? "" : (known[i + 1] == NULL ? " or " : ", "), known[i]);
}

static void append_sizes(struct buffer *words, int64_t minimum, int64_t maximum, const char *of)
{
	if (maximum == 0)
		buffer_printf(words, "at least %" PRId64 " %s", minimum, of);
	else if (minimum == maximum)
		buffer_printf(words, "%" PRId64 " %s", minimum, of);
	else
		buffer_printf(words, "%" PRId64 " to %" PRId64 " %s", minimum, maximum, of);
}

static int64_t name_minimum(const struct option *option, bool is_entry)
{
	return option->min > 0 && !is_entry ? option->min : 1;
}

static int64_t name_maximum(const struct option *option, bool is_entry)
{
	return option->max > 0 && !is_entry ? option->max : NAME_MAX_BYTES;
}

static int64_t number_maximum(const struct option *option)
{
	return option->max > 0 ? option->max : INT32_MAX;
}

/* The text after "expected" for kinds without a range. */
static const char *const expected[] = {
	[OPTION_TEXT] = "text in UTF-8 without control characters",
	[OPTION_FILE] = "text in UTF-8 without control characters",
	[OPTION_URL] = "an address like https://host/path",
	[OPTION_PAGE] = "an address like https://host/path",
	[OPTION_ORIGIN] = "https://host or https://host:port",
	[OPTION_SENT] = "https://host or https://host:port",
	[OPTION_HOST] = "a host name, perhaps with a port",
	[OPTION_DOMAIN] = "a host name without a port",
	[OPTION_PATH] = "an absolute path",
	[OPTION_BOOL] = "true or false",
	[OPTION_DURATION] = "a duration like \"90s\", \"10m\", \"12h\" or \"7d\"",
	[OPTION_SECONDS] = "a duration in whole seconds",
	[OPTION_MINUTES] = "a duration in whole minutes",
	[OPTION_RATE] = "a rate like \"10/10m\", with a count from 1 to 100000",
	[OPTION_TIME] = "a time in UTC like \"2026-01-01T08:00Z\"",
	[OPTION_LIST] = "a list of texts in UTF-8 without control characters",
};

static void append_expected(
	struct buffer *words, const struct option *option, enum option_kind kind)
{
	bool is_entry = kind != option->kind;

	if (kind == OPTION_NAME) {
		append_sizes(words, name_minimum(option, is_entry), name_maximum(option, is_entry),
			"letters, digits");
		buffer_printf(
			words, " or %s", option->extra != NULL ? option->extra : "nothing else");
	} else if (kind == OPTION_ENUM)
		append_words(words, option->words);
	else if (kind == OPTION_NUMBER)
		buffer_printf(words, "a whole number from %" PRId64 " to %" PRId64, option->min,
			number_maximum(option));
	else if (kind == OPTION_TEXT && !is_entry && option->max == 1)
		buffer_printf(words, "one ASCII character%s", option->min == 0 ? " or \"\"" : "");
	else if (kind == OPTION_TEXT && !is_entry && (option->min > 0 || option->max > 0))
		append_sizes(words, option->min, option->max, "bytes of text");
	else
		buffer_text(words, expected[kind]);
	if (kind == OPTION_DURATION)
		append_durations(words, option, 1);
	else if (kind == OPTION_SECONDS)
		append_durations(words, option, SECOND_MS);
	else if (kind == OPTION_MINUTES)
		append_durations(words, option, MINUTE_MS);
}

static int refuse(const struct section *section, const struct value *value, enum option_kind kind,
	const char *text, struct error *error)
{
	struct buffer words = BUFFER_INIT(EXPECTED_MAX);
	const char *name = value->option->name;

	if (!text_is_printable(text)) /* may not be printed to a terminal */
		section_error(section, name, error, "expected %s", expected[OPTION_TEXT]);
	else {
		append_expected(&words, value->option, kind);
		section_error(section, name, error, "expected %s, found \"%.64s\"",
			words.data != NULL ? words.data : "something else", text);
	}
	buffer_release(&words);
	return -1;
}

/* ---- what a text means ---- */

static bool is_length(const char *text, int64_t minimum, int64_t maximum)
{
	int64_t length = (int64_t)strlen(text);

	return length >= minimum && (maximum == 0 || length <= maximum);
}

static int place_of(const char *text, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return -1;
}

static bool is_duration(
	const struct option *option, const char *text, int64_t unit, int64_t *number_r)
{
	return text_to_duration(text, number_r) == 0 && *number_r % unit == 0 &&
	       *number_r >= option->min * unit &&
	       (option->max == 0 || *number_r <= option->max * unit);
}

static bool is_rate(const char *text, struct config_rate *rate)
{
	const char *slash = strchr(text, '/');
	char digits[16];
	int64_t count;

	if (slash == NULL || (size_t)(slash - text) >= sizeof digits)
		return false;
	memcpy(digits, text, (size_t)(slash - text));
	digits[slash - text] = '\0';
	if (text_to_number(digits, 1, RATE_MAX, &count) != 0 ||
		text_to_duration(slash + 1, &rate->period_ms) != 0 || rate->period_ms == 0)
		return false;
	rate->count = (unsigned)count;
	return true;
}

/* Whether `text` is of the kind; sets *number_r. Addresses are checked later. */
static bool is_of_kind(const struct option *option, enum option_kind kind, const char *text,
	int64_t *number_r, struct config_rate *rate)
{
	bool is_entry = kind != option->kind;

	switch (kind) {
	case OPTION_TEXT:
		return is_entry || is_length(text, option->min, option->max);
	case OPTION_NAME:
		return text_is_token(text, (size_t)name_minimum(option, is_entry),
			(size_t)name_maximum(option, is_entry),
			option->extra != NULL ? option->extra : "");
	case OPTION_HOST:
		return text_is_host(text);
	case OPTION_DOMAIN:
		return text_is_host(text) && strchr(text, ':') == NULL;
	case OPTION_PATH:
		return text[0] == '/';
	case OPTION_ENUM:
		*number_r = place_of(text, option->words);
		return *number_r >= 0;
	case OPTION_BOOL:
		*number_r = cfg_parse_boolean(text);
		return *number_r == 0 || *number_r == 1;
	case OPTION_NUMBER:
		return text_to_number(text, option->min, number_maximum(option), number_r) == 0;
	case OPTION_DURATION:
		return is_duration(option, text, 1, number_r);
	case OPTION_SECONDS:
		return is_duration(option, text, SECOND_MS, number_r);
	case OPTION_MINUTES:
		return is_duration(option, text, MINUTE_MS, number_r);
	case OPTION_RATE:
		return is_rate(text, rate);
	case OPTION_TIME: /* 0 means "none", so 1970 itself is refused */
		return text_to_time(text, number_r) == 0 && *number_r > 0;
	case OPTION_URL:
	case OPTION_PAGE:
	case OPTION_ORIGIN:
	case OPTION_SENT:
	case OPTION_FILE:
	case OPTION_LIST:
		break;
	}
	return true;
}

/* ---- addresses ---- */

/* Refuses an origin that browsers never send: it would match nothing, silently. */
static int check_sent(const char *origin, struct error *why)
{
	char sent[ORIGIN_MAX_BYTES + 1];

	snprintf(sent, sizeof sent, "%s", origin);
	config_to_origin(sent);
	if (strlen(sent) != strlen(origin))
		return error_set(why, "has the default port, which browsers do not send");
	if (strcmp(sent, origin) != 0)
		return error_set(why, "has capital letters, which browsers do not send");
	return 0;
}

static int check_address(enum option_kind kind, const char *text, struct error *why)
{
	if (kind == OPTION_URL)
		return config_check_url(text, why);
	if (kind == OPTION_PAGE)
		return config_check_front(text, why);
	if (kind != OPTION_ORIGIN && kind != OPTION_SENT)
		return 0;
	if (config_check_url(text, why) != 0)
		return -1;
	if (strchr(strstr(text, "://") + 3, '/') != NULL)
		return error_set(why,
			"must be https://host or https://host:port, without a path or a final "
			"slash");
	if (strlen(text) > ORIGIN_MAX_BYTES)
		return error_set(why, "is too long: at most %d bytes", ORIGIN_MAX_BYTES);
	return kind == OPTION_SENT ? check_sent(text, why) : 0;
}

/* Copies the text in its stored form; NULL with section_error(). */
static const char *accept(struct arena *arena, const struct section *section, struct value *value,
	enum option_kind kind, const char *text, struct error *error)
{
	struct error why;
	char *copy;

	if (!text_is_printable(text) ||
		!is_of_kind(value->option, kind, text, &value->number, &value->rate)) {
		refuse(section, value, kind, text, error);
		return NULL;
	}
	if (check_address(kind, text, &why) != 0) {
		section_error(section, value->option->name, error, "\"%.100s\" %s", text, why.text);
		return NULL;
	}
	copy = arena_copy(arena, text);
	if (kind == OPTION_ORIGIN && copy[0] != '\0')
		config_to_origin(copy);
	return copy;
}

/* Whether "" in the file means the same as leaving the option out. */
static bool may_be_empty(const struct option *option)
{
	switch (option->kind) {
	case OPTION_TEXT:
		return option->min == 0;
	case OPTION_URL:
	case OPTION_PAGE:
	case OPTION_HOST:
	case OPTION_DOMAIN:
	case OPTION_FILE:
		return true;
	default:
		return false;
	}
}

int value_read(struct arena *arena, const struct section *section, struct value *value,
	const char *text, struct error *error)
{
	const struct option *option = value->option;

	if (text[0] == '\0' && option->required)
		return section_error(section, option->name, error, "is empty: write %s = \"…\", %s",
			option->name, option->help);
	if (text[0] == '\0' && option->not_empty)
		return section_error(section, option->name, error,
			"is empty: write it, or leave the option out");
	if (text[0] == '\0' && may_be_empty(option))
		value->text = "";
	else
		value->text = accept(arena, section, value, option->kind, text, error);
	return value->text != NULL ? 0 : -1;
}

/* ---- lists ---- */

int value_add(struct arena *arena, const struct section *section, struct value *value,
	const char *text, struct error *error)
{
	const struct option *option = value->option;
	uint64_t bits = (uint64_t)value->number;
	const char *entry;

	if (text[0] == '\0' && (option->required || option->not_empty))
		return section_error(section, option->name, error, "has an empty text in its list");
	entry = accept(arena, section, value, option->of, text, error);
	if (entry == NULL)
		return -1;
	for (size_t i = 0; option->distinct && i < value->count; i++)
		if (strcmp(value->items[i], entry) == 0)
			return section_error(section, option->name, error,
				"\"%.64s\" is in the list twice", entry);
	/* For words: one bit each. */
	value->number =
		option->of == OPTION_ENUM ? (int64_t)(bits | UINT64_C(1) << value->number) : 0;
	value->items[value->count++] = entry;
	return 0;
}

int value_check_count(const struct section *section, const struct value *value, struct error *error)
{
	const struct option *option = value->option;
	int64_t minimum = option->min > 0 ? option->min : option->required;
	struct buffer words = BUFFER_INIT(EXPECTED_MAX);
	int64_t count = (int64_t)value->count;

	if (count == 0 && option->not_empty && value->line != 0)
		return section_error(section, option->name, error,
			"an empty list: name at least one, or leave the option out");
	if (count == 0 && !option->required)
		return 0;
	if (count >= minimum && (option->max == 0 || count <= option->max))
		return 0;
	append_sizes(&words, minimum, option->max, "entries");
	section_error(section, option->name, error, "expected %s, found %" PRId64 ": %s",
		words.data != NULL ? words.data : "others", count, option->help);
	buffer_release(&words);
	return -1;
}
