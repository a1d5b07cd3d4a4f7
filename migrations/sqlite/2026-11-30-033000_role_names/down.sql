UPDATE roles SET name = 'Guest', name_key = 'guest' WHERE id = 'd6938de2-e37c-11eb-b80e-3f68328092ca';
UPDATE roles SET name = 'Viewer', name_key = 'viewer' WHERE id = '9fa50562-a42b-4771-aa8e-4bb3d623ae60';
DELETE FROM role_permissions WHERE role_id = 'd6938de2-e37c-11eb-b80e-3f68328092ca'
    AND permission IN ('team:read:*', 'user:read:*');
