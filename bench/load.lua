-- wrk's side of the load: every request has a number of its own, every answer's status and length are checked.
-- Arguments: first number, length of a right answer, one or more files that hold a whole HTTP request each.
local threads = {}
local parts = {}

function setup(thread) table.insert(threads, thread) end

function init(args)
  number = tonumber(args[1])
  right_length = tonumber(args[2])
  right, wrong = 0, 0
  sample = ""
  for i = 3, #args do
    local file = assert(io.open(args[i], "rb"))
    local text = file:read("*a")
    file:close()
    local from, to = text:find("0000000", 1, true)
    table.insert(parts, {text:sub(1, from - 1), text:sub(to + 1)})
  end
end

function request()
  number = number + 1
  local part = parts[number % #parts + 1]
  return part[1] .. number .. part[2]
end

function response(status, headers, body)
  if status == 200 and #body == right_length then
    right = right + 1
  else
    wrong = wrong + 1
    if sample == "" then sample = status .. " " .. body:sub(1, 300) end
  end
end

function done(summary, latency, requests)
  local thread = threads[1]
  io.write(string.format(
    "\n@@ %d %d %d %.0f %.0f %d %d\n", summary.requests, thread:get("right"), thread:get("wrong"),
    latency:percentile(50), latency:percentile(99), summary.errors.connect + summary.errors.read + summary.errors.write,
    summary.errors.timeout))
  io.write("@@ " .. thread:get("sample"):gsub("\n", " ") .. "\n")
end
