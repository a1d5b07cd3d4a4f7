-- Tries to sign in, each time as somebody else from somewhere else. Says how many were hashed (422) and how many were told to wait.
-- Whoever was answered tries again two seconds later, as told. Without that, it would only
-- measure how fast wrk can be refused.
function delay()
  return asked > connections and math.random(1000, 3000) or 0
end

function request()
  asked = asked + 1
  local one, two, three = math.random(1, 250), math.random(1, 250), math.random(1, 250)
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  wrk.headers["Sec-Fetch-Site"] = "same-origin"
  wrk.headers["X-Forwarded-For"] = string.format("10.%d.%d.%d", one, two, three)
  return wrk.format("POST", "/login", nil, string.format("email=user%d%%40example.test&password=wrong+horse", math.random(1, 1e9)))
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  wrong, busy, others, asked, connections = 0, 0, 0, 0, tonumber(arguments[1])
end

function response(status)
  if status == 422 then wrong = wrong + 1 elseif status == 503 then busy = busy + 1 else others = others + 1 end
end

function done()
  for _, thread in ipairs(threads) do
    print(string.format("SIGN-INS %d wrong, %d busy, %d others", thread:get("wrong"), thread:get("busy"), thread:get("others")))
  end
end
