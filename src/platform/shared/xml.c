/* SPDX-License-Identifier: MIT */
#include "platform/shared/xml.h"

#include <expat.h>

struct reader {
	XML_Parser parser;
	const char *root;
	struct xml_field *fields;
	size_t count, depth;
	struct xml_field *open; /* the field whose element is being read */
	bool failed;
};

static void stop(struct reader *reader)
{
	reader->failed = true;
	XML_StopParser(reader->parser, XML_FALSE);
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *reader = context;

	reader->depth++;
	if (reader->depth == 1 && strcmp(name, reader->root) != 0)
		stop(reader);
	if (reader->depth == 3 &&
		reader->open != NULL) { /* a child element: the field is not flat */
		reader->open->found = false;
		reader->open->text[0] = '\0';
		reader->open = NULL;
	}
	for (size_t i = 0; i < reader->count && reader->depth == 2; i++)
		if (strcmp(name, reader->fields[i].name) == 0) {
			reader->open = &reader->fields[i];
			if (reader->open->found)
				stop(reader);
			reader->open->found = true;
		}
}

static void on_end(void *context, const XML_Char *name)
{
	struct reader *reader = context;

	if (reader->depth == 2)
		reader->open = NULL;
	reader->depth--;
}

static void on_text(void *context, const XML_Char *text, int length)
{
	struct reader *reader = context;
	struct xml_field *field = reader->open;
	size_t there;

	if (field == NULL)
		return;
	there = strlen(field->text);
	if ((size_t)length < field->size - there) {
		memcpy(field->text + there, text, (size_t)length);
		field->text[there + (size_t)length] = '\0';
		return;
	}
	field->found = false;
	field->text[0] = '\0';
	reader->open = NULL;
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
	const XML_Char *public_id, int has_subset)
{
	stop(context);
}

int xml_read(const char *bytes, size_t length, const char *root, struct xml_field *fields,
	size_t count, struct error *error)
{
	struct reader reader = {.root = root, .fields = fields, .count = count};
	bool good = false;

	for (size_t i = 0; i < count; i++) {
		fields[i].found = false;
		fields[i].text[0] = '\0';
	}
	reader.parser = XML_ParserCreate(NULL);
	if (reader.parser != NULL) {
		XML_SetUserData(reader.parser, &reader);
		XML_SetElementHandler(reader.parser, on_start, on_end);
		XML_SetCharacterDataHandler(reader.parser, on_text);
		XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
		good = XML_Parse(reader.parser, bytes, (int)length, XML_TRUE) == XML_STATUS_OK &&
		       !reader.failed;
		XML_ParserFree(reader.parser);
	}
	return good ? 0 : error_set(error, "the answer is not XML as documented");
}
