/* SPDX-License-Identifier: MIT */
#include "base/network.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAPPED_BITS = 96 };

static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

static bool is_mapped(const struct network *network)
{
	return network->six && network->prefix >= MAPPED_BITS &&
	       memcmp(network->address, mapped, sizeof mapped) == 0;
}

static void unmap(struct network *network)
{
	memmove(network->address, network->address + sizeof mapped, 4);
	memset(network->address + 4, 0, sizeof network->address - 4);
	network->prefix = (uint8_t)(network->prefix - MAPPED_BITS);
	network->six = false;
}

/* Whether all bits after the prefix are 0. */
static bool is_clear(const struct network *network)
{
	unsigned bits = network->six ? 128 : 32;

	for (unsigned bit = network->prefix; bit < bits; bit++)
		if ((network->address[bit / 8] & 0x80U >> bit % 8) != 0)
			return false;
	return true;
}

bool network_parse_host(const char *text, struct network *host)
{
	*host = (struct network){.six = strchr(text, ':') != NULL};
	host->prefix = host->six ? 128 : 32;
	if (inet_pton(host->six ? AF_INET6 : AF_INET, text, host->address) != 1)
		return false;
	if (is_mapped(host))
		unmap(host);
	return true;
}

static void take_four(struct network *host, size_t at)
{
	memmove(host->address, host->address + at, 4);
	memset(host->address + 4, 0, sizeof host->address - 4);
	host->prefix = 32;
	host->six = false;
}

/* Replaces an IPv6 address that embeds an IPv4 address (of a translator or tunnel) by the IPv4
 * address. */
static void look_inside(struct network *host)
{
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b}, six_to_four[2] = {0x20, 0x02};

	if (!host->six)
		return;
	if (memcmp(host->address, nat64, sizeof nat64) == 0)
		take_four(host, sizeof nat64);
	else if (memcmp(host->address, six_to_four, sizeof six_to_four) == 0)
		take_four(host, sizeof six_to_four);
}

static struct network cut(const struct network *host, uint8_t prefix)
{
	struct network network = *host;

	memset(network.address + prefix / 8, 0, sizeof network.address - prefix / 8);
	network.prefix = prefix;
	return network;
}

size_t network_around(const char *text, struct network around[NETWORK_AROUND_MAX])
{
	static const uint8_t four[] = {32, 24}, six[] = {64, 56, 48};
	struct network host;
	size_t count;

	if (!network_parse_host(text, &host))
		return 0;
	look_inside(&host);
	count = host.six ? sizeof six : sizeof four;
	for (size_t i = 0; i < count; i++)
		around[i] = cut(&host, host.six ? six[i] : four[i]);
	return count;
}

const char *network_parse(const char *text, struct network *network)
{
	static const char form[] = "is not an address or network like 192.0.2.7, 10.0.0.0/8 or "
				   "2001:db8::/32";
	char address[INET6_ADDRSTRLEN] = "";
	size_t length = strcspn(text, "/");
	int64_t prefix;

	if (length >= sizeof address)
		return form;
	memcpy(address, text, length);
	*network = (struct network){.six = strchr(address, ':') != NULL};
	prefix = network->six ? 128 : 32;
	if (inet_pton(network->six ? AF_INET6 : AF_INET, address, network->address) != 1)
		return form;
	if (text[length] != '\0' && text_to_number(text + length + 1, 0, prefix, &prefix) != 0)
		return network->six ? "needs a number from 0 to 128 after the slash"
				    : "needs a number from 0 to 32 after the slash";
	network->prefix = (uint8_t)prefix;
	if (is_mapped(network))
		unmap(network);
	return is_clear(network) ? NULL : "has bits set after its prefix";
}

bool network_covers(const struct network *outer, const struct network *inner)
{
	unsigned whole = outer->prefix / 8, rest = outer->prefix % 8;

	if (outer->six != inner->six || outer->prefix > inner->prefix ||
		memcmp(outer->address, inner->address, whole) != 0)
		return false;
	return rest == 0 || (outer->address[whole] ^ inner->address[whole]) >> (8 - rest) == 0;
}
