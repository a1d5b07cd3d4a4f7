-- Asks the check with tokens picked at random from a file. Arguments after "--": path, file, kind (good, unknown, malformed).
local requests = {}

-- Requests that wrk has at hand, however few tokens there are: what it costs wrk to find one is then the same.
local ENOUGH = 200000

-- "Authorization" with other letters in capitals for each number: other bytes, and the same header.
local function name(number)
  return (("Authorization"):gsub("%a", function(letter)
    local capital = number % 2 == 1
    number = math.floor(number / 2)
    return capital and letter:upper() or letter:lower()
  end))
end

function init(args)
  local path, file, kind = args[1], args[2], args[3]
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
  local tokens = {}
  for token in io.lines(file) do
    tokens[#tokens + 1] = kind == "malformed" and token:sub(1, 66) .. "!" or token
  end
  for round = 1, math.ceil(ENOUGH / math.max(#tokens, 1)) do
    for _, token in ipairs(tokens) do
      requests[#requests + 1] = wrk.format("GET", path, { [name(round)] = "Bearer " .. token })
    end
  end
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency)
  io.write(string.format("RESULT %.0f %.0f %.0f %d %d\n", summary.requests / summary.duration * 1e6, latency:percentile(50),
    latency:percentile(99), summary.errors.status, summary.requests))
end
