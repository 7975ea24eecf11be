-- The same tables without our triggers.
ALTER TABLE synckit.documents DISABLE TRIGGER ALL;
ALTER TABLE synckit.deltas DISABLE TRIGGER ALL;
ALTER TABLE synckit.tombstones DISABLE TRIGGER ALL;
