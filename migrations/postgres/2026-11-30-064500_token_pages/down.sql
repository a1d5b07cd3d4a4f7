DROP TABLE selection_tokens;
DROP TABLE token_values;
DROP INDEX tokens_to_fold;
DROP INDEX tokens_by_creation;
ALTER TABLE tokens DROP COLUMN name_key;
