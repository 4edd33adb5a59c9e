/* SPDX-License-Identifier: MIT */
#include "auth/registry.h"

#include "base/memory.h"

#include <pthread.h>

#define BACKEND(name, type, built) extern const struct auth_backend auth_##name;
#include "auth/backends.def"
#undef BACKEND

/* IF_BUILT(built, pointer) is the pointer if `built` is 1, otherwise NULL. An undefined macro of
 * config.h remains a word, for which there is no PLACEHOLDER_. */
#define PLACEHOLDER_1		   0,
#define SECOND(first, second, ...) second
#define PICK(placeholder, pointer) SECOND(placeholder pointer, NULL, )
#define PASTE(built, pointer)	   PICK(PLACEHOLDER_##built, pointer)
#define IF_BUILT(built, pointer)   PASTE(built, pointer)

static const struct {
	const char *type;
	const struct auth_backend *backend;
} rows[] = {
#define BACKEND(name, type, built) {type, IF_BUILT(built, &auth_##name)},
#include "auth/backends.def"
#undef BACKEND
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct auth_backend *auth_find(const char *type)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].type, type) == 0)
			return rows[i].backend;
	return NULL;
}

const struct auth_backend *auth_at(size_t index)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].backend != NULL && index-- == 0)
			return rows[i].backend;
	return NULL;
}

const char *auth_missing_at(size_t index)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].backend == NULL && index-- == 0)
			return rows[i].type;
	return NULL;
}

static struct section_type types[ROWS + 1];

static void fill_types(void)
{
	for (size_t i = 0; i < ROWS; i++)
		types[i] = (struct section_type){
			rows[i].type, rows[i].backend != NULL ? rows[i].backend->options : NULL};
}

const struct section_type *auth_section_types(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_types);
	return types;
}

void *auth_open(
	const struct auth_backend *backend, const struct section *section, struct error *error)
{
	void *instance = xcalloc(1, backend->size);

	if (section_fill(section, instance, error) != 0) {
		free(instance);
		return NULL;
	}
	if (backend->open == NULL || backend->open(instance, section, error) == 0)
		return instance;
	auth_close(backend, instance);
	return NULL;
}

void auth_close(const struct auth_backend *backend, void *instance)
{
	if (instance != NULL && backend->close != NULL)
		backend->close(instance);
	free(instance);
}

bool auth_needs_secret(const struct auth_backend *backend, void *instance)
{
	const struct auth_secret *secret = backend->secret;

	return secret != NULL && (secret->needed == NULL || secret->needed(instance));
}

enum auth_kind auth_kind(const struct auth_backend *backend)
{
	if (backend->form != NULL)
		return AUTH_FORM;
	if (backend->redirect != NULL)
		return AUTH_REDIRECT;
	if (backend->identify != NULL)
		return AUTH_AMBIENT;
	return backend->link ? AUTH_LINK : AUTH_PASSWORD;
}
