DROP TABLE selection_accounts;
DROP TABLE selections;
