DROP TABLE wanted_permissions;
