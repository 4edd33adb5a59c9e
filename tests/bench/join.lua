-- SPDX-License-Identifier: MIT
-- For wrk: every request is another join, since a request token is good once. From the environment:
--   BENCH_TARGET       the request's target, up to where the token goes
--   BENCH_COOKIE_FILE  what to send as Cookie; empty: nothing
--   BENCH_STATUS       the answer that is right; every other one is an error
--   BENCH_PAUSE        milliseconds, on average, that a client pauses before a request; 0: no pause

local status = tonumber(os.getenv("BENCH_STATUS"))
local pause = tonumber(os.getenv("BENCH_PAUSE"))
local threads = {}

local function read(name)
	if name == "" then
		return ""
	end
	local file = assert(io.open(name))
	local text = file:read("*l")
	file:close()
	return text
end

function setup(thread)
	thread:set("id", #threads)
	table.insert(threads, thread)
end

function init()
	local cookie = read(os.getenv("BENCH_COOKIE_FILE"))
	-- Unlike every earlier run of this bench, whose tokens the pool remembers.
	local run = string.format("%08x-%04d", os.time(), math.floor(os.clock() * 1e6) % 10000)
	math.randomseed(os.time())
	head = "GET " .. os.getenv("BENCH_TARGET") .. "dedf1722-661f-4004-9aaf-d3e56c498859-" .. run .. "-" .. id .. "-"
	tail = " HTTP/1.1\r\nHost: external.example.org\r\n"
	if cookie ~= "" then
		tail = tail .. "Cookie: " .. cookie .. "\r\n"
	end
	tail = tail .. "\r\n"
	sent = 0
	wrong = 0
	wrong_status = 0 -- of the last wrong answer
end

function request()
	sent = sent + 1
	return head .. sent .. tail
end

function response(code)
	if code ~= status then
		wrong = wrong + 1
		wrong_status = code
	end
end

if pause > 0 then
	function delay()
		return math.random(0, 2 * pause)
	end
end

function done(summary, latency)
	local errors = summary.errors
	local wrong_answers, wrong_status = 0, 0
	for _, thread in ipairs(threads) do
		wrong_answers = wrong_answers + thread:get("wrong")
		wrong_status = math.max(wrong_status, thread:get("wrong_status"))
	end
	io.write(string.format("RESULT requests=%d rate=%.0f wrong=%d wrong_status=%d broken=%d p50_us=%d p99_us=%d\n", summary.requests,
		(summary.requests - wrong_answers) * 1e6 / summary.duration, wrong_answers, wrong_status,
		errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
