-- Since December 2025 the predefined Viewer is called Read-Only, and Guest is called Viewer. The UUIDs stay. A custom role
-- that has one of the names keeps it. What a locked role may do is brought up to date at every start.
UPDATE roles SET name = 'Read-Only', name_key = 'read-only' WHERE id = '9fa50562-a42b-4771-aa8e-4bb3d623ae60'
    AND NOT EXISTS (SELECT 1 FROM roles r WHERE r.name_key = 'read-only' AND r.id <> roles.id);
UPDATE roles SET name = 'Read-Only (predefined)', name_key = 'read-only (predefined)'
    WHERE id = '9fa50562-a42b-4771-aa8e-4bb3d623ae60' AND name_key <> 'read-only';
UPDATE roles SET name = 'Viewer', name_key = 'viewer' WHERE id = 'd6938de2-e37c-11eb-b80e-3f68328092ca'
    AND NOT EXISTS (SELECT 1 FROM roles r WHERE r.name_key = 'viewer' AND r.id <> roles.id);
UPDATE roles SET name = 'Viewer (predefined)', name_key = 'viewer (predefined)'
    WHERE id = 'd6938de2-e37c-11eb-b80e-3f68328092ca' AND name_key <> 'viewer';

-- Descriptions that nobody has changed.
UPDATE roles SET description = 'Reads everything, changes nothing, and may have read-only tokens.'
    WHERE id = '9fa50562-a42b-4771-aa8e-4bb3d623ae60' AND description = 'Reads contract data and changes nothing.';
UPDATE roles SET description = 'Reads contract data, teams and users. Can''t have API tokens.'
    WHERE id = 'd6938de2-e37c-11eb-b80e-3f68328092ca'
    AND description = 'Reads contract data, and sees neither people nor accounts.';
UPDATE roles SET description = 'For CI/CD pipelines: publish and verify contracts, record deployments.'
    WHERE id = 'c1878b8e-d09e-11ea-8fde-af02c4677eb7'
    AND description = 'The default role of a system account: publish, verify, record.';
UPDATE roles SET description = 'Manages the teams they are an administrator of.'
    WHERE id = 'd635f960-88f2-4f13-8043-4641a02dffa0'
    AND description = 'Manages the teams that the account is administrator of, and follows from that.';
