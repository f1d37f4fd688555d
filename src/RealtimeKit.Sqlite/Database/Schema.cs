namespace RealtimeKit.Sqlite.Database;

/// <summary>
/// The tables. Messages are clustered by <see cref="MessageKey"/>, so that a channel's history lies together and the log
/// needs no index by sequence; every index more costs each message a page write.
/// </summary>
internal static class Schema
{
    public const string Version1 = """
        -- A number is never used again: rows of a deleted channel may still be there, to be removed.
        CREATE TABLE channels(
            id INTEGER PRIMARY KEY AUTOINCREMENT CHECK(id < 134217728),
            name TEXT NOT NULL UNIQUE,
            title TEXT,
            kind INTEGER NOT NULL,
            pair TEXT UNIQUE,
            epoch TEXT NOT NULL,
            version INTEGER NOT NULL DEFAULT 0,
            sequence INTEGER NOT NULL DEFAULT 0,
            revision INTEGER NOT NULL DEFAULT 0,
            created INTEGER NOT NULL,
            changed INTEGER NOT NULL);

        -- The order of every user's list: whoever belongs to many channels finds the first of them among the first of all.
        CREATE INDEX channels_changed ON channels(changed DESC, name);

        -- Deleted channels of which rows are left in other tables.
        CREATE TABLE discarded(channel INTEGER PRIMARY KEY);

        -- Ids begin with their time (UUID version 7), so that new ones stand together in their index whatever their channel.
        -- key, change and thread are channel * 2^36 + the sequence, the version and the root's sequence; times are milliseconds.
        -- What may be long stands last, so that what stands before it is read without it.
        CREATE TABLE messages(
            key INTEGER PRIMARY KEY,
            change INTEGER NOT NULL,
            channel INTEGER NOT NULL,
            id BLOB NOT NULL,
            id_text TEXT,
            sender TEXT NOT NULL,
            time INTEGER NOT NULL,
            reply_to INTEGER,
            thread INTEGER,
            edited INTEGER,
            deleted INTEGER,
            digest BLOB NOT NULL,
            text TEXT,
            data TEXT,
            attachments TEXT,
            mentions TEXT,
            UNIQUE(id, channel));
        CREATE UNIQUE INDEX messages_change ON messages(change);
        CREATE INDEX messages_thread ON messages(thread) WHERE thread IS NOT NULL;

        CREATE TABLE reactions(
            position INTEGER PRIMARY KEY,
            message INTEGER NOT NULL REFERENCES messages(key),
            user TEXT NOT NULL,
            reaction TEXT NOT NULL,
            UNIQUE(message, user, reaction));
        CREATE INDEX reactions_position ON reactions(message, reaction, position);

        -- Beside the messages, because a row is written as a whole: a reaction must not write a long message again.
        CREATE TABLE summaries(
            message INTEGER PRIMARY KEY,
            reactions TEXT NOT NULL);

        -- Only what counts as a mention: by others, of messages not deleted.
        CREATE TABLE mentions(
            channel INTEGER NOT NULL,
            user TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            PRIMARY KEY(channel, user, sequence)) WITHOUT ROWID;

        -- For each block of 1,024 sequences: how many messages a user posted that are not deleted, and how many mention the user.
        -- The row of the user '' has how many are deleted, whoever posted them, as posted.
        CREATE TABLE tallies(
            channel INTEGER NOT NULL,
            user TEXT NOT NULL,
            block INTEGER NOT NULL,
            posted INTEGER NOT NULL,
            mentioned INTEGER NOT NULL,
            PRIMARY KEY(channel, user, block)) WITHOUT ROWID;

        CREATE TABLE members(
            channel INTEGER NOT NULL,
            user TEXT NOT NULL,
            role INTEGER NOT NULL,
            PRIMARY KEY(channel, user)) WITHOUT ROWID;
        CREATE INDEX members_user ON members(user, channel);

        CREATE TABLE marks(
            channel INTEGER NOT NULL,
            user TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            PRIMARY KEY(channel, user)) WITHOUT ROWID;
        """;

