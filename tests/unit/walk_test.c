/* SPDX-License-Identifier: MIT
 *
 * Random walks: browsers that arrive, sign in, come back with links and forms that are used, old or
 * somebody else's, sign out, and wait, while the platform fails and the configuration changes.
 * After every step an oracle, which knows what was typed and what the platform was asked, says
 * whether the answer may be.
 *
 * WALKS=N takes more of them, WALK=N the one of that number.
 */
#include "request_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define HOST "meeting.example.org"

enum {
	BROWSERS = 3,
	PAGES = 8,
	LINKS = 64,
	STEPS = 30,
	WALKS = 60,
	SESSION_SECONDS = 3600,
	CLAIM_SECONDS = 660
};

/* What the configuration says now. */
struct site {
	const char *name;
	bool alice, carol; /* sign in */
	bool carol_in_m2;
};

static const struct site sites[] = {
	{"all", true, true, false},
	{"without alice", false, true, false},
	{"carol in m2", true, true, true},
};

struct link {
	char token[24];
	int meeting; /* 1 or 2 */
	unsigned led_in;
	int64_t asked; /* when the platform was asked; 0: not yet */
};

/* A login page that somebody has open. */
struct open_page {
	const struct answer *page;
	int browser, link;
};

struct person {
	struct browser browser;
	const char *name; /* whose session the browser has; NULL: nobody's */
	int64_t since;
	char ended[4500]; /* a session cookie that was signed out */
};

static struct walk {
	uint64_t random;
	const struct site *site;
	int platform_says;
	struct person people[BROWSERS];
	struct open_page pages[PAGES];
	struct link links[LINKS];
	int link_count, page_count;
	unsigned number, step;
	char what[200];
} walk;

static unsigned pick(unsigned count)
{
	walk.random = walk.random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(walk.random >> 33) % count;
}

