\set user random(1, 2000)
SELECT id FROM synckit.sessions WHERE user_id = 'user' || (:user)::text ORDER BY connected_at DESC, id;
