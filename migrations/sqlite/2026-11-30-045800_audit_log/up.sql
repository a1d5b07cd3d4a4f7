-- What the audit log is sorted and filtered by stands in the event itself, so that each filter has an index that also
-- gives the order (at, seq): a page costs the same at any number of events. Names are compared without the case of ASCII
-- letters, which is the same on both engines.
ALTER TABLE audit_events ADD COLUMN at TIMESTAMP NOT NULL DEFAULT '1970-01-01 00:00:00';
ALTER TABLE audit_events ADD COLUMN actor_id TEXT;
ALTER TABLE audit_events ADD COLUMN actor_name TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_events ADD COLUMN address TEXT;
UPDATE audit_events SET at = c.at, actor_id = c.actor_id, actor_name = c.actor_name, address = c.address
    FROM audit_changes c WHERE c.id = audit_events.change_id;
CREATE UNIQUE INDEX audit_events_by_id ON audit_events (id);
CREATE INDEX audit_events_by_time ON audit_events (at, seq);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, at, seq) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_events_by_actor_name ON audit_events (lower(substr(actor_name, 1, 80)), at, seq);
CREATE INDEX audit_events_by_target_time ON audit_events (target_id, at, seq) WHERE target_id IS NOT NULL;
CREATE INDEX audit_events_by_target_name ON audit_events (lower(substr(target_name, 1, 80)), at, seq);
CREATE INDEX audit_events_by_object ON audit_events (object_id, at, seq) WHERE object_id IS NOT NULL;
CREATE INDEX audit_events_by_object_name ON audit_events (lower(substr(object_name, 1, 80)), at, seq) WHERE object_name IS NOT NULL;
CREATE INDEX audit_events_by_type ON audit_events (type, at, seq);
CREATE INDEX audit_events_by_address ON audit_events (address, at, seq) WHERE address IS NOT NULL;
-- For retention, which takes away changes that are empty.
CREATE INDEX revisions_by_change ON revisions (change_id);
