/* SPDX-License-Identifier: MIT */
#include "ctl/log_read.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/given.h"
#include "ctl/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_FILE "/var/log/meetauth/meetauthd.log"
#define SENDER	 "meetauth" /* begins the names of our programs */

extern char **environ;

struct log_reader {
	FILE *file;
	pid_t journal; /* the process that writes to the pipe; 0: a file */
	char *line;
	size_t size, skipped;
	int64_t since;		  /* seconds since 1970; 0: from the beginning */
	bool any;		  /* an event was read, however old */
	int64_t now, done, total; /* done, total: bytes; 0: the size is unknown */
	struct progress progress;
};

/* ---- logfmt ---- */

/* Removes the quotes of a value, and the escapes of quotes and backslashes, in place. Other escapes
 * stay: what they stand for must not reach a terminal. Returns what follows the value, or NULL. */
static char *unquote(char *text)
{
	char *from = text + 1, *to = text;

	while (*from != '"' && *from != '\0') {
		if (from[0] == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from++;
	}
	if (*from != '"')
		return NULL;
	*to = '\0';
	return from + 1;
}

/* Stores the field that `text` begins with. Returns the next one, or NULL. */
static char *parse_field(char *text, json_t *fields)
{
	char *value = strchr(text, '='), *end;

	if (value == NULL)
		return NULL;
	*value++ = '\0';
	end = *value == '"' ? unquote(value) : value + strcspn(value, " ");
	if (end == NULL)
		return NULL;
	if (*end != '\0')
		*end++ = '\0';
	json_object_set_new(fields, text, json_string(value));
	return end;
}

static json_t *parse_logfmt(char *text)
{
	json_t *fields = json_object();

	while (text != NULL && *text != '\0')
		text = parse_field(text, fields);
	return fields;
}

/* Parses JSON, with the same escapes as unquote(). */
static json_t *parse_json(const char *text)
{
	char *kept = xcalloc(2 * strlen(text) + 1, 1), *to = kept;
	json_t *fields;

	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && (text[1] == '"' || text[1] == '\\'))
			*to++ = *text++;
		else if (text[0] == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	fields = json_loads(kept, 0, NULL);
	free(kept);
	return fields;
}

static json_t *parse_payload(char *text)
{
	if (text[0] == '{')
		return parse_json(text);
	if (strncmp(text, "time=", 5) == 0 || strncmp(text, "level=", 6) == 0)
		return parse_logfmt(text);
	return NULL;
}

/* ---- times ---- */

/* RFC 3339, with or without a fraction; also with the offset "+0200" of journalctl. 0: it is
 * something else. *end_r is what follows. */
static int64_t parse_iso(const char *text, const char **end_r)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	long offset;

	if (end == NULL)
		return 0;
	if (*end == '.' || *end == ',')
		end += 1 + strspn(end + 1, "0123456789");
	if (*end == '\0' || strptime(end, "%z", &tm) == NULL)
		return 0;
	offset = tm.tm_gmtoff;
	*end_r = end + strcspn(end, " ");
	return timegm(&tm) - offset;
}

/* "Nov 30 17:01:25", in the time of this machine. The year is that of `now`, or the one before. */
static int64_t parse_traditional(const char *text, int64_t now)
{
	time_t today = (time_t)now;
	struct tm tm = {0}, local;
	int64_t seconds;

	if (strptime(text, "%b %d %H:%M:%S", &tm) == NULL)
		return 0;
	localtime_r(&today, &local);
	tm.tm_year = local.tm_year;
	tm.tm_isdst = -1;
	local = tm;
	seconds = mktime(&local);
	if (seconds > now + 24 * 3600) {
		tm.tm_year--;
		seconds = mktime(&tm);
	}
	return seconds;
}

/* ---- a line ---- */

/* Finds what follows the prefix of syslog or journalctl, "TIME HOST SENDER[PID]: ", if one of our
 * programs sent the line. */
static char *skip_prefix(char *line)
{
	char *end = strstr(line, ": "), *sender;

	if (end == NULL)
		return NULL;
	*end = '\0';
	sender = strrchr(line, ' ');
	*end = ':';
	if (sender == NULL || strncmp(sender + 1, SENDER, strlen(SENDER)) != 0)
		return NULL;
	return end + 2;
}

static bool is_sender(const json_t *entry, const char *key)
{
	const char *name = json_string_value(json_object_get(entry, key));

	return name != NULL && strncmp(name, SENDER, strlen(SENDER)) == 0;
}

/* The text of a journal entry. journalctl writes one that is not printable as a list of bytes. The
 * caller frees it. */
static char *message_of(const json_t *entry)
{
	const json_t *message = json_object_get(entry, "MESSAGE"), *byte;
	char *text;
	size_t i;

	if (json_is_string(message))
		return xstrdup(json_string_value(message));
	text = xcalloc(json_array_size(message) + 1, 1);
	json_array_foreach(message, i, byte) text[i] = (char)json_integer_value(byte);
	return text;
}

/* Replaces an entry of the journal by the event in it. */
static json_t *open_journal_entry(json_t *entry, int64_t *seconds_r)
{
	const char *stamp = json_string_value(json_object_get(entry, "__REALTIME_TIMESTAMP"));
	json_t *fields = NULL;
	char *text;

	if (is_sender(entry, "_COMM") || is_sender(entry, "SYSLOG_IDENTIFIER")) {
		text = message_of(entry);
		fields = parse_payload(text);
		free(text);
	}
	if (stamp != NULL)
		*seconds_r = strtoll(stamp, NULL, 10) / 1000000;
	json_decref(entry);
	return fields;
}

