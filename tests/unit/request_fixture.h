/* SPDX-License-Identifier: MIT
 *
 * A whole process without nginx, FastCGI or a network: a request goes in, a response comes out, in
 * milliseconds. The configuration is real, and so are the drivers, the store, the pages and the
 * loop; the types "mock" of backends and platforms are built in as well. The state is kept in
 * memory, other hosts are a server on the same loop that says what the test wants, and the clock
 * can be put forward.
 *
 * Every sentence of a page is its key in parentheses, followed by what it names:
 * "(error.denied.title)". So a test asks for "(error.account) alice", and no change of words breaks
 * it.
 *
 * What a function returns belongs to the fixture and lasts until the end of the test.
 */
#ifndef REQUEST_FIXTURE_H
#define REQUEST_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#define ORIGIN "https://external.example.org"
#define MOUNT  "/auth"

/* ---- the site ---- */

/* For cmocka: before and after each test. */
int site_up(void **state);
int site_down(void **state);

/* Loads a configuration: sections, after the options that every site has (base-url, store, state,
 * …) and after `options`, which may be "". @api@ becomes the address of the other hosts, @closed@
 * one that nobody listens at, @folder@ the site's folder. Called once more it is a reload. */
void site_load(const char *options, const char *sections);

/* Reads the files of the last configuration again. */
void site_reload(void);

/* What site_load() says of a configuration that must be refused; never NULL. */
const char *site_refusal(const char *options, const char *sections);

/* From now on `languages` may have that one of share/lang, with its sentences instead of keys. */
void site_language(const char *code);

/* A version of a secret, the newest from the next load on. */
void site_secret(const char *name, const char *value);

/* Writes a file into the site's folder; returns its path. */
const char *site_file(const char *name, const char *text);

/* From now on secrets are renewed, as in a process; site_settle() is of no use then. */
void site_upkeep(void);

/* Puts the clock forward by which sessions, tickets, rates and leases end. */
void later(int64_t seconds);
/* Puts the clock forward by which deadlines and pauses end, of what is under way too. */
void wait_out(int64_t seconds);
int64_t site_now(void);

/* How many visits are under way. */
unsigned site_in_flight(void);

/* The process is about to end, as after a SIGTERM. */
void site_drain(void);

/* Runs the loop until nothing is left to do but to wait for requests. */
void site_settle(void);

/* ---- the state ---- */

/* Kinds of entries, as state/driver.h has them. */
#define CLAIMS	 "c"
#define COUNTERS "t"
#define RATES	 "r"
#define MARKS	 "m"
#define ENDS	 "e"
#define KNOWN	 "k"
#define LEASES	 "l"
#define ALL	 "ctrmekl"

/* From now on entries of these kinds can be read, or changed, no more; "": all is well again. */
void state_break(const char *reads, const char *changes);

/* How many entries of a kind there are that have not expired. */
unsigned state_count(const char *kind);

/* ---- other hosts ---- */

enum { PEER_HANGS = 0, PEER_HANGS_UP = -1 };

/* What is answered from now on to requests whose target begins with that: a status and a body, or
 * one of the above. The latest that fits counts. `headers` end in "\r\n" each; "": none. */
void peer_says(const char *target, int status, const char *headers, const char *body);

/* The same with a status of 200 and a body that is made of the request; malloc'ed. */
void peer_makes(const char *target, const char *headers, char *(*make)(const char *request));

/* Answers the requests that hang. */
void peer_goes_on(int status, const char *headers, const char *body);

/* How many requests came whose target begins with that, and the last of them, head and body. */
unsigned peer_requests(const char *target);
const char *peer_last(const char *target);

/* Where the server is: "http://127.0.0.1:PORT". */
const char *peer_address(void);

/* ---- a browser ---- */

struct browser {
	const char *address; /* NULL: 192.0.2.1 */
	struct {
		char name[64], value[4500];
	} jar[6];
};

enum arrives {
	ARRIVES_WHOLE = 0,
	ARRIVES_LATE,
	ARRIVES_BROKEN,
	ARRIVES_TOO_LARGE,
	FINDS_NO_ROOM,
};

