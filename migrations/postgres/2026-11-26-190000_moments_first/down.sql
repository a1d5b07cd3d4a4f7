-- The order of the columns stays: an older version works with it.
ALTER INDEX accounts_search RESET (gin_pending_list_limit);
