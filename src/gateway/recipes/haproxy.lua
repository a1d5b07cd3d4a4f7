-- /etc/haproxy/muster.lua: asks Muster about a call. Anything but a clear yes is a no.
local names = { "muster-account", "muster-account-name", "muster-account-type", "muster-roles", "muster-teams",
                "muster-permissions", "muster-token", "muster-access", "muster-token-expires" }

core.register_action("muster", { "http-req" }, function(txn, url)
    txn:set_var("txn.muster_status", 503)
    local given = txn.http:req_get_headers()
    local headers = { ["x-forwarded-for"] = { txn.f:src() } }
    headers["x-original-method"] = { txn.f:method() } %%method,forged-method
    -- All of them: Muster refuses a call with two
    if given["authorization"] then
        headers["authorization"] = {}
        for at = 0, #given["authorization"] do
            table.insert(headers["authorization"], given["authorization"][at])
        end
    end
    if given["user-agent"] then headers["user-agent"] = { given["user-agent"][0] } end
    local answer = core.httpclient():get { url = url, headers = headers, timeout = 2000 }
    if not answer or not answer.status then return end
    txn:set_var("txn.muster_status", answer.status)
    local function told(name)
        local values = answer.headers and answer.headers[name]
        return values and values[0] or ""
    end
    txn:set_var("txn.muster_challenge", told("www-authenticate"))
    txn:set_var("txn.muster_retry", told("retry-after"))
    for _, name in ipairs(names) do
        txn.http:req_set_header(name, told(name)) %%identity
    end
end, 1)
