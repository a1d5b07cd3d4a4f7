-- Takes and gives the roles of system accounts in turn. Arguments after "--": token, file of UUIDs, the role's UUID.
local requests, at = {}, 0

function init(args)
  local token, file, role = args[1], args[2], args[3]
  local headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
  for _, roles in ipairs({ '{"roles":[]}', '{"roles":["' .. role .. '"]}' }) do
    for uuid in io.lines(file) do
      requests[#requests + 1] = wrk.format("PUT", "/admin/users/" .. uuid .. "/roles", headers, roles)
    end
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
