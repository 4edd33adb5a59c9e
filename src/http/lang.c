/* SPDX-License-Identifier: MIT */
#include "http/lang.h"

#include "base/file.h"
#include "base/text.h"
#include "http/accept.h"
#include "http/plural.h"

#include <jansson.h>
#include <strings.h>

enum { LANG_FILE_MAX = 256 * 1024 };

struct lang {
	char *code;
	char *file; /* for errors */
	json_t *sentences;
};

struct langs {
	size_t count;
	struct lang all[];
};

/* The brace that closes the one at the start of `text`; NULL: none does. */
static const char *closing_brace(const char *text)
{
	int depth = 0;

	for (; *text != '\0'; text++) {
		depth += (*text == '{') - (*text == '}');
		if (depth == 0)
			return text;
	}
	return NULL;
}

enum sentence_part sentence_next(const char **at, const char **part_r, size_t *length_r)
{
	const char *end;

	if (**at == '\0')
		return SENTENCE_END;
	end = **at == '{' ? closing_brace(*at) : NULL;
	if (end != NULL) {
		*part_r = *at + 1;
		*length_r = (size_t)(end - *at - 1);
		*at = end + 1;
		return memchr(*part_r, ',', *length_r) != NULL ? SENTENCE_PLURAL : SENTENCE_VALUE;
	}
	*part_r = *at;
	*length_r = 1 + strcspn(*at + 1, "{");
	*at += *length_r;
	return SENTENCE_TEXT;
}

static bool is_value_name(const char *name, size_t length)
{
	size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return length > 0 && good >= length;
}

static bool is_well_formed(const char *sentence)
{
	struct plural_form forms[PLURAL_COUNT];
	enum sentence_part part;
	const char *text;
	size_t length;

	if (sentence[0] == '\0' || !text_is_printable(sentence))
		return false;
	while ((part = sentence_next(&sentence, &text, &length)) != SENTENCE_END) {
		if (part == SENTENCE_PLURAL && !plural_parse(text, length, &length, forms))
			return false;
		if (part != SENTENCE_TEXT && !is_value_name(text, length))
			return false;
		if (part == SENTENCE_TEXT && memchr(text, '{', length) != NULL)
			return false;
	}
	return true;
}

static int check_sentences(const struct lang *lang, struct error *error)
{
	const char *key;
	json_t *value;

	if (!json_is_object(lang->sentences))
		return error_set(
			error, "%s: expected one JSON object of keys and sentences", lang->file);
	json_object_foreach(lang->sentences, key, value)
	{
		if (!json_is_string(value))
			return error_set(error, "%s: \"%s\" must be a string", lang->file, key);
		if (strlen(json_string_value(value)) != json_string_length(value) ||
			!is_well_formed(json_string_value(value)))
			return error_set(error,
				"%s: \"%s\" must be a sentence without control characters, each "
				"{name} closed, plurals with \"other\"",
				lang->file, key);
	}
	return 0;
}

static int parse(struct lang *lang, struct error *error)
{
	struct buffer text = BUFFER_INIT(LANG_FILE_MAX);
	json_error_t reason;
	int result = file_read_text(lang->file, FILE_PUBLIC, &text, error);

	if (result == 0) {
		lang->sentences = json_loadb(text.length > 0 ? text.data : "", text.length,
			JSON_REJECT_DUPLICATES, &reason);
		if (lang->sentences == NULL)
			result =
				error_set(error, "%s:%d: %s", lang->file, reason.line, reason.text);
	}
	buffer_release(&text);
	return result;
}

static int load(struct lang *lang, const char *folder, const char *code, struct error *error)
{
	/* the code becomes part of a file name and of the page */
	if (!text_is_token(code, 1, 35, "-"))
		return error_set(
			error, "\"%s\" is not a language tag such as \"en\" or \"pt-BR\"", code);
	lang->code = strdup(code);
	if (lang->code == NULL || asprintf(&lang->file, "%s/%s.json", folder, code) < 0) {
		lang->file = NULL;
		return error_set(error, "out of memory");
	}
	if (parse(lang, error) != 0)
		return -1;
	return check_sentences(lang, error);
}

/* Checks for all keys of the first language. */
static int check_complete(const struct langs *langs, struct error *error)
{
	const char *key;
	json_t *value;

	json_object_foreach(langs->all[0].sentences, key,
		value) for (size_t i = 1; i < langs->count;
			    i++) if (lang_text(&langs->all[i], key) == NULL) return error_set(error,
		"%s: \"%s\" is missing but %s has it", langs->all[i].file, key, langs->all[0].file);
	return 0;
}

