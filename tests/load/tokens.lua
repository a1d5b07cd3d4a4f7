-- Asks the check with tokens picked at random from a file. Arguments after "--": path, file, kind (good, unknown, malformed).
local requests = {}

function init(args)
  local path, file, kind = args[1], args[2], args[3]
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
  for token in io.lines(file) do
    if kind == "malformed" then token = token:sub(1, 66) .. "!" end
    requests[#requests + 1] = wrk.format("GET", path, { ["Authorization"] = "Bearer " .. token })
  end
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency)
  io.write(string.format("RESULT %.0f %.0f %.0f %d\n", summary.requests / summary.duration * 1e6, latency:percentile(50),
    latency:percentile(99), summary.errors.status))
end
