DROP TABLE setup_codes;
DROP TABLE sign_in_failures;
DROP TABLE api_tokens;
DROP TABLE account_sessions;
DROP TABLE account_passwords;
DROP TABLE account_grants;
DROP TABLE accounts;
