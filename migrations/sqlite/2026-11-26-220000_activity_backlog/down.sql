DROP TABLE activity_backlog;