    public const string Version2 = """
        -- Bans (kind 0) and mutes (kind 1). Who is banned is no member; who is muted may be one or not.
        CREATE TABLE sanctions(
            channel INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            user TEXT NOT NULL,
            time INTEGER NOT NULL,
            until INTEGER,
            by TEXT,
            reason TEXT,
            PRIMARY KEY(channel, kind, user)) WITHOUT ROWID;

        ALTER TABLE channels ADD COLUMN slow_mode INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE channels ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE channels ADD COLUMN data TEXT;

        -- Of a pinned message when and by whom. Nothing else has a row in the index.
        ALTER TABLE messages ADD COLUMN pinned INTEGER;
        ALTER TABLE messages ADD COLUMN pinned_by TEXT;
        CREATE INDEX messages_pinned ON messages(key) WHERE pinned IS NOT NULL;

        -- What moderators and owners did. Positions rise over all channels.
        CREATE TABLE actions(
            position INTEGER PRIMARY KEY,
            channel INTEGER NOT NULL,
            time INTEGER NOT NULL,
            by TEXT NOT NULL,
            change TEXT NOT NULL,
            user TEXT,
            sequence INTEGER,
            role INTEGER,
            until INTEGER,
            reason TEXT,
            data TEXT);
        CREATE INDEX actions_channel ON actions(channel, position);

        -- The directory of public channels: for each the empty prefix and each beginning of each word of its name. Keys order as the directory does.
        CREATE TABLE directory(
            prefix TEXT NOT NULL,
            key BLOB NOT NULL,
            channel INTEGER NOT NULL,
            PRIMARY KEY(prefix, key)) WITHOUT ROWID;
        CREATE INDEX directory_channel ON directory(channel);
        ALTER TABLE channels ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX channels_unlisted ON channels(id) WHERE kind = 0 AND listed = 0;

        -- How many members a channel has. By triggers, so that it holds whatever changes members.
        ALTER TABLE channels ADD COLUMN members INTEGER NOT NULL DEFAULT 0;
        UPDATE channels SET members = (SELECT count(*) FROM members WHERE channel = channels.id);
        CREATE TRIGGER members_added AFTER INSERT ON members BEGIN
            UPDATE channels SET members = members + 1 WHERE id = NEW.channel;
        END;
        CREATE TRIGGER members_removed AFTER DELETE ON members BEGIN
            UPDATE channels SET members = members - 1 WHERE id = OLD.channel;
        END;

        CREATE TABLE blocks(
            user TEXT NOT NULL,
            blocked TEXT NOT NULL,
            PRIMARY KEY(user, blocked)) WITHOUT ROWID;

        -- How many messages of one sender mention a user, for blocks: under both names, the user's first, with a line feed between.
        INSERT INTO tallies(channel, user, block, posted, mentioned)
            SELECT m.channel, m.user || char(10) || s.sender, m.sequence >> 10, 0, count(*)
            FROM mentions m JOIN messages s ON s.key = m.channel * 68719476736 + m.sequence GROUP BY 1, 2, 3;

        -- Reported messages as they were then, with the first of those who reported them; all of these stand in reporters.
        CREATE TABLE reports(
            channel INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            time INTEGER NOT NULL,
            state INTEGER NOT NULL,
            reason TEXT,
            reporters TEXT NOT NULL,
            message TEXT NOT NULL,
            PRIMARY KEY(channel, sequence));
        CREATE INDEX reports_time ON reports(channel, time, sequence);
        CREATE TABLE reporters(
            channel INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            user TEXT NOT NULL,
            PRIMARY KEY(channel, sequence, user)) WITHOUT ROWID;

        -- When a user posted last, for posts in channels with slow mode.
        CREATE TABLE paces(
            channel INTEGER NOT NULL,
            user TEXT NOT NULL,
            time INTEGER NOT NULL,
            PRIMARY KEY(channel, user)) WITHOUT ROWID;

        -- Uploads and files; their bytes are elsewhere. The message is the sequence of the one that has taken the file.
        CREATE TABLE files(
            id TEXT PRIMARY KEY,
            channel INTEGER NOT NULL,
            owner TEXT NOT NULL,
            name TEXT NOT NULL,
            type TEXT NOT NULL,
            size INTEGER NOT NULL,
            created INTEGER NOT NULL,
            state INTEGER NOT NULL,
            message INTEGER,
            due INTEGER) WITHOUT ROWID;
        CREATE INDEX files_channel ON files(channel, message);
        CREATE INDEX files_owner ON files(owner, created, size);
        CREATE INDEX files_due ON files(due) WHERE due IS NOT NULL;

        -- Up to which sequence a channel's messages are in the index for searches; those behind it are still to be indexed.
        ALTER TABLE channels ADD COLUMN searched INTEGER NOT NULL DEFAULT 0;

        -- The kind of a deleted channel, of which what is indexed is still to be removed.
        ALTER TABLE discarded ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;

        -- The index has parts by time, so that no term has to be read as a whole. The part's number stands before each token.
        CREATE TABLE search_parts(
            first INTEGER PRIMARY KEY,
            part INTEGER NOT NULL);
        INSERT INTO search_parts(first, part) VALUES(0, 1);

        -- The place of each indexed message in the order of time: milliseconds * 2^20, and a number among those of the same one.
        CREATE TABLE search_messages(
            position INTEGER PRIMARY KEY,
            message INTEGER NOT NULL);

        -- Which tokens a position has. With detail=none, secure-delete takes out too much (SQLite 3.53.3). The tokens are made
        -- before, so that all stores find the same: the tokenizer has only to part them.
        CREATE VIRTUAL TABLE search USING fts5(tokens, content='', columnsize=0, detail=column, tokenize='ascii');

        -- What is deleted leaves the file, as it does elsewhere.
        INSERT INTO search(search, rank) VALUES('secure-delete', 1);

        -- The order of the writes that inboxes resume by, and what each changed last. An era is a stamp >> 10.
        CREATE TABLE clock(epoch TEXT NOT NULL, stamp INTEGER NOT NULL);
        INSERT INTO clock(epoch, stamp) VALUES(lower(hex(randomblob(10))), 0);
        ALTER TABLE channels ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE channels ADD COLUMN era INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE members ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE marks ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX channels_era ON channels(era);
        CREATE INDEX members_stamp ON members(stamp);
        CREATE INDEX members_owners ON members(channel) WHERE role = 2;
        CREATE INDEX marks_stamp ON marks(stamp);

        -- What members set for themselves: whom to notify of (0 all, 1 mentions, 2 nothing), and the sequence at which the channel was hidden.
        ALTER TABLE members ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE members ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE members ADD COLUMN hidden INTEGER;

        -- The channels that users are no longer in. Until the rows of a deleted channel are removed, its members stand for them.
        CREATE TABLE departures(
            user TEXT NOT NULL,
            name TEXT NOT NULL,
            stamp INTEGER NOT NULL,
            PRIMARY KEY(user, name)) WITHOUT ROWID;
        CREATE INDEX departures_stamp ON departures(stamp);
        ALTER TABLE discarded ADD COLUMN name TEXT;
        ALTER TABLE discarded ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;
        """;
}