/* What is sent. Zero is a GET of "/" by a browser. */
struct sent {
	const char *method;  /* NULL: GET */
	const char *target;  /* path and query; a path alone begins at the mount */
	const char *type;    /* Content-Type */
	const char *body;    /* NULL: none */
	const char *accept;  /* NULL: a browser's; "": none */
	const char *site;    /* Sec-Fetch-Site; NULL: same-origin for POST, else none */
	const char *more[6]; /* FastCGI parameters: "HTTP_ORIGIN=https://a.example" */
	enum arrives arrives;
};

struct answer {
	int status; /* 0: not there yet, or nothing came */
	char *head, *body;
	/* private */
	struct browser *browser;
	int fd;
	struct answer *next;
};

/* Sends a request and waits for the answer, whose cookies go into the jar. The log begins anew. */
const struct answer *send_it(struct browser *browser, const struct sent *what);
#define SEND(browser, ...) send_it(browser, &(struct sent){__VA_ARGS__})

/* The same in two steps, for what happens meanwhile. */
struct answer *begin_it(struct browser *browser, const struct sent *what);
#define BEGIN(browser, ...) begin_it(browser, &(struct sent){__VA_ARGS__})
const struct answer *end_it(struct answer *answer);

/* Runs the loop until so many requests of that kind have come to the other hosts. */
void wait_for_peer(const char *target, unsigned count);

/* The browser closes the connection before the answer. */
void hang_up(struct answer *answer);

/* GET. */
const struct answer *visit(struct browser *browser, const char *target);

/* GET of where the answer leads, which must be ours. */
const struct answer *follow(struct browser *browser, const struct answer *answer);

/* Sends the form of a page, the first in which `marker` stands (NULL: the first), with its hidden
 * fields and with those: "name=alice&password=x". */
const struct answer *submit(
	struct browser *browser, const struct answer *page, const char *marker, const char *fields);
/* The body of the above, for tests that change it. */
const char *form_body(const struct answer *page, const char *marker, const char *fields);

/* From an entry to the login page, and its first form with those fields. */
const struct answer *sign_in(struct browser *browser, const char *entry, const char *fields);

/* The value of an answer's header; NULL. Of a cookie all that Set-Cookie says. */
const char *header(const struct answer *answer, const char *name);
const char *set_cookie(const struct answer *answer, const char *name);

/* Where the answer leads: Location, or what a page goes on to by itself; NULL. */
const char *leads_to(const struct answer *answer);

/* The address of the first link in whose tag or text `marker` stands; NULL. */
const char *link_of(const struct answer *page, const char *marker);

bool says(const struct answer *answer, const char *text);

/* What stands behind `start` in a text, up to one of `ends`; NULL. */
const char *cut(const char *text, const char *start, const char *ends);

/* A cookie of the jar; NULL. */
const char *cookie(const struct browser *browser, const char *name);
void forget_cookie(struct browser *browser, const char *name);

/* ---- the log ---- */

/* Since the last request was sent: how many lines of an event, and a field of the last one; NULL.
 */
unsigned log_count(const char *event);
const char *log_field(const char *event, const char *name);
bool log_says(const char *text);

/* ---- assertions, with what came in the message ---- */

#define assert_status(answer, wanted) assert_status_at(answer, wanted, __FILE__, __LINE__)
#define assert_says(answer, text)     assert_says_at(answer, text, true, __FILE__, __LINE__)
#define assert_silent(answer, text)   assert_says_at(answer, text, false, __FILE__, __LINE__)
/* The answer leads to an address in which that stands. */
#define assert_leads(answer, text) assert_leads_at(answer, text, __FILE__, __LINE__)
/* Fields of the last line of an event, in any order: "result=ok user=alice". A value ends at a
 * blank; an empty one ("user=") means that there is no such field. */
#define assert_logged(event, fields) assert_logged_at(event, fields, __FILE__, __LINE__)
/* An error page: its status, its code, and the key of its sentence below "error.CODE.". */
#define assert_failure(answer, status, code, sentence)                                             \
	assert_failure_at(answer, status, code, sentence, __FILE__, __LINE__)

void assert_status_at(const struct answer *answer, int wanted, const char *file, int line);
void assert_says_at(
	const struct answer *answer, const char *text, bool wanted, const char *file, int line);
void assert_leads_at(const struct answer *answer, const char *text, const char *file, int line);
void assert_logged_at(const char *event, const char *fields, const char *file, int line);
void assert_failure_at(const struct answer *answer, int status, const char *code,
	const char *sentence, const char *file, int line);

#endif