struct langs *langs_load(
	const char *folder, const char *const *codes, size_t count, struct error *error)
{
	struct langs *langs;

	if (count == 0) {
		error_set(error, "no language is configured: set languages = {\"en\"}");
		return NULL;
	}
	langs = calloc(1, sizeof *langs + count * sizeof langs->all[0]);
	if (langs == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	for (; langs->count < count; langs->count++)
		if (load(&langs->all[langs->count], folder, codes[langs->count], error) != 0) {
			langs->count++; /* counted now, so that a failure frees it */
			goto fail;
		}
	if (check_complete(langs, error) == 0)
		return langs;
fail:
	langs_free(&langs);
	return NULL;
}

void langs_free(struct langs **langs)
{
	if (*langs == NULL)
		return;
	for (size_t i = 0; i < (*langs)->count; i++) {
		free((*langs)->all[i].code);
		free((*langs)->all[i].file);
		json_decref((*langs)->all[i].sentences);
	}
	free(*langs);
	*langs = NULL;
}

size_t lang_shorten(const char *range, size_t length)
{
	while (length > 0 && range[length - 1] != '-')
		length--;
	length -= length > 0;
	return length > 1 && range[length - 2] == '-' ? length - 2 : length;
}

static const struct lang *look_up(const struct langs *langs, struct accept_item range)
{
	for (; range.length > 0; range.length = lang_shorten(range.name, range.length))
		for (size_t i = 0; i < langs->count; i++)
			if (accept_is(&range, langs->all[i].code))
				return &langs->all[i];
	return NULL;
}

const struct lang *langs_look_up(const struct langs *langs, const char *range)
{
	return look_up(langs, (struct accept_item){.name = range, .length = strlen(range)});
}

const struct lang *langs_choose(const struct langs *langs, const char *accept_language)
{
	const struct lang *best = &langs->all[0];
	int best_quality = 0;
	struct accept_item range;
	enum accept found;

	while ((found = accept_next(&accept_language, &range)) == ACCEPT_ITEM) {
		const struct lang *match;

		if (range.quality <= best_quality)
			continue;
		match = accept_is(&range, "*") ? &langs->all[0] : look_up(langs, range);
		if (match == NULL)
			continue;
		best = match;
		best_quality = range.quality;
	}
	return found == ACCEPT_END ? best : &langs->all[0];
}

size_t langs_count(const struct langs *langs)
{
	return langs->count;
}

const struct lang *langs_at(const struct langs *langs, size_t index)
{
	return &langs->all[index];
}

const struct lang *langs_find(const struct langs *langs, const char *code)
{
	for (size_t i = 0; i < langs->count; i++)
		if (strcmp(langs->all[i].code, code) == 0)
			return &langs->all[i];
	return NULL;
}

const char *lang_code(const struct lang *lang)
{
	return lang->code;
}

/* By the scripts that CLDR's likelySubtags.xml has for these languages. */
bool lang_is_right_to_left(const struct lang *lang)
{
	static const char *const languages[] = {
		"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"};
	size_t length = strcspn(lang->code, "-");

	for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
		if (strlen(languages[i]) == length &&
			strncasecmp(languages[i], lang->code, length) == 0)
			return true;
	return false;
}

const char *lang_text(const struct lang *lang, const char *key)
{
	return json_string_value(json_object_get(lang->sentences, key));
}

static bool is_among(const char *name, size_t length, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strlen(*names) == length && memcmp(*names, name, length) == 0)
			return true;
	return false;
}

static int check_values(
	const struct lang *lang, const char *key, const char *const *names, struct error *error)
{
	const char *at = lang_text(lang, key), *text;
	enum sentence_part part;
	size_t length;

	if (at == NULL)
		return error_set(error, "%s: \"%s\" is missing", lang->file, key);
	while ((part = sentence_next(&at, &text, &length)) != SENTENCE_END) {
		if (part == SENTENCE_PLURAL)
			length = strcspn(text, ",");
		if (part != SENTENCE_TEXT && !is_among(text, length, names))
			return error_set(error, "%s: \"%s\": this page has no value {%.*s}",
				lang->file, key, (int)length, text);
	}
	return 0;
}

int langs_check(
	const struct langs *langs, const char *key, const char *const *names, struct error *error)
{
	for (size_t i = 0; i < langs->count; i++)
		if (check_values(&langs->all[i], key, names, error) != 0)
			return -1;
	return 0;
}
