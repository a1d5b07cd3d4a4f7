DROP TABLE team_applications;