bool log_parse(char *line, int64_t now, struct log_entry *entry)
{
	const char *end = NULL, *time;
	char *payload = line;

	line[strcspn(line, "\r\n")] = '\0';
	if (!text_is_printable(line))
		return false;
	entry->seconds = parse_iso(line, &end);
	if (entry->seconds == 0)
		entry->seconds = parse_traditional(line, now);
	if (line[0] != '{' && strncmp(line, "time=", 5) != 0 && strncmp(line, "level=", 6) != 0)
		payload = skip_prefix(line);
	entry->fields = payload != NULL ? parse_payload(payload) : NULL;
	if (json_object_get(entry->fields, "MESSAGE") != NULL)
		entry->fields = open_journal_entry(entry->fields, &entry->seconds);
	if (log_field(entry, "event") == NULL) {
		json_decref(entry->fields);
		entry->fields = NULL;
		return false;
	}
	time = log_field(entry, "time");
	if (time != NULL && parse_iso(time, &end) != 0)
		entry->seconds = parse_iso(time, &end);
	return true;
}

const char *log_field(const struct log_entry *entry, const char *key)
{
	return json_string_value(json_object_get(entry->fields, key));
}

bool log_field_is(const struct log_entry *entry, const char *key, const char *text)
{
	const char *value = log_field(entry, key);

	return value != NULL && strcmp(value, text) == 0;
}

/* ---- where the log is ---- */

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		ctl_die(EX_NOINPUT, "%s: cannot open: %s", path, strerror(errno));
	return file;
}

static void start_journal(struct log_reader *reader)
{
	static char program[] = "journalctl", all[] = "--all", quiet[] = "--quiet",
		    json[] = "--output=json", unit[] = "--unit=meetauth*";
	char since[48];
	char *argv[] = {program, all, quiet, json, unit, reader->since != 0 ? since : NULL, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], rc;

	snprintf(since, sizeof since, "--since=@%lld", (long long)reader->since);
	if (pipe2(ends, O_CLOEXEC) != 0)
		ctl_die(EX_OSERR, "pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	rc = posix_spawnp(&reader->journal, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (rc != 0)
		ctl_die(EX_NOINPUT,
			"no log found: there is no %s, and journalctl cannot run: %s. Name the "
			"file "
			"with --log, or pipe the log in",
			LOG_FILE, strerror(rc));
	reader->file = fdopen(ends[0], "r");
	if (reader->file == NULL)
		ctl_die(EX_OSERR, "fdopen: %s", strerror(errno));
}

struct log_reader *log_reader_open(const struct ctl *ctl)
{
	const char *path = ctl->given.log;
	struct log_reader *reader = xcalloc(1, sizeof *reader);

	reader->now = clock_wall();
	reader->since = given_since(ctl);
	if (path != NULL && strcmp(path, "-") != 0)
		reader->file = open_file(path);
	else if (path != NULL || !isatty(STDIN_FILENO))
		reader->file = stdin;
	else if (access(LOG_FILE, F_OK) == 0)
		reader->file = open_file(LOG_FILE);
	else
		start_journal(reader);
	return reader;
}

void log_reader_show_progress(struct log_reader *reader)
{
	struct stat st;

	if (fstat(fileno(reader->file), &st) == 0 && S_ISREG(st.st_mode))
		reader->total = st.st_size;
	progress_begin(&reader->progress, "reading the log", clock_monotonic_ms());
}

static void check_end(struct log_reader *reader)
{
	int status = 0;

	progress_end();

	if (ferror(reader->file))
		ctl_die(EX_IOERR, "cannot read the log: %s", strerror(errno));
	if (reader->journal != 0 && waitpid(reader->journal, &status, 0) == reader->journal &&
		status != 0)
		ctl_die(EX_NOINPUT, "journalctl failed. Run it yourself: journalctl -o json "
				    "-u meetauth | meetauthctl …");
}

bool log_reader_next(struct log_reader *reader, struct log_entry *entry)
{
	ssize_t length;

	while ((length = getline(&reader->line, &reader->size, reader->file)) >= 0) {
		reader->done += length;
		if (reader->progress.terminal)
			progress_step(&reader->progress, clock_monotonic_ms(), reader->done,
				reader->total);
		if (!log_parse(reader->line, reader->now, entry)) {
			reader->skipped++;
			continue;
		}
		reader->any = true;
		if (reader->since == 0 || entry->seconds >= reader->since)
			return true;
		json_decref(entry->fields);
	}
	check_end(reader);
	return false;
}

bool log_reader_is_wrong(const struct log_reader *reader)
{
	bool asked_for_less = reader->journal != 0 && reader->since != 0;

	return !reader->any && !asked_for_less;
}

size_t log_reader_skipped(const struct log_reader *reader)
{
	return reader->skipped;
}

void log_reader_close(struct log_reader **reader)
{
	progress_end();
	if ((*reader)->file != stdin)
		fclose((*reader)->file);
	free((*reader)->line);
	free(*reader);
	*reader = NULL;
}
