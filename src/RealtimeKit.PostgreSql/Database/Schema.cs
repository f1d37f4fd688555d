namespace RealtimeKit.PostgreSql.Database;

/// <summary>
/// The tables. There are no foreign keys: who writes locks the channel's row first, and checking a reference again for each
/// message would cost more than all that the rows themselves do.
/// </summary>
internal static class Schema
{
    public const string Version1 = """
        -- Every batch updates the rows of its channels: room in each page keeps these updates away from the indexes.
        CREATE TABLE channels(
            id bigint GENERATED ALWAYS AS IDENTITY,
            version bigint NOT NULL DEFAULT 0,
            sequence bigint NOT NULL DEFAULT 0,
            revision bigint NOT NULL DEFAULT 0,
            created bigint NOT NULL,
            changed bigint NOT NULL,
            kind smallint NOT NULL,
            name text COLLATE "C" NOT NULL,
            title text,
            pair text COLLATE "C",
            epoch text NOT NULL,
            recent bigint NOT NULL GENERATED ALWAYS AS (changed >> 8) STORED) WITH (fillfactor = 50);

        -- The order of every user's list, in steps of a quarter of a second: were it finer, every batch would write all indexes.
        CREATE INDEX channels_recent ON channels(recent);
        CREATE UNIQUE INDEX channels_pair ON channels(pair) WHERE pair IS NOT NULL;
        ALTER TABLE channels ADD UNIQUE(name), ADD PRIMARY KEY(id);

        -- Times are milliseconds. The digest has 16 bytes, and as a uuid it takes no more. Ids begin with their time (UUID
        -- version 7), so that new ones stand together in their index whatever their channel.
        CREATE TABLE messages(
            channel bigint NOT NULL,
            sequence bigint NOT NULL,
            version bigint NOT NULL,
            time bigint NOT NULL,
            id uuid NOT NULL,
            digest uuid NOT NULL,
            reply_to bigint,
            thread bigint,
            edited bigint,
            deleted bigint,
            sender text COLLATE "C" NOT NULL,
            id_text text,
            text text,
            data text,
            attachments text,
            mentions text,
            reactions text);

        CREATE INDEX messages_thread ON messages(channel, thread, sequence) WHERE thread IS NOT NULL;

        -- Keys last: while a table is empty all indexes look alike to the planner, which then takes the newest.
        CREATE UNIQUE INDEX messages_version ON messages(channel, version);
        ALTER TABLE messages ADD UNIQUE(id, channel), ADD PRIMARY KEY(channel, sequence);

        CREATE TABLE reactions(
            channel bigint NOT NULL,
            sequence bigint NOT NULL,
            position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            user_id text COLLATE "C" NOT NULL,
            reaction text COLLATE "C" NOT NULL);
        CREATE INDEX reactions_position ON reactions(channel, sequence, reaction, position);
        ALTER TABLE reactions ADD PRIMARY KEY(channel, sequence, user_id, reaction);

        -- Only what counts as a mention: by others, of messages not deleted.
        CREATE TABLE mentions(
            channel bigint NOT NULL,
            sequence bigint NOT NULL,
            user_id text COLLATE "C" NOT NULL,
            PRIMARY KEY(channel, user_id, sequence));

        -- For each block of 1,024 sequences: how many are deleted (kind 0, under the name ''), in how many a user is mentioned
        -- (kind 1), and how many a user posted that are not deleted (kind 2).
        CREATE TABLE tallies(
            channel bigint NOT NULL,
            block bigint NOT NULL,
            count bigint NOT NULL,
            kind smallint NOT NULL,
            user_id text COLLATE "C" NOT NULL,
            PRIMARY KEY(channel, kind, user_id, block)) WITH (fillfactor = 70);

        CREATE TABLE members(
            channel bigint NOT NULL,
            role smallint NOT NULL,
            user_id text COLLATE "C" NOT NULL,
            PRIMARY KEY(channel, user_id));
        CREATE INDEX members_user ON members(user_id, channel);

        CREATE TABLE marks(
            channel bigint NOT NULL,
            sequence bigint NOT NULL,
            user_id text COLLATE "C" NOT NULL,
            PRIMARY KEY(channel, user_id));

        -- Channels that are gone and whose rows are still being removed.
        CREATE TABLE discarded(channel bigint PRIMARY KEY);
        """;

