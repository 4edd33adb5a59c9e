/* SPDX-License-Identifier: MIT */
#include "visit/client.h"

#include "base/network.h"

uint64_t client_whose(const struct visit *visit)
{
	struct network around[NETWORK_AROUND_MAX];
	size_t count = network_around(visit->request.client, around);
	uint64_t whose = 1;

	if (count == 0)
		return whose;
	whose = around[count - 1].six ? 2 : 3;
	for (size_t i = 0; i < around[count - 1].prefix / 8U; i++)
		whose = whose << 8 | around[count - 1].address[i];
	return whose;
}