#define ORACLE(holds)                                                                              \
	do {                                                                                       \
		if (!(holds))                                                                      \
			fail_msg("WALK=%u step %u (%s): %s does not hold", walk.number, walk.step, \
				walk.what, #holds);                                                \
	} while (0)

static void load(const struct site *site)
{
	char sections[1000];

	snprintf(sections, sizeof sections,
		"platform \"" HOST "\" { type = \"mock\" api = \"@api@\" timeout = \"60s\" }\n"
		"backend \"staff\" { type = \"mock\" users = {\"alice=%s\", \"bob=deny\", "
		"\"carol=%s\", \"dave=grant\", \"erin=unavailable\"} }\n"
		"policy {\n rule \"alice\" { allow = true users = {\"alice\"} }\n"
		" rule \"carol\" { allow = true users = {\"carol\"} meetings = {\"%s\"} }\n"
		" default = deny\n}\n",
		site->alice ? "grant" : "unknown", site->carol ? "grant" : "deny",
		site->carol_in_m2 ? "*" : "m1");
	site_load("throttle-account = \"1000/1h\"\nthrottle-address = \"10000/1h\"\n"
		  "session-lifetime = \"1h\"\nsession-idle = \"1h\"\n",
		sections);
	walk.site = site;
}

/* ---- the oracle ---- */

static bool can_sign_in(const char *name)
{
	return (strcmp(name, "alice") == 0 && walk.site->alice) ||
	       (strcmp(name, "carol") == 0 && walk.site->carol) || strcmp(name, "dave") == 0;
}

static bool may_join(const char *name, int meeting)
{
	return strcmp(name, "alice") == 0 ||
	       (strcmp(name, "carol") == 0 && (meeting == 1 || walk.site->carol_in_m2));
}

static unsigned exchanges(const struct link *link)
{
	char target[64];

	snprintf(target, sizeof target, "/exchange/key/%s ", link->token);
	return peer_requests(target);
}

/* `typed`: the name that was typed for this answer, or NULL. */
static void judge(const struct answer *answer, struct person *person, int number, const char *typed)
{
	struct link *link = &walk.links[number];
	const char *session = set_cookie(answer, "__Host-meetauth");
	const char *to = leads_to(answer);
	char wanted[64];

	if (getenv("WALK") != NULL)
		print_message("  link %d: %d %s, asked %u times, platform %d\n", number,
			answer->status, to != NULL ? to : "-", exchanges(link), walk.platform_says);
	ORACLE(answer->status != 0 && answer->status != 500);
	if (session != NULL && typed != NULL && strncmp(session, ";", 1) != 0 &&
		cookie(&person->browser, "__Host-meetauth") != NULL) {
		ORACLE(can_sign_in(typed));
		person->name = typed;
		person->since = site_now();
	}
	if (cookie(&person->browser, "__Host-meetauth") == NULL)
		person->name = NULL;
	for (int i = 0; i < walk.link_count; i++)
		ORACLE(exchanges(&walk.links[i]) <= 1);
	if (link->asked == 0 && exchanges(link) == 1)
		link->asked = site_now();
	if (to == NULL || strstr(to, "/meeting/") == NULL)
		return;
	link->led_in++;
	snprintf(wanted, sizeof wanted, "/meeting/t%d?token=access", link->meeting);
	ORACLE(strstr(to, wanted) != NULL);
	ORACLE(link->led_in == 1);
	ORACLE(exchanges(link) == 1);
	ORACLE(walk.platform_says == 200);
	ORACLE(person->name != NULL);
	ORACLE(can_sign_in(person->name));
	ORACLE(may_join(person->name, link->meeting));
	ORACLE(site_now() - person->since < SESSION_SECONDS);
}

/* ---- the steps ---- */

static void remember(const struct answer *page, int browser, int link)
{
	if (page->status == 200 && says(page, "(login.title)"))
		walk.pages[walk.page_count++ % PAGES] = (struct open_page){page, browser, link};
}

static void target_of(int link, char *target, size_t size)
{
	int meeting = walk.links[link].meeting;

	snprintf(target, size, "?hostname=" HOST "&meetingId=m%d&meetingToken=t%d&requestToken=%s",
		meeting, meeting, walk.links[link].token);
}

static void arrive(int number, int link)
{
	struct person *person = &walk.people[number];
	const struct answer *answer;
	char target[200];

	target_of(link, target, sizeof target);
	answer = visit(&person->browser, target);
	judge(answer, person, link, NULL);
	if (answer->status == 303)
		remember(follow(&person->browser, answer), number, link);
}

/* The next link of the platform; -1: there have been enough. */
static int new_link(void)
{
	struct link *link = &walk.links[walk.link_count];

	if (walk.link_count == LINKS)
		return -1;
	*link = (struct link){.meeting = 1 + (int)pick(2)};
	snprintf(link->token, sizeof link->token, "rt-%u-%d-walk", walk.number, walk.link_count);
	return walk.link_count++;
}

static void arrive_anew(void)
{
	int number = new_link();

	snprintf(walk.what, sizeof walk.what, "a new link");
	if (number >= 0)
		arrive((int)pick(BROWSERS), number);
}

/* While the platform takes its time, somebody clicks twice, or somebody else clicks as well. */
static void click_twice(void)
{
	struct person *people[] = {&walk.people[pick(BROWSERS)], &walk.people[pick(BROWSERS)]};
	struct answer *begun[2];
	int number = new_link();
	char target[200], asked[64];

	snprintf(walk.what, sizeof walk.what, "two clicks at once");
	if (number < 0 || walk.platform_says == PEER_HANGS_UP || people[0]->name == NULL ||
		!can_sign_in(people[0]->name) ||
		!may_join(people[0]->name, walk.links[number].meeting) ||
		site_now() - people[0]->since >= SESSION_SECONDS)
		return;
	target_of(number, target, sizeof target);
	snprintf(asked, sizeof asked, "/exchange/key/%s ", walk.links[number].token);
	peer_says("/exchange/key/", PEER_HANGS, "", "");
	for (int i = 0; i < 2; i++)
		begun[i] = begin_it(&people[i]->browser, &(struct sent){.target = target});
	wait_for_peer(asked, 1);
	peer_says("/exchange/key/", walk.platform_says, "", "access");
	peer_goes_on(walk.platform_says, "", "access");
	for (int i = 0; i < 2; i++)
		judge(end_it(begun[i]), people[i], number, NULL);
}

/* The platform's tokens end before our claims do. */
static void arrive_again(void)
{
	int number = walk.link_count > 0 ? (int)pick((unsigned)walk.link_count) : -1;

	snprintf(walk.what, sizeof walk.what, "a link that was there before");
	if (number >= 0 && (walk.links[number].asked == 0 ||
				   site_now() - walk.links[number].asked < CLAIM_SECONDS))
		arrive((int)pick(BROWSERS), number);
}

/* A form, perhaps one that was sent before, mostly from the browser that has it. */
static void fill_in(void)
{
	static const char *const names[] = {
		"alice", "alice", "carol", "carol", "bob", "dave", "erin", "nobody"};
	int pages = walk.page_count < PAGES ? walk.page_count : PAGES;
	const char *name = names[pick(sizeof names / sizeof *names)];
	const struct open_page *open;
	struct person *person;
	char fields[64];

	if (pages == 0)
		return;
	open = &walk.pages[pick((unsigned)pages)];
	person = &walk.people[pick(4) == 0 ? pick(BROWSERS) : (unsigned)open->browser];
	snprintf(walk.what, sizeof walk.what, "%s signs in", name);
	snprintf(fields, sizeof fields, "name=%s&password=x", name);
	judge(submit(&person->browser, open->page, NULL, fields), person, open->link, name);
}

static void sign_out(void)
{
	struct person *person = &walk.people[pick(BROWSERS)];
	const char *session = cookie(&person->browser, "__Host-meetauth");
	const struct answer *page;

	snprintf(walk.what, sizeof walk.what, "signing out");
	if (session == NULL)
		return;
	snprintf(person->ended, sizeof person->ended, "%s", session);
	page = visit(&person->browser, "/logout");
	ORACLE(page->status == 200);
	if (!says(page, "name=\"ticket\""))
		return;
	ORACLE(submit(&person->browser, page, "name=\"ticket\"", "")->status < 400);
	person->name = NULL;
	forget_cookie(&person->browser, "__Host-meetauth");
}

/* Somebody has a copy of a session that was signed out. */
static void steal(void)
{
	struct person *owner = &walk.people[pick(BROWSERS)];
	struct person thief = {0};
	char target[200];
	const char *to;

	snprintf(walk.what, sizeof walk.what, "a session that was signed out");
	if (owner->ended[0] == '\0' || walk.link_count == LINKS)
		return;
	snprintf(thief.browser.jar[0].name, sizeof thief.browser.jar[0].name, "__Host-meetauth");
	snprintf(thief.browser.jar[0].value, sizeof thief.browser.jar[0].value, "%s", owner->ended);
	snprintf(target, sizeof target,
		"?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken=rt-thief-%u-%u",
		walk.number, walk.step);
	to = leads_to(visit(&thief.browser, target));
	ORACLE(to == NULL || strstr(to, "/meeting/") == NULL);
}

static void fail_the_platform(void)
{
	static const int says[] = {200, 200, 200, 403, 500, PEER_HANGS_UP};

	walk.platform_says = says[pick(sizeof says / sizeof *says)];
	peer_says("/exchange/key/", walk.platform_says, "", "access");
}

static void one_step(void)
{
	snprintf(walk.what, sizeof walk.what, "waiting, or another configuration");
	switch (pick(16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		arrive_anew();
		break;
	case 4:
	case 5:
		arrive_again();
		break;
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
		fill_in();
		break;
	case 11:
		pick(2) == 0 ? sign_out() : click_twice();
		break;
	case 12:
		steal();
		break;
	case 13:
		later(60 * (int64_t)pick(40));
		break;
	case 14:
		fail_the_platform();
		break;
	default:
		load(&sites[pick(sizeof sites / sizeof *sites)]);
	}
}

static unsigned number_of(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? (unsigned)atoi(text) : otherwise;
}

static unsigned led_in(void)
{
	unsigned count = 0;

	for (int i = 0; i < walk.link_count; i++)
		count += walk.links[i].led_in;
	return count;
}

static void nobody_gets_in_who_may_not_and_no_token_is_spent_twice(void **state)
{
	unsigned first = number_of("WALK", 0),
		 count = getenv("WALK") != NULL ? 1 : number_of("WALKS", WALKS);
	unsigned in = 0;

	for (unsigned i = first; i < first + count; i++) {
		walk = (struct walk){.random = i + 1, .number = i};
		assert_int_equal(site_up(state), 0);
		site_secret(HOST, "key");
		load(&sites[0]);
		peer_says("/exchange/key/", walk.platform_says = 200, "", "access");
		for (walk.step = 0; walk.step < STEPS; walk.step++) {
			one_step();
			if (getenv("WALK") != NULL)
				print_message("%u: %s\n", walk.step, walk.what);
		}
		in += led_in();
		assert_int_equal(site_down(state), 0);
	}
	print_message("%u walks led into %u meetings\n", count, in);
	assert_true(count == 1 || in > count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_gets_in_who_may_not_and_no_token_is_spent_twice)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