    public const string Version2 = """
        -- Bans (kind 0) and mutes (kind 1). Who is banned is no member; who is muted may be one or not.
        CREATE TABLE sanctions(
            channel bigint NOT NULL,
            time bigint NOT NULL,
            until bigint,
            kind smallint NOT NULL,
            user_id text COLLATE "C" NOT NULL,
            by_user text COLLATE "C",
            reason text,
            PRIMARY KEY(channel, kind, user_id));

        ALTER TABLE channels
            ADD COLUMN slow_mode integer NOT NULL DEFAULT 0,
            ADD COLUMN closed boolean NOT NULL DEFAULT false,
            ADD COLUMN data text;

        -- Of a pinned message when and by whom. Nothing else has a row in the index.
        ALTER TABLE messages
            ADD COLUMN pinned bigint,
            ADD COLUMN pinned_by text COLLATE "C";
        CREATE INDEX messages_pinned ON messages(channel, sequence) WHERE pinned IS NOT NULL;

        -- What moderators and owners did.
        CREATE TABLE actions(
            channel bigint NOT NULL,
            position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            time bigint NOT NULL,
            sequence bigint,
            until bigint,
            role smallint,
            by_user text COLLATE "C" NOT NULL,
            change text NOT NULL,
            user_id text COLLATE "C",
            reason text,
            data text,
            PRIMARY KEY(channel, position));

        -- The directory of public channels: for each the empty prefix and each beginning of each word of its name. Keys order as the directory does.
        CREATE TABLE directory(
            channel bigint NOT NULL,
            prefix text COLLATE "C" NOT NULL,
            key bytea NOT NULL,
            PRIMARY KEY(prefix, key));
        CREATE INDEX directory_channel ON directory(channel);

        ALTER TABLE channels
            ADD COLUMN listed boolean NOT NULL DEFAULT false,
            ADD COLUMN members bigint NOT NULL DEFAULT 0;
        CREATE INDEX channels_unlisted ON channels(name) WHERE kind = 0 AND NOT listed;

        -- How many members a channel has. By triggers, so that it holds whatever changes members, nodes of the version before included.
        UPDATE channels c SET members = m.count FROM (SELECT channel, count(*) FROM members GROUP BY channel) m WHERE c.id = m.channel;
        CREATE FUNCTION count_added_members() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            UPDATE channels c SET members = members + a.count
            FROM (SELECT channel, count(*) FROM added GROUP BY channel) a WHERE c.id = a.channel;
            RETURN NULL;
        END $$;
        CREATE FUNCTION count_removed_members() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            UPDATE channels c SET members = members - r.count
            FROM (SELECT channel, count(*) FROM removed GROUP BY channel) r WHERE c.id = r.channel;
            RETURN NULL;
        END $$;
        CREATE TRIGGER members_added AFTER INSERT ON members REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION count_added_members();
        CREATE TRIGGER members_removed AFTER DELETE ON members REFERENCING OLD TABLE AS removed
            FOR EACH STATEMENT EXECUTE FUNCTION count_removed_members();

        CREATE TABLE blocks(
            user_id text COLLATE "C" NOT NULL,
            blocked text COLLATE "C" NOT NULL,
            PRIMARY KEY(user_id, blocked));

        -- How many messages of one sender mention a user (kind 3), for blocks: under both names, the user's first, with a line feed between.
        INSERT INTO tallies(channel, kind, user_id, block, count)
            SELECT m.channel, 3, m.user_id || chr(10) || s.sender, m.sequence >> 10, count(*)
            FROM mentions m JOIN messages s ON s.channel = m.channel AND s.sequence = m.sequence GROUP BY 1, 3, 4;

        -- Reported messages as they were then, with the first of those who reported them; all of these stand in reporters.
        CREATE TABLE reports(
            channel bigint NOT NULL,
            sequence bigint NOT NULL,
            time bigint NOT NULL,
            state smallint NOT NULL,
            reason text,
            reporters text NOT NULL,
            message text NOT NULL,
            PRIMARY KEY(channel, sequence));
        CREATE INDEX reports_time ON reports(channel, time, sequence);
        CREATE TABLE reporters(
            channel bigint NOT NULL,
            sequence bigint NOT NULL,
            user_id text COLLATE "C" NOT NULL,
            PRIMARY KEY(channel, sequence, user_id));

        -- When a user posted last, for posts in channels with slow mode.
        CREATE TABLE paces(
            channel bigint NOT NULL,
            time bigint NOT NULL,
            user_id text COLLATE "C" NOT NULL,
            PRIMARY KEY(channel, user_id));

        -- Uploads and files; their bytes are elsewhere. The message is the sequence of the one that has taken the file.
        CREATE TABLE files(
            channel bigint NOT NULL,
            size bigint NOT NULL,
            created bigint NOT NULL,
            message bigint,
            due bigint,
            state smallint NOT NULL,
            id text COLLATE "C" NOT NULL,
            owner text COLLATE "C" NOT NULL,
            name text NOT NULL,
            type text NOT NULL,
            PRIMARY KEY(id));
        CREATE INDEX files_channel ON files(channel, message);
        CREATE INDEX files_owner ON files(owner, created);
        CREATE INDEX files_due ON files(due) WHERE due IS NOT NULL;

        -- Up to which sequence a channel's messages are in the index for searches; those behind it are still to be indexed.
        ALTER TABLE channels ADD COLUMN searched bigint NOT NULL DEFAULT 0;

        -- The index has parts by time, so that no term has to be read as a whole. The part's number stands before each token.
        -- A part begins at the time `first`, and was made when the position was reached.
        CREATE TABLE search_parts(
            first bigint PRIMARY KEY,
            position bigint NOT NULL,
            part integer NOT NULL UNIQUE);
        INSERT INTO search_parts(first, position, part) VALUES(0, 0, 1);

        -- Tokens are made before, so that all stores find the same. A position tells messages of the same time apart.
        CREATE SEQUENCE search_positions;
        CREATE TABLE search(
            channel bigint NOT NULL,
            sequence bigint NOT NULL,
            time bigint NOT NULL,
            position bigint NOT NULL DEFAULT nextval('search_positions'),
            tokens tsvector NOT NULL,
            PRIMARY KEY(channel, sequence));

        -- A list of what is to be indexed later would be read by each search for each part.
        CREATE INDEX search_tokens ON search USING gin(tokens) WITH (fastupdate = off);

        -- Inboxes resume by the number of the transaction that wrote a row last. The indexes have steps of 1,024 transactions where rows are
        -- written often: were they finer, every write would write all indexes.
        CREATE TABLE inbox_epoch(epoch text NOT NULL);
        INSERT INTO inbox_epoch(epoch) VALUES(left(replace(gen_random_uuid()::text, '-', ''), 20));
        ALTER TABLE channels
            ADD COLUMN stamp bigint NOT NULL DEFAULT 0,
            ADD COLUMN era bigint NOT NULL GENERATED ALWAYS AS (stamp >> 10) STORED;
        ALTER TABLE marks
            ADD COLUMN stamp bigint NOT NULL DEFAULT 0,
            ADD COLUMN era bigint NOT NULL GENERATED ALWAYS AS (stamp >> 10) STORED;
        CREATE INDEX channels_era ON channels(era);
        CREATE INDEX marks_era ON marks(era);

        -- What members set for themselves: whom to notify of (0 all, 1 mentions, 2 nothing), and the sequence at which the channel was hidden.
        ALTER TABLE members
            ADD COLUMN stamp bigint NOT NULL DEFAULT 0,
            ADD COLUMN notify smallint NOT NULL DEFAULT 0,
            ADD COLUMN pinned boolean NOT NULL DEFAULT false,
            ADD COLUMN hidden bigint;
        CREATE INDEX members_stamp ON members(stamp);
        CREATE INDEX members_owners ON members(channel) WHERE role = 2;

        -- The channels that users are no longer in. Until the rows of a deleted channel are removed, its members stand for them.
        CREATE TABLE departures(
            stamp bigint NOT NULL,
            user_id text COLLATE "C" NOT NULL,
            name text COLLATE "C" NOT NULL,
            PRIMARY KEY(user_id, name));
        CREATE INDEX departures_stamp ON departures(stamp);
        ALTER TABLE discarded
            ADD COLUMN name text COLLATE "C",
            ADD COLUMN stamp bigint NOT NULL DEFAULT 0;

        -- Nodes of version 1 run on while they are replaced. What they do not know of the tables above, triggers do for them; sessions of this
        -- version say that they are. All fire after the row is written: one before it would lock the row for every node.
        CREATE FUNCTION stamp_channel() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            UPDATE channels SET stamp = txid_current() WHERE id = NEW.id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER channels_stamped AFTER UPDATE OF version ON channels FOR EACH ROW
            WHEN (current_setting('realtimekit.schema', true) IS DISTINCT FROM '2' AND OLD.version <> NEW.version) EXECUTE FUNCTION stamp_channel();

        CREATE FUNCTION stamp_member() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            UPDATE members SET stamp = txid_current() WHERE channel = NEW.channel AND user_id = NEW.user_id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER members_stamped AFTER INSERT OR UPDATE ON members FOR EACH ROW
            WHEN (current_setting('realtimekit.schema', true) IS DISTINCT FROM '2' AND pg_trigger_depth() = 0) EXECUTE FUNCTION stamp_member();

        CREATE FUNCTION stamp_mark() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            UPDATE marks SET stamp = txid_current() WHERE channel = NEW.channel AND user_id = NEW.user_id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER marks_stamped AFTER INSERT OR UPDATE ON marks FOR EACH ROW
            WHEN (current_setting('realtimekit.schema', true) IS DISTINCT FROM '2' AND pg_trigger_depth() = 0) EXECUTE FUNCTION stamp_mark();

        CREATE FUNCTION note_departure() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            INSERT INTO departures(user_id, name, stamp) SELECT OLD.user_id, name, txid_current() FROM channels WHERE id = OLD.channel
            ON CONFLICT (user_id, name) DO UPDATE SET stamp = excluded.stamp;
            RETURN NULL;
        END $$;
        CREATE TRIGGER members_departed AFTER DELETE ON members FOR EACH ROW
            WHEN (current_setting('realtimekit.schema', true) IS DISTINCT FROM '2') EXECUTE FUNCTION note_departure();

        CREATE FUNCTION note_departures() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            INSERT INTO departures(user_id, name, stamp) SELECT user_id, OLD.name, txid_current() FROM members WHERE channel = OLD.id ORDER BY user_id
            ON CONFLICT (user_id, name) DO UPDATE SET stamp = excluded.stamp;
            RETURN NULL;
        END $$;
        CREATE TRIGGER channels_departed AFTER DELETE ON channels FOR EACH ROW
            WHEN (current_setting('realtimekit.schema', true) IS DISTINCT FROM '2') EXECUTE FUNCTION note_departures();

        -- The message leaves the index, and the background begins again before it.
        CREATE FUNCTION index_again() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            DELETE FROM search WHERE channel = NEW.channel AND sequence = NEW.sequence;
            UPDATE channels SET searched = NEW.sequence - 1 WHERE id = NEW.channel AND searched >= NEW.sequence;
            RETURN NULL;
        END $$;
        CREATE TRIGGER messages_indexed AFTER UPDATE OF text ON messages FOR EACH ROW
            WHEN (current_setting('realtimekit.schema', true) IS DISTINCT FROM '2' AND OLD.text IS DISTINCT FROM NEW.text) EXECUTE FUNCTION index_again();

        CREATE FUNCTION unpin_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            UPDATE messages SET pinned = NULL, pinned_by = NULL WHERE channel = NEW.channel AND sequence = NEW.sequence;
            RETURN NULL;
        END $$;
        CREATE TRIGGER messages_unpinned AFTER UPDATE OF deleted ON messages FOR EACH ROW
            WHEN (NEW.deleted IS NOT NULL AND NEW.pinned IS NOT NULL) EXECUTE FUNCTION unpin_deleted();

        CREATE FUNCTION count_mention() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        DECLARE
            named mentions;
            change bigint := 1;
        BEGIN
            IF TG_OP = 'DELETE' THEN named := OLD; change := -1; ELSE named := NEW; END IF;
            INSERT INTO tallies(channel, kind, user_id, block, count)
                SELECT m.channel, 3, named.user_id || chr(10) || m.sender, m.sequence >> 10, change
                FROM messages m JOIN channels c ON c.id = m.channel WHERE m.channel = named.channel AND m.sequence = named.sequence
            ON CONFLICT (channel, kind, user_id, block) DO UPDATE SET count = tallies.count + excluded.count;
            RETURN NULL;
        END $$;
        CREATE TRIGGER mentions_counted AFTER INSERT OR DELETE ON mentions FOR EACH ROW
            WHEN (current_setting('realtimekit.schema', true) IS DISTINCT FROM '2') EXECUTE FUNCTION count_mention();
        """;
}
