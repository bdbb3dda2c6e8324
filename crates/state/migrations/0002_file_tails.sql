-- What is behind the checksums inside a file (its page index and footer): how long it is, and its own checksum (the 64
-- bits of an XXH3 as a signed number). Files that an earlier program wrote have none.
ALTER TABLE event_files ADD COLUMN tail_bytes INTEGER;
ALTER TABLE event_files ADD COLUMN tail_sum INTEGER;
