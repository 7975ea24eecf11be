SELECT id, version FROM synckit.documents ORDER BY updated_at DESC, id LIMIT 100;
