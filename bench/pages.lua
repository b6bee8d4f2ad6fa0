-- wrk's side of the catalogue's load: requests from files in turn; every answer must be whole and have no errors.
-- Arguments: files that hold a whole HTTP request each.
local threads = {}
local requests = {}

function setup(thread) table.insert(threads, thread) end

function init(args)
  turn = 0
  wrong = 0
  sample = ""
  for i = 1, #args do
    local file = assert(io.open(args[i], "rb"))
    local text = file:read("*a")
    file:close()
    for request in text:gmatch("([^%z]+)") do table.insert(requests, request) end
  end
end

function request()
  turn = turn + 1
  return requests[turn % #requests + 1]
end

function response(status, headers, body)
  if status ~= 200 or body:find('"errors"', 1, true) or not body:find('"catalog"', 1, true) then
    wrong = wrong + 1
    if sample == "" then sample = status .. " " .. body:sub(1, 300) end
  end
end

function done(summary, latency, requests)
  local thread = threads[1]
  io.write(string.format("\n@@ %d %d %.0f %.0f %.0f %d\n", summary.requests, thread:get("wrong"),
    latency:percentile(50), latency:percentile(99), summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
  io.write("@@ " .. thread:get("sample"):gsub("\n", " ") .. "\n")
end
