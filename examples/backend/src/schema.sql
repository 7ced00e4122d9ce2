-- Times are milliseconds since 1970, amounts of money are cents (分).

-- Who logged in by WeChat. The openid stays here: others see the number.
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    openid TEXT NOT NULL UNIQUE,
    since INTEGER NOT NULL
) STRICT;

CREATE TABLE lots (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    best INTEGER NOT NULL, -- before the first bid, what it may cost at most
    bids INTEGER NOT NULL DEFAULT 0,
    end_at INTEGER NOT NULL
) STRICT;

CREATE TABLE bids (
    lot INTEGER NOT NULL REFERENCES lots,
    number INTEGER NOT NULL,
    price INTEGER NOT NULL,
    supplier TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (lot, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    serial TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    keeper TEXT, -- who alone may watch and control it; everybody if there is none
    key_hash BLOB NOT NULL, -- SHA-256
    running INTEGER NOT NULL DEFAULT 0,
    pressure REAL NOT NULL DEFAULT 0,
    commands INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
    serial TEXT NOT NULL REFERENCES devices,
    number INTEGER NOT NULL,
    turn TEXT NOT NULL,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued',
    ended INTEGER,
    reason TEXT,
    PRIMARY KEY (serial, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX commands_under_way ON commands (serial, number) WHERE ended IS NULL;

-- What the codes on the boxes stand for.
CREATE TABLE goods (
    code TEXT PRIMARY KEY,
    title TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    head TEXT NOT NULL,
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    at INTEGER NOT NULL,
    assignee TEXT,
    finished INTEGER
) STRICT;
CREATE INDEX tasks_of_head ON tasks (head, id);
CREATE INDEX tasks_to_do ON tasks (head) WHERE finished IS NULL;

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    at INTEGER NOT NULL,
    accepted_by TEXT,
    accepted INTEGER
) STRICT;

-- What came of requests that may come again.
CREATE TABLE outcomes (
    user TEXT NOT NULL,
    method TEXT NOT NULL,
    key TEXT NOT NULL,
    request BLOB NOT NULL, -- SHA-256
    answer TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user, method, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX outcomes_by_age ON outcomes (at);

-- What is still to be published, written together with what it tells of.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))), -- the gateway publishes each key once
    channel TEXT NOT NULL,
    data TEXT NOT NULL,
    refusal TEXT -- why the gateway will never take it
) STRICT;
CREATE INDEX outbox_waiting ON outbox (id) WHERE refusal IS NULL;
CREATE INDEX outbox_refused ON outbox (id) WHERE refusal IS NOT NULL;
